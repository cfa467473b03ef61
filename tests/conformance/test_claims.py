"""Validators that claim more than they do, or less; and what a run with an adapter comes to. With few scenarios."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from ec_acceptance.conformance.cli import main

_ID = re.compile(r"[a-z]+-\d+")
_EC_REF = Path(sysconfig.get_path("scripts")) / "ec-ref"
_FORGETFUL = f"""#!{sys.executable}
import subprocess, sys
words = [word for before, word in zip(sys.argv, sys.argv[1:])
         if not word.startswith("--vsa") and before != "--vsa-signing-key"]
sys.exit(subprocess.run([{str(_EC_REF)!r}, *words]).returncode)
"""
_OTHER = f"""#!{sys.executable}
import os, subprocess, sys
if sys.argv[1] == "--version":
    sys.exit(print("other 1.0"))
assert sys.argv[1] == "check" and "--ignore-rekor" not in sys.argv and os.environ["MODE"] == "strict", sys.argv
words = [{{"--key": "--public-key"}}.get(word, word) for word in sys.argv[2:]]
sys.exit(subprocess.run([{str(_EC_REF)!r}, "validate", "image", "--ignore-rekor", *words]).returncode)
"""
_CONTAINER = """#!/bin/sh
# Stands for `docker run`: the folder is seen under another path, and only the variables that are named get in.
mkdir -p "$1"; mount --bind "$2" "$1"; shift 2
exec "$@"
"""


def _program(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def _run(folder: Path, *words: str) -> tuple[int, dict[str, str], str]:
    """The exit status, the status of each scenario by its id, and what was said."""
    report = folder / "report.json"
    given = ["--registry", "embedded", "--report", str(report), "--artifacts", str(folder / "artifacts"), *words]
    command = [sys.executable, "-m", "ec_acceptance.conformance", *given]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert report.exists(), answer.stdout + answer.stderr
    document = json.loads(report.read_text(encoding="utf-8"))
    found = {next(tag for tag in one["tags"] if _ID.fullmatch(tag)): one["status"] for one in document["results"]}
    return answer.returncode, found, answer.stdout


def test_who_claims_too_much_fails(tmp_path: Path) -> None:
    validator = _program(tmp_path / "forgetful", _FORGETFUL)
    given = ["--only", "vsa-01", "--only", "refusal-01", "--validator", validator]
    assert _run(tmp_path, *given)[:2] == (1, {"vsa-01": "failed", "refusal-01": "not-applicable"})


def test_who_claims_less_must_refuse_the_rest(tmp_path: Path) -> None:
    validator = _program(tmp_path / "forgetful", _FORGETFUL)
    given = ["--only", "vsa-01", "--only", "refusal-01", "--claims", "core"]
    status, found, said = _run(tmp_path, *given, "--validator", validator)
    assert (status, found) == (1, {"vsa-01": "not-applicable", "refusal-01": "failed"})
    assert "it takes what it doesn't claim: claim it, or refuse it" in said
    refusing = _program(tmp_path / "refusing", '#!/bin/sh\necho "Error: unknown flag: --vsa" >&2; exit 1\n')
    status, found, _ = _run(tmp_path, *given, "--accept-partial", "--validator", refusing)
    assert (status, found) == (0, {"vsa-01": "not-applicable", "refusal-01": "passed"})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("kill -9 $$", "a crash is no refusal"),
        ('echo "panic: nil" >&2; exit 2', "a crash is no refusal"),
        ("exit 1", "it refuses without a word of why"),
        ("echo '{}'; echo no >&2; exit 1", "it refuses, and prints a report all the same"),
        ("sleep 3213", "it neither refuses nor ends"),
    ],
)
def test_a_refusal_is_a_word_and_a_status(tmp_path: Path, body: str, said: str) -> None:
    validator = _program(tmp_path / "odd", f'#!/bin/sh\n[ "$1" = validate ] || exit 1\n{body}\n')
    given = ("--only", "refusal-01", "--claims", "core", "--timeout", "2", "--validator", validator)
    status, _, told = _run(tmp_path, *given)
    assert status == 1
    assert said in told


def test_a_validator_with_a_command_line_of_its_own(tmp_path: Path) -> None:
    adapter = tmp_path / "other.toml"
    adapter.write_text(
        f"""
        command = ["{_program(tmp_path / "other", _OTHER)}"]
        claims = ["core"]
        [environment]
        MODE = "strict"
        [commands]
        "validate image" = ["check"]
        "version --short" = ["--version"]
        [flags]
        drop = ["--ignore-rekor"]
        [flags.rename]
        "--public-key" = "--key"
        """
    )
    status, found, said = _run(tmp_path, "--only", "component-01", "--adapter", str(adapter), "--accept-partial")
    assert (status, found) == (0, {"component-01": "passed"}), said
    assert "(other 1.0)" in said


@pytest.mark.skipif(sys.platform != "linux", reason="mounts of its own are Linux's")
def test_a_validator_that_sees_the_folder_elsewhere(tmp_path: Path) -> None:
    inside, there = _program(tmp_path / "run", _CONTAINER), tmp_path / "there"
    adapter = tmp_path / "boxed.toml"
    adapter.write_text(
        f"""
        command = ["unshare", "--mount", "{inside}", "{there}", "{{folder}}", "{_EC_REF}"]
        [paths]
        "{{folder}}" = "{there}"
        """
    )
    selected = ("--only", "input-14", "--only", "happy-01", "--only", "policy-02", "--accept-partial")
    status, found, said = _run(tmp_path, *selected, "--adapter", str(adapter))
    assert status == 0, said
    assert set(found.values()) == {"passed"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--adapter", "none"], "Error: --adapter none: there is no such file, and no such adapter"),
        (["--claims", "C9"], "Error: --claims: 'C9' is no profile: there are core, policy"),
        (["--claims", ""], "Error: --claims: nothing is claimed"),
        (["--only", "happy-99"], "Error: --only happy-99: no scenario has this id"),
    ],
)
def test_what_isnt_there_is_a_usage_error(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().out


def test_a_dry_run_says_what_would_run_and_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    validator = _program(tmp_path / "never", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    given = ["--only", "happy-02", "--dry-run", "--seed", "7", "--validator", validator]
    assert main(given) == 0
    first = capsys.readouterr().out.splitlines()
    assert main(given) == 0
    assert capsys.readouterr().out.splitlines() == first
    assert sum(line.startswith("@happy-02") for line in first) == 5
    assert "order: --seed 7" in first
    assert not (tmp_path / "ran").exists()
    assert main([*given[:3], "--seed", "8", *given[5:]]) == 0
    other = capsys.readouterr().out.splitlines()
    assert sorted(other[3:]) == sorted(first[3:])
    assert other[3:] != first[3:]
