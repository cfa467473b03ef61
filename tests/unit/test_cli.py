"""The command line's front: which command, which stream, which exit status."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from refimpl.cli import main
from refimpl.version import VERSION


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


def test_version_loads_next_to_nothing() -> None:
    code = "import sys; from refimpl.cli import main; main(['version', '--short']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {"yaml", "cryptography", "http.client", "json", "logging", "dataclasses", "dulwich", "refimpl.validate"}
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


def test_what_isnt_supported_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "image", "--vsa"]) == 1
    assert capsys.readouterr().err == "Error: --vsa is not supported yet\n"


def test_negative_workers_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "image", "--workers=-1", "--images", "{}"]) == 1
    assert capsys.readouterr().err == 'Error: invalid argument "-1" for "--workers" flag: must not be negative\n'
