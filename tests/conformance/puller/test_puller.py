"""Tools that fetch images in a validator's place: one that is right, and some that are wrong in one way each.

A whole run of the right one takes minutes (docs/pullers.md); here each point has a scenario or two.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_EXAMPLE = Path(__file__).with_name("example_puller.py")
_RIGHT = (
    *("cache-01.1", "cache-02.1", "cache-02.3", "cache-04.1", "cache-05.3", "cache-07.5", "cache-08.4", "cache-09.1"),
    *(
        "cache-09.16",
        "cache-10.20",
        "cache-11.1",
        "cache-12.1",
        "cache-13.1",
        "cache-14.4",
        "cache-14.13",
        "cache-20.3",
    ),
    *("cache-21.1", "cache-23.14", "cache-24.6", "cache-29.1", "cache-30.7", "cache-30.15"),
)
_FOUND_BY = {
    "shares-unsafely": "cache-02.2",
    "believes-entries": "cache-10.20",
    "truncates": "cache-07.1",
    "ignores-digest": "cache-09.1",
    "keyed-by-claim": "cache-12.1",
    "leaves-temporaries": "cache-14.4",
    "remembers-failures": "cache-08.1",
    "swallows-errors": "cache-23.14",
}


def _run(folder: Path, template: str, *options: str) -> dict[str, Any]:
    report = folder / "report.json"
    command = [sys.executable, "-m", "ec_acceptance.conformance", "run", "--registry", "embedded"]
    command += ["--artifacts", str(folder / "artifacts"), "--report", str(report), "--puller", template, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert report.exists(), f"{done.stdout}\n{done.stderr}"
    document: dict[str, Any] = json.loads(report.read_bytes())
    return document


def _template(wrong: str = "") -> str:
    words = [sys.executable, str(_EXAMPLE), *(["--wrong", wrong] if wrong else []), "--cache"]
    return f"{shlex.join(words)} {{cache}} {{ref}} {{destination}}"


def _statuses(document: dict[str, Any]) -> dict[str, str]:
    return {max(one["tags"], key=len): one["status"] for one in document["results"]}


def test_a_right_tool_is_found_right(tmp_path: Path) -> None:
    only = [word for name in _RIGHT for word in ("--only", name)]
    document = _run(tmp_path, _template(), *only)
    assert "--one-by-one" not in document["validator"]
    assert _statuses(document) == dict.fromkeys(_RIGHT, "passed"), [
        (one["tags"], one["message"]) for one in document["results"] if one["status"] != "passed"
    ]


@pytest.mark.parametrize(("wrong", "scenario"), _FOUND_BY.items())
def test_a_wrong_tool_is_found_out(tmp_path: Path, wrong: str, scenario: str) -> None:
    document = _run(tmp_path, _template(wrong), "--only", scenario)
    assert _statuses(document) in ({scenario: "failed"}, {scenario: "wrong-reason"})
    assert document["exit"] == "not-conformant"


def test_what_cannot_be_asked_is_not_applicable_and_never_passed(tmp_path: Path) -> None:
    document = _run(tmp_path, _template(), "--only", "happy-01", "--only", "cache-16", "--only", "cache-03")
    assert set(_statuses(document).values()) == {"not-applicable"}
    assert document["exit"] == "incomplete"
    messages = {one["message"] for one in document["results"]}
    assert "the harness understands EC_CACHE, not the tool" in messages
    assert all(messages)


def test_a_tool_without_a_cache_is_held_to_less(tmp_path: Path) -> None:
    template = shlex.join([sys.executable, str(_EXAMPLE)]) + " {ref} {destination}"
    document = _run(tmp_path, template, "--only", "cache-11", "--only", "cache-09.12")
    assert " --one-by-one " in document["validator"]
    statuses = _statuses(document)
    assert statuses.pop("cache-09.12") == "passed"
    assert set(statuses.values()) == {"not-applicable"}


def test_a_template_in_an_adapter_is_the_same(tmp_path: Path) -> None:
    adapter = tmp_path / "own.toml"
    adapter.write_text(f"puller = {json.dumps(_template())}\nclaims = ['C0']\n")
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "ec_acceptance.conformance", "run", "--registry", "embedded", "--adapter"]
    command += [str(adapter), "--report", str(report), "--only", "cache-09.12", "--only", "cache-11.1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path)
    assert report.exists(), done.stdout
    assert _statuses(json.loads(report.read_bytes())) == {"cache-09.12": "passed", "cache-11.1": "not-applicable"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--puller", "no-such-tool {ref} {destination}"], "--puller: there is no program 'no-such-tool'"),
        (["--puller", "python3 {image}"], "--puller: there is no placeholder {image}"),
        (["--puller", "python3 '"], '--puller: the template "python3 \'" cannot be read'),
        (["--puller", "python3 {ref} {destination}", "--", "ec-ref"], "--puller names what is tested"),
        (["--adapter", "crane", "--", "ec-ref"], "leave out --validator and --"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, options: list[str], said: str) -> None:
    for name in ("crane", "python3"):
        (tmp_path / name).symlink_to(sys.executable)
    done = subprocess.run(
        [sys.executable, "-m", "ec_acceptance.conformance", "run", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.returncode == 2
    [line] = done.stdout.splitlines()
    assert line.startswith("Error: ")
    assert said in line
