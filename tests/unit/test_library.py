"""The reference validator as a library: what docs/library.md says, tried out."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stages import Stage

import ec_acceptance
import refimpl
from refimpl import Verdict, validate_image
from refimpl.errors import ComponentError, Error, InternalError, TimeoutExceededError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCUMENT = Path(__file__).parents[2] / "docs" / "library.md"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        yield made


def _validate(stage: Stage, images: Any, **named: Any) -> Verdict:
    given: dict[str, Any] = {
        "policy": {"sources": [{"policy": [f"file::{stage.folder / 'policy'}"]}]},
        "public_key": stage.folder / "key.pub",
        "ignore_rekor": True,
        "environ": stage.environ,
    }
    return validate_image(images, **(given | named))


def test_a_verdict_is_a_value(stage: Stage) -> None:
    verdict = _validate(stage, {"fine": stage.image("image/a"), "denied": stage.image("image/b")})
    assert not verdict.success
    assert {one.name: one.success for one in verdict.components} == {"fine": True, "denied": False}
    denied = next(one for one in verdict.components if one.name == "denied")
    [violation] = denied.violations
    assert (violation.code, violation.msg, violation.term) == ("main.rule", "denied", "")
    assert violation.metadata["title"] == "The rule"
    assert denied.image.startswith(f"{stage.gate.address}/image/b@sha256:")
    assert {one.code for one in denied.successes} >= {"builtin.image.signature_check"}
    assert datetime.fromisoformat(verdict.effective_time) <= datetime.now(UTC)
    assert verdict.policy["publicKey"] == (stage.folder / "key.pub").as_posix()
    assert json.loads(json.dumps(verdict.policy)) == verdict.policy
    with pytest.raises(FrozenInstanceError):
        verdict.success = True  # type: ignore[misc]  # that is what is tried


@pytest.mark.parametrize("form", [lambda one: one, lambda one: [one], lambda one: {"Unnamed": one}])
def test_images_in_all_forms(stage: Stage, form: Any) -> None:
    verdict = _validate(stage, form(stage.image("image/a")))
    assert verdict.success
    assert [one.name for one in verdict.components] == ["Unnamed"]


def test_metadata_is_plain_json(stage: Stage) -> None:
    rule = 'warn contains {"code": "main.x", "msg": "x", "half": 0.5, "deep": [1e400, {"a": 12345678901234567890}]}'
    (stage.folder / "policy" / "more.rego").write_text(f"package main\n{rule}\n")
    [component] = _validate(stage, stage.image("image/a")).components
    [warning] = component.warnings
    assert warning.metadata["half"] == 0.5
    assert type(warning.metadata["half"]) is float


def test_what_keeps_a_verdict_from_being_reached_is_raised(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ComponentError, match="could not parse reference"):
        _validate(stage, "a b")
    with pytest.raises(UsageError, match="workers"):
        _validate(stage, "a", workers=-1)
    with pytest.raises(UsageError, match="time zone"):
        _validate(stage, "a", effective_time=datetime(2024, 1, 1))  # noqa: DTZ001 - that is what is tried
    with pytest.raises(TimeoutExceededError):
        _validate(stage, stage.image("image/a"), timeout=1e-9)

    def fail(*_: object) -> None:
        raise KeyError("nobody expected this")

    monkeypatch.setattr("refimpl.commands.validate_image.set_up", fail)
    with pytest.raises(InternalError):
        _validate(stage, "a")
    assert not list(stage.folder.glob("ec-work-*"))


def test_times_may_be_given_as_such(stage: Stage) -> None:
    moment = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
    verdict = _validate(stage, stage.image("image/a"), effective_time=moment, allow_past_effective_time=True)
    assert verdict.effective_time == "2024-02-03T04:05:06Z"


def _state() -> tuple[object, ...]:
    streams = [
        (stream, getattr(stream, "encoding", ""), getattr(stream, "errors", "")) for stream in (sys.stdout, sys.stderr)
    ]
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    return gc.get_threshold(), streams, handlers, sys.excepthook, threading.excepthook, Path.cwd(), dict(os.environ)


def test_nothing_of_the_process_is_changed_and_nothing_printed(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    before, others = _state(), threading.enumerate()
    image = stage.image("image/a")
    for _ in range(2):
        assert _validate(stage, [image, f"{stage.gate.address}/not/there:v1"]).success is False
    assert _state() == before
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert not list(stage.folder.glob("ec-work-*"))
    # The registry of this test has threads, too, as many as there were connections.
    names = ("component", "rego", "inputs")
    ours = [one for one in threading.enumerate() if one not in others and one.name.startswith(names)]
    for thread in ours:
        thread.join(60)
    assert [thread.name for thread in ours if thread.is_alive()] == []


def test_the_log_goes_where_the_program_says(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "refimpl"):
        _validate(stage, f"{stage.gate.address}/not/there:v1")
    assert "Encountered error while checking for Image Index" in caplog.text


def test_several_threads_may_call_it_at_once(stage: Stage) -> None:
    images = [stage.image(f"image/{number}") for number in range(4)]
    names = ["fine", "denied", "fine", "denied"]
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda name, image: _validate(stage, {name: image}), names, images))
    assert [verdict.success for verdict in verdicts] == [True, False, True, False]


def test_the_example_of_the_documentation_runs(stage: Stage) -> None:
    [example] = re.findall(r"```python\n(.*?)```", _DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    stage.image("team/app", tag="v1")
    stage.image("team/base", tag="v1")
    (stage.folder / "policy").rename(stage.folder / "rules")
    (stage.folder / "key.pub").rename(stage.folder / "cosign.pub")
    run = subprocess.run(
        [sys.executable, "-c", example.replace("registry.example", stage.gate.address)],
        cwd=stage.folder,
        env={**os.environ, **stage.environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = run.stdout.splitlines()
    assert re.fullmatch(r"fit to ship at \d{4}-\d\d-\d\dT[\d:.]+Z", lines[0])
    assert [(line.split()[0], line.split()[-1]) for line in lines[1:]] == [("base", "passes"), ("app", "passes")]
    assert run.stderr == ""


def test_both_packages_tell_their_version() -> None:
    assert refimpl.__version__ == ec_acceptance.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", refimpl.__version__)


def unmeasured() -> dict[str, str]:
    """The environment without what has coverage measure a child, which loads modules of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys; import refimpl; print(*sys.modules)"
    command = [sys.executable, "-I", "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, env=unmeasured()).stdout
    assert {"logging", "json", "dataclasses", "refimpl.library"}.isdisjoint(loaded.split())


def test_an_unknown_name_of_the_package_is_an_error() -> None:
    with pytest.raises(AttributeError, match="'refimpl' has no attribute 'nothing'"):
        _ = refimpl.nothing  # type: ignore[attr-defined]  # that is what is tried
    assert issubclass(InternalError, Error)
