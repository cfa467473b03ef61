"""The harness as a program: what it says of a tool that does this or that, and what it leaves behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.fixtures.images import Image, Layer, publish
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILES = {
    "manifests/own.json": b"{}",
    "manifests/shared-first.json": b"{}",
    "manifests/shared-last.yaml": b"of: file\n",
}
_MODULE = (sys.executable, "-m", "ec_acceptance.conformance.puller")
_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends a child with its parent only on Linux")


@pytest.fixture(name="snapshot", scope="module")
def _snapshot() -> Iterator[str]:
    registry = EmbeddedRegistry()
    publish(Image.of([Layer.of(_FILES)]), Repository.at(registry.url, "own/image"))
    image = f"{registry.url.removeprefix('http://')}/own/image:latest"
    yield json.dumps({"components": [{"name": name, "containerImage": image} for name in ("b", "a")]})
    registry.close()


def _start(folder: Path, script: str, snapshot: str, *options: str, **environment: str) -> subprocess.Popen[str]:
    """Start the harness with a shell script as the tool; `$1` is the image, `$2` the destination, `$3` the cache."""
    first = [word for word in options if word == "--one-by-one"]
    options = options[len(first) :]
    template = (
        f"sh -c {shlex.quote(script.replace('{', '{{').replace('}', '}}'))} tool {{ref}} {{destination}} {{cache}}"
    )
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [*_MODULE, *first, template, "validate", "image", "--json-input", snapshot, *options],
        env={**os.environ, "TMPDIR": str(folder / "tmp"), "XDG_CACHE_HOME": str(folder / "cache"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run(folder: Path, script: str, snapshot: str, *options: str, **environment: str) -> tuple[int, Any, str]:
    process = _start(folder, script, snapshot, *options, **environment)
    out, err = process.communicate(timeout=60)
    assert not os.listdir(folder / "tmp"), "it left something"  # noqa: PTH208 - names are shown
    return process.returncode, json.loads(out) if out else None, err


def test_a_tool_that_fails_is_quoted(tmp_path: Path, snapshot: str) -> None:
    status, report, err = _run(tmp_path, "echo no such layer >&2; exit 3", snapshot)
    assert (status, report["success"]) == (1, False)
    assert [line.partition(" [")[0] for line in err.splitlines()] == [
        'level=error msg="b: no such layer',
        'level=error msg="a: no such layer',
    ]
    assert [one["name"] for one in report["components"]] == ["a", "b"], "in the order of names"
    [violation] = report["components"][0]["violations"]
    assert violation["metadata"]["code"] == "puller.failed"
    assert violation["msg"].startswith("no such layer [")
    assert "did not arrive: sha256:" in violation["msg"]


def test_a_tool_that_says_nothing_is_named(tmp_path: Path, snapshot: str) -> None:
    _, report, _ = _run(tmp_path, "exit 3", snapshot)
    assert report["components"][0]["violations"][0]["msg"].startswith("sh ended with status 3 and said nothing [")


def test_a_tool_that_is_wrong_to_be_content_did_not_fail_for_a_cause(tmp_path: Path, snapshot: str) -> None:
    status, report, _ = _run(tmp_path, 'mkdir "$2"; echo x >"$2/other"', snapshot)
    [violation] = report["components"][0]["violations"]
    assert (status, violation["metadata"]["code"]) == (1, "manifests.arrived")
    assert violation["msg"].startswith("sh says that all is well, and these did not arrive: sha256:")
    assert violation["msg"].endswith("; what else is there: other")


def test_only_the_end_of_what_a_tool_says_is_kept(tmp_path: Path, snapshot: str) -> None:
    _, report, _ = _run(tmp_path, "yes | head -c 1000000 >&2; echo why >&2; exit 1", snapshot)
    said = report["components"][0]["violations"][0]["msg"]
    assert "\nwhy [" in said
    assert len(said) < 6000


def test_what_is_no_text_is_escaped(tmp_path: Path, snapshot: str) -> None:
    _, report, _ = _run(tmp_path, "printf '\\377\\033[31m' >&2; exit 1", snapshot)
    assert report["components"][0]["violations"][0]["msg"].startswith("\\xff\x1b[31m [")


def test_a_warning_that_several_processes_give_is_logged_once(tmp_path: Path, snapshot: str) -> None:
    _, _, err = _run(tmp_path, "echo 'WARN: no cache' >&2; exit 1", snapshot)
    assert [line for line in err.splitlines() if "level=warning" in line] == ['level=warning msg="WARN: no cache"']


def test_all_images_share_the_directory_of_the_users_cache(tmp_path: Path, snapshot: str) -> None:
    _run(tmp_path, 'mkdir -p "$3"; touch "$3/$$"', snapshot)
    assert len(list((tmp_path / "cache" / "ec" / "images").iterdir())) == 2


@pytest.mark.parametrize("options", [[], ["--one-by-one"]])
def test_processes_meet_unless_they_run_one_by_one(tmp_path: Path, snapshot: str, options: list[str]) -> None:
    met = 'test $(ls "$3" | wc -l) -eq 2'
    wait = f"for n in 1 2 3 4 5 6 7 8 9 10; do {met} && echo met >&2 && break; sleep 0.2; done"
    _, report, _ = _run(
        tmp_path, f'mkdir -p "$3"; touch "$3/$$"; {wait}; sleep 0.5; rm "$3/$$"; exit 1', snapshot, *options
    )
    said = [one["violations"][0]["msg"].startswith("met") for one in report["components"]]
    assert said == [not options] * 2


@pytest.mark.parametrize("environment", [{"EC_CACHE": "false"}, {"XDG_CACHE_HOME": "relative"}])
def test_without_a_cache_each_image_gets_an_empty_directory(
    tmp_path: Path, snapshot: str, environment: dict[str, str]
) -> None:
    _, report, _ = _run(tmp_path, 'echo "at $3" >&2; test ! -e "$3" || echo there >&2; exit 1', snapshot, **environment)
    said = {one["violations"][0]["msg"].partition(" [")[0] for one in report["components"]}
    assert len(said) == 2
    assert not any("there" in one or str(tmp_path / "cache") in one for one in said)


def test_the_time_out_ends_the_tool(tmp_path: Path, snapshot: str) -> None:
    status, report, _ = _run(tmp_path, "sleep 100", snapshot, "--timeout", "300ms")
    assert status == 1
    assert "sh was ended by the time-out." in report["components"][1]["violations"][0]["msg"]


def test_an_image_that_is_not_there_is_the_harness_s_to_say(tmp_path: Path, snapshot: str) -> None:
    status, report, _ = _run(tmp_path, "exit 1", snapshot.replace("latest", "none"))
    [violation] = report["components"][0]["violations"]
    assert (status, violation["metadata"]["code"]) == (1, "puller.registry")
    assert "answers with status 404" in violation["msg"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"components": [1]}', "[" * 100_000])
def test_a_snapshot_that_is_none_is_one_line(tmp_path: Path, text: str) -> None:
    status, report, err = _run(tmp_path, "exit 1", text)
    assert (status, report) == (1, None)
    assert err.startswith("Error: --json-input is no snapshot")
    assert err.count("\n") == 1


def _wait_for(path: Path) -> int:
    until = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until, f"there is no {path}"
        time.sleep(0.02)
    return int(path.read_text())


def _runs(number: int) -> bool:
    """Whether it does anything: one that the process of the tests has adopted may only wait to be waited for."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # there is no /proc, or it has just gone
        return sys.platform != "linux"


def _gone(number: int) -> bool:
    until = time.monotonic() + 30
    while _runs(number) and time.monotonic() < until:
        time.sleep(0.02)
    return not _runs(number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_nothing_stays(tmp_path: Path, snapshot: str, number: signal.Signals) -> None:
    script = f"trap 'touch {tmp_path}/told; exit 1' TERM; echo $$ >{tmp_path}/pid; sleep 100 & wait"
    process = _start(tmp_path, script, snapshot)
    tool = _wait_for(tmp_path / "pid")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err == f"Error: ended by {number.name}\n"
    assert (tmp_path / "told").exists()
    assert _gone(tool)
    assert list((tmp_path / "tmp").iterdir()) == []


@_LINUX
def test_a_tool_dies_with_the_harness(tmp_path: Path, snapshot: str) -> None:
    process = _start(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 100", snapshot)
    tool = _wait_for(tmp_path / "pid")
    process.kill()
    process.communicate(timeout=60)
    assert _gone(tool)


@pytest.mark.parametrize(
    ("body", "version"),
    [
        ('[ "$1" = --version ] && echo "tool version 1.2"', "tool version 1.2"),
        ('[ "$1" = version ] && printf "Version:   1.3.6\\nGo: 1.25\\n"', "tool 1.3.6"),
        ("echo 1.2; exit 1", "tool"),
        ("echo usage", "tool"),
        ("exec sleep 3219", "tool"),
        ("printf '1\\033[31m'", "tool"),
    ],
)
def test_its_version_is_the_tools_name_and_version(tmp_path: Path, body: str, version: str) -> None:
    (tmp_path / "tool").write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    (tmp_path / "tool").chmod(0o755)
    template = f"{tmp_path}/tool {{ref}} {{destination}}"
    said = subprocess.run([*_MODULE, template, "version", "--short"], capture_output=True, check=True)
    assert said.stdout.decode() == f"{version}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sh {ref}", "version"], "Error: the template lacks {destination}"),
        (["no-such-tool {ref} {destination}", "version"], "Error: there is no program 'no-such-tool'"),
        (["sh {ref} {destination}", "validate", "image"], "the following arguments are required: --json-input"),
        (["sh {ref} {destination}", "validate", "image", "--json-input", "x", "--timeout", "soon"], "is no duration"),
        (["sh {ref} {destination}", "inspect"], "invalid choice: 'inspect'"),
    ],
)
def test_what_it_cannot_understand_is_no_verdict(words: list[str], said: str) -> None:
    done = subprocess.run([*_MODULE, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
