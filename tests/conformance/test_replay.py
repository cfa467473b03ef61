"""Bundles of failed scenarios, and what runs them again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.conformance.cli import main
from ec_acceptance.testbed.repro.archive import Blobs, read_bundle, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).parents[2]
# Each has servers, faults or files of its own kind.
_SCENARIOS = (
    "happy-01",  # a git repository, the log
    "cache-02.1",  # a layer that is held, and released by a step
    "cache-11.1",  # a layer that isn't what it says
    "keyless-01",  # a mirror of TUF, certificates
    "access-01",  # a Docker configuration
)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A validator that does all that ec-ref does, but for its exit status."""
    program = tmp_path_factory.mktemp("wrong") / "validator"
    program.write_text(f'#!/bin/sh\n{sys.executable} -m refimpl "$@"\nexit $(( $? ^ 2 ))\n', encoding="utf-8")
    program.chmod(0o755)
    return program


@pytest.fixture(scope="module")
def artifacts(wrong: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What failed scenarios left."""
    folder = tmp_path_factory.mktemp("artifacts")
    tags = ",".join(f"@{name}" for name in _SCENARIOS)
    command = [sys.executable, "-m", "ec_acceptance.conformance", "--registry", "embedded", "--tags", tags]
    command += ["--artifacts", str(folder), "--jobs", "2", "--", str(wrong)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("scenario", _SCENARIOS)
def test_a_bundle_gives_the_same_again(
    artifacts: Path, wrong: Path, scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    [bundle] = artifacts.glob(f"{scenario}*/repro.tar.gz")  # a row of an outline has its line in the folder's name
    status = main(["replay", str(bundle), "--", str(wrong)])
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "it is the same", said
    assert status == 0
    assert "requests are the same: 0 then" not in said


def test_another_validator_differs(artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(artifacts / "happy-01" / "repro.tar.gz"), "--", sys.executable, "-m", "refimpl"]) == 1
    said = capsys.readouterr().out
    assert "then 2, now 0" in said
    assert "standard output is the same" in said
    assert said.splitlines()[-1] == "it differs"


def test_a_validator_with_other_flags_is_led_by_its_adapter(
    artifacts: Path, renamed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What ran then was wrong in its exit status alone, so all else is the same by way of the adapter."""
    bundle = str(artifacts / "happy-01" / "repro.tar.gz")
    assert main(["replay", "--adapter", str(renamed), bundle]) == 1
    said = capsys.readouterr().out
    assert f"validator now: {renamed.parent / 'renamed'}" in said
    assert "then 2, now 0" in said
    assert "standard output is the same" in said
    assert "requests are the same" in said
    program = str(renamed.parent / "renamed")
    assert main(["replay", bundle, "--", program]) == 1, "without the adapter it doesn't understand a word"
    assert "check: no such command" in capsys.readouterr().out
    assert main(["replay", "--adapter", str(renamed), bundle, "--", "/no/such"]) == 2
    assert "no program '/no/such'" in capsys.readouterr().out
    assert main(["replay", "--adapter", "no-such", bundle]) == 2
    assert "--adapter no-such: there is no such file" in capsys.readouterr().out


def test_what_waits_for_a_hold_that_nobody_let_go_is_ended_early(
    artifacts: Path, wrong: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a bundle of a scenario that failed before its validator asked for what was to be held."""

    def forget_release(document: dict[str, Any]) -> None:
        for rule in document["groups"][0]["servers"]["registry"]["rules"]:
            rule["released"] = False

    monkeypatch.setattr("ec_acceptance.conformance.replay._QUIET", 1.0)
    bundle = _change(artifacts / "cache-02.1" / "repro.tar.gz", tmp_path / "held.tar.gz", forget_release)
    assert main(["replay", "--timeout", "600", str(bundle), "--", str(wrong)]) == 1
    assert "ended early: it waits for GET blob acceptance/bundle-" in capsys.readouterr().out


def test_a_bundle_holds_what_is_needed_to_look_for_the_cause(artifacts: Path) -> None:
    document = read_bundle(artifacts / "cache-02.1" / "repro.tar.gz").document.value
    [run] = document["groups"][0]["runs"]
    assert document["scenario"]["id"] == "cache-02.1"
    assert "exit status" in document["scenario"]["message"]
    assert run["arguments"][:2] == ["validate", "image"]
    assert run["environment"]["HOME"].endswith("/cache-02.1/home")
    assert document["groups"][0]["servers"]["registry"]["rules"], "the gate's rules"
    assert any(one["path"].endswith("known.pub") for one in document["groups"][0]["before"]), "keys"
    [folder, *_] = document["groups"][0]["after"]
    assert folder["path"].endswith("/.cache/ec/images"), "the cache directory after it"
    assert document["validator"]["version"]
    assert document["left_out"] == []


def _change(bundle: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    read = read_bundle(bundle)
    document = json.loads(json.dumps(read.document.value))
    change(document)
    write_bundle(target, document, Blobs(dict(read.contents)))
    return target


def _run(document: dict[str, Any]) -> dict[str, Any]:
    run: dict[str, Any] = document["groups"][0]["runs"][0]
    return run


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: _run(d)["arguments"].append("--output=json=/home/x/.bashrc"), "leads out of the bundle's folder"),
        (lambda d: d.update(groups=[]), "groups has no runs"),
        (lambda d: d["groups"][0].update(runs=[]), "groups[0] has no runs"),
        (lambda d: _run(d)["arguments"].append("text=../../../x"), "leads out of the bundle's folder"),
        (lambda d: _run(d)["arguments"].append('{"policy": ["file::/etc"]}'), "leads out of the bundle's folder"),
        (lambda d: _run(d)["arguments"].append("file:///etc/passwd"), "leads out of the bundle's folder"),
        (lambda d: _run(d)["environment"].update(HOME="/root"), "leads out of the bundle's folder"),
        (lambda d: _run(d)["environment"].update(LD_PRELOAD="x.so"), "only --trust sets this variable"),
        (lambda d: _run(d)["environment"].update(PATH="work"), "only --trust sets this variable"),
        (lambda d: _run(d).update(sandbox=["sh", "-c", "touch x"]), "which only --trust runs"),
        (lambda d: _run(d).update(arguments=["a\0b"]), "has a NUL in it"),
        (lambda d: _run(d).update(started=1e99), "is no number of seconds"),
        (lambda d: d.update(folder="/"), "folder is no path"),
        (lambda d: d.update(folder="/a/../b"), "folder is no path"),
        (lambda d: d.update(root="../x"), "root is no name of a folder"),
        (lambda d: d.update(groups=3), "groups is not an array"),
        (lambda d: d["groups"][0]["servers"]["registry"].update(port=22), "is no port from 1024 to 65535"),
        (lambda d: d["groups"][0]["servers"]["rekor"].update(key="x"), "its servers can't be as they were"),
        (lambda d: d["groups"][0]["servers"]["registry"].update(guard={"scheme": "Open"}), "there is no such one"),
        (lambda d: d["groups"][0]["before"].append({"path": "../x", "kind": "folder", "mode": 0}), "no path in"),
    ],
)
def test_a_hostile_bundle_is_one_line(
    artifacts: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Any]], None],
    words: str,
) -> None:
    path = _change(artifacts / "happy-01" / "repro.tar.gz", tmp_path / "hostile", change)
    assert main(["replay", str(path), "--", sys.executable, "-c", "0"]) == 2
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith(f"Error: {path}: "), said
    assert words in said


def test_a_bundle_chooses_no_program(artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touched, program = tmp_path / "touched", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {touched}\n", encoding="utf-8")
    program.chmod(0o755)

    def change(document: dict[str, Any]) -> None:
        document["validator"]["command"] = [str(program)]

    path = _change(artifacts / "happy-01" / "repro.tar.gz", tmp_path / "hostile", change)
    assert main(["replay", str(path)]) == 2
    assert f"replay {path} -- {program}" in capsys.readouterr().out
    assert not touched.exists()
    assert main(["replay", "--trust", str(path)]) == 1
    assert touched.exists()


def test_no_bundle_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().out == (
        f"Error: {tmp_path / 'none'}: no archive that can be read: No such file or directory\n"
    )
