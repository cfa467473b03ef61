"""The runner as a command: over the suite itself, with few scenarios."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ec_acceptance.conformance.cli import main
from ec_acceptance.conformance.suite import Suite

_ROOT = Path(__file__).parents[2]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ec_acceptance.conformance", "--registry", "embedded", *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)


def test_a_conformant_validator(tmp_path: Path) -> None:
    report, junit = tmp_path / "r.json", tmp_path / "r.xml"
    answer = _run("--tags", "@happy-02", "--jobs", "3", "--report", str(report), "--junit", str(junit))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "5 scenarios passed, 0 failed, 0 broken" in answer.stdout
    assert len(json.loads(report.read_text())["results"]) == 5
    assert junit.read_text().count("<testcase") == 5


def test_a_validator_that_does_nothing_is_told_apart_from_a_broken_suite(tmp_path: Path) -> None:
    artifacts = str(tmp_path / "artifacts")
    answer = _run("--tags", "@happy-01", "--validator", f"{sys.executable} -c 0", "--artifacts", artifacts)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "failed  @happy-01" in answer.stdout
    assert "the output is no json" in answer.stdout


def test_a_failure_leaves_what_was_seen(tmp_path: Path) -> None:
    artifacts = tmp_path / "artifacts"
    program = tmp_path / "asks.py"
    program.write_text(
        "import json, sys, urllib.request\n"
        "image = next(word for word in sys.argv if 'containerImage' in word)\n"
        "host = json.loads(image)['components'][0]['containerImage'].split('/')[0]\n"
        "urllib.request.urlopen(f'http://{host}/v2/')\n"
        "print('odd')\n"
        "print('what went wrong', file=sys.stderr)\n",
        encoding="utf-8",
    )
    validator = f"{sys.executable} {program}"
    answer = _run("--tags", "@happy-01", "--validator", validator, "--artifacts", str(artifacts))
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert f"kept in {artifacts}\n" in answer.stdout
    kept = artifacts / "happy-01"
    assert "containerImage" in (kept / "1-command.txt").read_text()
    assert (kept / "1-stdout").read_text() == "odd\n"
    assert (kept / "1-stderr").read_text() == "what went wrong\n"
    assert json.loads((kept / "1-environment.json").read_text())["EC_CACHE"] == "true"
    assert "GET /v2/ → 200" in (kept / "registry-requests.txt").read_text()


def test_nothing_selected_is_incomplete() -> None:
    answer = _run("--tags", "@no-such-tag")
    assert answer.returncode == 4, answer.stdout + answer.stderr


def test_a_validator_that_isnt_there_is_a_broken_environment() -> None:
    answer = _run("--validator", "/no/such/program")
    assert answer.returncode == 3
    assert "no program '/no/such/program' to validate with" in answer.stdout


def test_usage() -> None:
    assert main(["--no-such-option"]) == 2
    assert main(["--help"]) == 0


def test_rows_of_outlines_are_scenarios() -> None:
    scenarios = Suite(_ROOT).scenarios(["--tags", "@happy-02"])
    assert len(scenarios) == 5
    assert len({scenario.location for scenario in scenarios}) == 5
