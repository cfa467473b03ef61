"""The command line's front: which command, which stream, which exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from refimpl import __version__
from refimpl.cli import main
from refimpl.command_line.version import VERSION
from refimpl.errors import InternalError


class _Panic(BaseException):
    """As libraries that are written in Rust raise."""


def test_version_is_one_unmistakable_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version", "--short"]) == 0
    assert capsys.readouterr().out == VERSION
    assert VERSION.endswith("-ec-ref")


def test_version_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["Version"] == VERSION
    assert set(document) == {"Version", "Commit", "ChangedOn", "Components"}
    assert all(set(component) == {"Name", "Version"} for component in document["Components"])


def unmeasured() -> dict[str, str]:
    """The environment without what has coverage measure a child, which loads modules of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def test_version_loads_next_to_nothing() -> None:
    code = "import sys; from refimpl.cli import main; main(['version', '--short']); print(*sys.modules)"
    command = [sys.executable, "-I", "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, env=unmeasured()).stdout
    heavy = {
        "yaml",
        "cryptography",
        "http.client",
        "json",
        "logging",
        "dataclasses",
        "dulwich",
        "refimpl.commands.validate_image",
    }
    assert heavy.isdisjoint(loaded.split())


@pytest.mark.parametrize("words", [[], ["validate"], ["validate", "image", "--help"], ["version", "-h"], ["--help"]])
def test_help_goes_to_standard_output(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "Usage:\n  ec-ref" in out
    assert "Traceback" not in out


def test_an_unknown_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "image", "--bogus"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    message, log = captured.err.splitlines()
    assert message == "Error: unknown flag: --bogus"
    assert 'level=fatal msg="error executing command: unknown flag: --bogus"' in log


def test_an_unknown_command_has_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bogus"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ['Error: unknown command "bogus" for "ec-ref"', "Run 'ec-ref --help' for usage."]


@pytest.mark.parametrize("command", ["image", "input"])
def test_negative_workers_are_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", command, "--workers=-1"]) == 1
    message, log = capsys.readouterr().err.splitlines()
    assert message == 'Error: invalid argument "-1" for "--workers" flag: must not be negative'
    assert r'level=fatal msg="error executing command: invalid argument \"-1\" for ' in log


@pytest.mark.parametrize("words", [["--version"], ["-v"], ["--debug", "--version"]])
def test_the_version_as_a_flag(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out == f"ec-ref version {VERSION}\n"


@pytest.mark.parametrize("words", [["validate", "image", "x"], ["inspect", "policy", "x"], ["version", "x"]])
def test_words_that_no_flag_takes_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    message, log = capsys.readouterr().err.splitlines()
    command = " ".join(words[:-1])
    assert message == f'Error: unknown command "x" for "ec-ref {command}"'
    assert "level=fatal" in log


def test_a_command_that_is_nearly_right_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "imag", "--image", "x"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    wanted = (
        'Error: unknown command "imag" for "ec-ref validate"\n\nDid you mean this?\n\timage\n\n'
        "Run 'ec-ref validate --help' for usage.\n"
    )
    assert captured.err.startswith(wanted)


@pytest.mark.parametrize("fault", [KeyError("x\x1b[31m\n"), MemoryError(), RecursionError("deep"), _Panic("of Rust")])
def test_what_nobody_expected_is_one_line(
    fault: BaseException, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> str:
        raise fault

    monkeypatch.setattr("refimpl.command_line.version.render", fail)
    assert main(["version"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    [line] = captured.err.splitlines()
    assert line.startswith(f"Error: internal error: {type(fault).__name__}")
    assert "\x1b" not in line
    assert "(refimpl.cli:" in line
    assert __version__ in line


def test_no_secret_stands_in_what_nobody_expected() -> None:
    failure = InternalError.of(ValueError("https://me:secret@host/x and Bearer abc.def and Basic c2VjcmV0"))
    assert "https://me:***@host/x and Bearer *** and Basic ***" in str(failure)


def test_an_interrupt_has_the_status_that_shells_give(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(**_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("refimpl.command_line.version.render", interrupt)
    assert main(["version"]) == 130
    assert capsys.readouterr().err == "Error: interrupted\n"
