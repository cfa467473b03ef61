"""The runner as a command: over the suite itself, with few scenarios."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.conformance.cli import main
from ec_acceptance.conformance.errors import Exit
from ec_acceptance.conformance.runner import handling
from ec_acceptance.conformance.suite import Suite
from ec_acceptance.testbed.validator.process import Validator

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).parents[2]


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ec_acceptance.conformance", "--registry", "embedded", *arguments]


def _run(*arguments: str, folder: Path = _ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*arguments), cwd=folder, capture_output=True, text=True, check=False)


def _program(path: Path, body: str) -> str:
    """A validator of a few lines of shell; its command line."""
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_part_that_passes_says_that_it_is_a_part(tmp_path: Path) -> None:
    report, junit = tmp_path / "r.json", tmp_path / "r.xml"
    given = ("--tags", "@happy-02", "--jobs", "3", "--report", str(report), "--junit", str(junit))
    answer = _run(*given)
    assert answer.returncode == 4, answer.stdout + answer.stderr
    first, *_, last = answer.stdout.splitlines()
    assert first.startswith("suite: ec-acceptance ")
    assert first.endswith(" scenarios, 5 of them selected")
    assert "5 scenarios passed, 0 failed, 0 broken" in answer.stdout
    assert last.startswith("a part of the suite was selected, so nothing is said of the whole")
    document = json.loads(report.read_text())
    assert (len(document["results"]), document["partial"], document["exit"]) == (5, True, "incomplete")
    assert junit.read_text().count("<testcase") == 7  # five, their profile, and that it is a part
    assert _run(*given, "--accept-partial").returncode == 0


def test_a_registry_that_cannot_be_had_may_be_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    given = ("--tags", "@happy-01", "--registry", "container")
    assert _run(*given).returncode == 3
    answer = _run(*given, "--skip-unavailable")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "nothing ran: no Docker daemon answers" in answer.stdout


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


def test_nothing_is_kept_where_nothing_is_wanted(tmp_path: Path) -> None:
    validator = _program(tmp_path / "no", "exit 1")
    given = ("--tags", "@happy-01", "--no-check", "--validator", validator, "--no-artifacts", "--artifacts", "kept")
    answer = _run(*given, "--html", "r.html", folder=tmp_path)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "failed  @happy-01" in answer.stdout
    assert "is kept in" not in answer.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["no", "r.html"]


def test_in_another_projects_folder_the_suite_is_still_ours(tmp_path: Path) -> None:
    (tmp_path / "features").mkdir()
    (tmp_path / "environment.py").write_text("")
    (tmp_path / "features" / "own.feature").write_text("Feature: own\n  @own-01\n  Scenario: nothing is asked\n")
    validator = _program(tmp_path / "no", "exit 1")
    answer = _run("--validator", validator, "--tags", "@happy-01", folder=tmp_path)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert answer.stdout.startswith("suite: ec-acceptance ")
    listed = _run("--list", "--suite", str(tmp_path), folder=tmp_path)
    assert (listed.returncode, listed.stdout) == (0, "@own-01  nothing is asked  (features/own.feature:3)\n")


@pytest.mark.parametrize(
    ("configuration", "variables"),
    [
        ("[behave]\ntags = @nobody\n[behave.userdata]\nvalidator = {no}\n", {}),
        ("", {"BEHAVE_STAGE": "other", "PYTHONOPTIMIZE": "2"}),
    ],
    ids=["files", "variables"],
)
def test_nothing_but_the_command_line_says_what_is_run(
    tmp_path: Path, configuration: str, variables: dict[str, str]
) -> None:
    """behave reads files in the home, and Python leaves out assertions: a run could pass in which nothing was shown."""
    no = _program(tmp_path / "no", "echo '{}'")
    (tmp_path / ".behaverc").write_text(configuration.format(no=no))
    environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), **variables}
    answers = [
        subprocess.run(
            _command("--only", "happy-01", *more),
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for more in ((), ("--", no))
    ]
    assert [answer.returncode for answer in answers] == [4, 1], [answer.stdout for answer in answers]


def test_behave_runs_nothing_without_assertions() -> None:
    command = [sys.executable, "-O", "-m", "behave", "-D", "registry=embedded", "-t", "@happy-01"]
    answer = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "leaves out assertions, so nothing would fail" in answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tags", "@no-such-tag"], "no scenario has the tag @no-such-tag"),
        (["--tags", "@happy-01 and"], "--tags @happy-01 and:"),
        (["--tags", "@happy-01 and @input-01"], "no scenario is selected"),
        (["features/none"], "features/none: there is no such command, feature or folder"),
        (["--registry", "nonsense"], "'nonsense' is no registry"),
        (["--registry", "http://"], "'http://' is no URL of a registry"),
        (["--registry", "http://127.0.0.1:1"], "--registry: no registry answers at http://127.0.0.1:1 ("),
        (["--suite", "docs"], "there are no features and environment.py"),
        (["--report", "docs"], "Error: --report docs: it is a folder"),
        (["--html", "README.md/report.html"], "README.md is no folder"),
        (["--junit", "out.xml", "--html", "./out.xml"], "--html out.xml: --junit is to be written there, too"),
    ],
)
def test_what_cannot_be_run_is_said_at_once(words: list[str], said: str) -> None:
    answer = _run(*words, *(["--tags", "@happy-01"] if "--registry" in words else []))
    assert answer.returncode == 2, answer.stdout + answer.stderr
    assert said in answer.stdout


def test_paths_are_those_of_the_working_directory_or_of_the_suite(tmp_path: Path) -> None:
    from_elsewhere = _run("--list", "features/errors/registry.feature", folder=tmp_path)
    from_beside = _run("--list", "registry.feature", folder=Suite.installed().folder / "features" / "errors")
    assert from_elsewhere.returncode == 0
    assert from_elsewhere.stdout
    assert from_elsewhere.stdout == from_beside.stdout


def test_a_validator_that_isnt_there_is_a_usage_error() -> None:
    answer = _run("--validator", "/no/such/program")
    assert answer.returncode == 2
    assert "no program '/no/such/program' to validate with" in answer.stdout


@pytest.mark.parametrize(
    "body",
    ["head -c 3000000 /dev/zero", "printf '\\377\\376'", "kill -9 $$"],
    ids=["millions of bytes", "no text", "dies"],
)
def test_a_version_that_is_none_is_unknown(tmp_path: Path, body: str) -> None:
    assert Validator(_program(tmp_path / "odd", body)).version() == "unknown"


def test_a_version_ends_what_it_started(tmp_path: Path) -> None:
    validator = Validator(_program(tmp_path / "odd", f"sleep 3210 & echo $! > {tmp_path}/pid; echo v1"))
    assert validator.version() == "v1"
    pid = int((tmp_path / "pid").read_text())
    _await(lambda: not _alive(pid), "the end of what was started")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another matter there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_and_the_report_tells_what_ran(tmp_path: Path, number: signal.Signals) -> None:
    report, scratch = tmp_path / "r.json", tmp_path / "tmp"
    scratch.mkdir()
    validator = _program(tmp_path / "slow", 'case "$1" in version|--help) echo v1;; *) sleep 3211;; esac')
    command = _command(
        "--tags", "@happy-02,@input-08", "--jobs", "2", "--validator", validator, "--report", str(report)
    )
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with handling([number], signal.SIG_DFL):  # what nohup ignores, programs that are started ignore
        started = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, env=environment)
    with started as process:
        _await(lambda: bool(_asleep(str(tmp_path))), "a validation")
        process.send_signal(number)
        out, _ = process.communicate(timeout=180)
    assert process.returncode == 5, out
    assert f"the run was ended by {number.name}" in out
    assert "Traceback" not in out
    assert json.loads(report.read_text())["exit"] == "interrupted"
    assert list(scratch.iterdir()) == []
    _await(lambda: not _asleep(str(tmp_path)), "the end of the validators")


def test_when_nobody_reads_any_more_the_report_is_written(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    command = _command("--only", "happy-01", "--report", str(report))
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (4, b"")
    assert json.loads(report.read_text())["exit"] == "incomplete"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell is needed")
@pytest.mark.parametrize("how", ["PYTHONIOENCODING=ascii {}", "PYTHONIOENCODING=latin-1 {}", "{} >&-", "{} >&- 2>&-"])
def test_a_terminal_that_lacks_characters_or_is_closed_ends_nothing(tmp_path: Path, how: str) -> None:
    validator = _program(tmp_path / "odd", "echo '„…'; exit 1")
    words = ("--only", "happy-01", "--no-check", "--report", "r.json", "--no-artifacts", "--validator", validator)
    line = how.format(shlex.join(_command(*words)))
    answer = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (1, ""), answer.stdout
    assert ("\\u201e\\u2026" in answer.stdout) == (">&-" not in how)
    assert "„…" in json.loads((tmp_path / "r.json").read_text())["results"][0]["message"]


def _await(condition: Callable[[], bool], what: str) -> None:
    """What was killed may need a moment to be gone."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"{what} didn't come about"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _asleep(folder: str) -> list[str]:
    """The processes of validators of this test that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().startswith(f"/bin/sh\0{folder}/slow\0validate".encode()):
                found.append(path.parent.name)
    return found


def test_enough_failures_end_the_run(tmp_path: Path) -> None:
    validator = _program(tmp_path / "no", "exit 1")
    answer = _run("features/errors/inputs.feature", "--jobs", "1", "--fail-fast", "1", "--validator", validator)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "1 rejected for the wrong reason" in answer.stdout
    assert "14 didn't run" in answer.stdout


def test_what_a_validator_prints_is_no_command_to_the_terminal(tmp_path: Path) -> None:
    validator = _program(tmp_path / "colours", "printf '\\033]0;owned\\007'; exit 1")
    answer = _run("--tags", "@happy-01", "--validator", validator, "--artifacts", str(tmp_path / "artifacts"))
    assert "\\x1b]0;owned" in answer.stdout
    assert "\x1b" not in answer.stdout


@pytest.mark.parametrize(
    "words", [["--no-such-option"], ["--jobs", "0"], ["--timeout", "0"], ["--timeout", "-1"], ["--fail-fast", "x"]]
)
def test_usage(words: list[str]) -> None:
    assert main(words) == 2


@pytest.mark.skipif(os.name != "posix", reason="others keep a folder that a process works in")
def test_a_working_directory_that_is_gone_is_one_line(tmp_path: Path) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" -m ec_acceptance.conformance --list'
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (Exit.USAGE, "")
    assert done.stdout.startswith("Error: the working directory can't be had (")


def test_help() -> None:
    assert main(["--help"]) == 0


def test_the_version_tells_what_plain_behave_can_run_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--version"]) == 0
    suite = Suite.installed()
    assert capsys.readouterr().out == f"ec-acceptance {suite.version} ({suite.folder})\n"
    command = [sys.executable, "-m", "behave", "--dry-run", "-t", "@happy-01", str(suite.folder / "features")]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (answer.returncode, " skipped, 1 untested" in answer.stdout) == (0, True), answer.stdout + answer.stderr


def test_rows_of_outlines_are_scenarios() -> None:
    suite = Suite.at(_ROOT)
    scenarios = suite.select(suite.scenarios(), [], ["@happy-02"])
    assert len(scenarios) == 5
    assert len({scenario.location for scenario in scenarios}) == 5


def test_a_validator_that_hangs_in_everything_ends_the_run_early(tmp_path: Path) -> None:
    validator = _program(tmp_path / "slow", 'case "$1" in version|--help) echo v1;; *) sleep 3212;; esac')
    answer = _run("--tags", "@happy-02,@input-01,@input-02", "--jobs", "2", "--timeout", "1", "--validator", validator)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "it gave no answer in any of the first 4 scenarios, so the rest wasn't run" in answer.stdout
    assert "didn't run: @" in answer.stdout


def test_a_failure_that_was_foretold_ends_well(tmp_path: Path) -> None:
    expected = tmp_path / "expected.toml"
    entry = 'id = "happy-01"\nreason = "it does nothing"\ncause = "the output is no json"\nlink = "here"\n'
    expected.write_text(f"[[failure]]\n{entry}expires = 9999-12-31\n")
    given = ("--tags", "@happy-01", "--validator", f"{sys.executable} -c 0", "--expected-failures", str(expected))
    answer = _run(*given, "--artifacts", str(tmp_path / "artifacts"), "--accept-partial")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "1 failed as expected" in answer.stdout
    expected.write_text(f"[[failure]]\n{entry}expires = 2020-01-01\n")
    answer = _run(*given)
    assert answer.returncode == 2, answer.stdout + answer.stderr
    assert "entry 1: happy-01 expired on 2020-01-01" in answer.stdout


def test_shards_are_everything_together_and_nothing_twice() -> None:
    selected = ("--list", "--tags", "@happy-02,@input-01,@input-02")
    whole = _run(*selected).stdout.splitlines()
    parts = [_run(*selected, "--shard", f"{number}/3").stdout.splitlines() for number in (1, 2, 3)]
    assert len(whole) > 3
    assert sorted(line for part in parts for line in part) == sorted(whole)
    assert _run(*selected, "--shard", "99/99").returncode == 2
    for wrong in ("0/3", "4/3", "1", "a/b", "1/"):
        assert _run(*selected, "--shard", wrong).returncode == 2, wrong


def test_a_validator_whose_path_has_blanks_is_run(tmp_path: Path) -> None:
    folder = tmp_path / "our tools"
    folder.mkdir()
    validator = _program(folder / "check it", f'exec {sys.executable} -m refimpl "$@"')
    answer = _run("--only", "happy-01", "--no-check", "--", validator, folder=_ROOT)
    assert "1 scenarios passed" in answer.stdout, answer.stdout + answer.stderr


def test_what_is_run_twice_is_one_result(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    answer = _run("--tags", "@happy-01", "--repeat", "2", "--report", str(report))
    assert answer.returncode == 4, answer.stdout + answer.stderr
    assert "run 2 of 2" in answer.stdout
    assert "1 scenarios passed, 0 failed" in answer.stdout
    assert len(json.loads(report.read_text())["results"]) == 1


def test_a_scenario_that_takes_its_time_holds_up_no_other(tmp_path: Path) -> None:
    """The first of five ends when the others have: of two workers, the other one runs all of them."""
    folder = tmp_path / "features"
    folder.mkdir()
    (tmp_path / "environment.py").write_text("")
    scenarios = [f"  @own-0{n}\n  Scenario: {n}\n    When scenario {n} of 5 is run\n" for n in range(1, 6)]
    (folder / "own.feature").write_text("Feature: own\n" + "".join(scenarios))
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "own.py").write_text(
        "import pathlib, time\n"
        "from behave import when\n"
        "@when('scenario {n:d} of {all:d} is run')\n"
        "def run(context, n, all):\n"
        "    ended = pathlib.Path(__file__).parent\n"
        "    (ended / f'{n}.ended').write_text('')\n"
        "    end = time.monotonic() + 60\n"
        "    while n == 1 and len(list(ended.glob('*.ended'))) < all:\n"
        "        assert time.monotonic() < end, 'the others wait for this one'\n"
        "        time.sleep(0.01)\n"
    )
    answer = _run("--suite", str(tmp_path), "--jobs", "2", "--validator", _program(tmp_path / "v", "echo v1"))
    assert "5 scenarios passed, 0 failed, 0 broken" in answer.stdout, answer.stdout + answer.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another matter there")
def test_a_validator_that_ends_its_parent_ends_nothing_else(tmp_path: Path) -> None:
    report, scratch = tmp_path / "r.json", tmp_path / "tmp"
    scratch.mkdir()
    validator = _program(tmp_path / "deadly", 'case "$1" in validate) kill -9 $PPID;; *) kill $PPID;; esac; sleep 1')
    given = (
        "--only",
        "happy-01",
        "--only",
        "verdict-01",
        "--jobs",
        "1",
        "--validator",
        validator,
        "--report",
        str(report),
    )
    environment = {**os.environ, "TMPDIR": str(scratch)}
    answer = subprocess.run(
        _command(*given), cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
    )
    assert (answer.returncode, answer.stderr) == (3, ""), answer.stdout
    assert "check: it ends the process that asks it for its version and for help" in answer.stdout
    document = json.loads(report.read_text())
    assert [one["status"] for one in document["results"]] == ["broken", "broken"]
    assert all("behave ended by SIGKILL" in one["message"] for one in document["results"])
    assert document["missing"] == []
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another matter there")
def test_a_signal_before_the_first_scenario_leaves_a_report(tmp_path: Path) -> None:
    report, asked = tmp_path / "r.json", tmp_path / "asked"
    validator = _program(tmp_path / "slow", f"touch {asked}; sleep 3219")
    command = _command("--only", "happy-01", "--validator", validator, "--report", str(report))
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        _await(asked.exists, "the first question")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=180)
    assert process.returncode == 5, out
    assert "the run was ended by SIGTERM" in out
    document = json.loads(report.read_text())
    assert (document["exit"], document["results"], len(document["missing"])) == ("interrupted", [], 1)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_signal_while_the_reports_are_written_loses_none(tmp_path: Path) -> None:
    """A pipe in the place of the second report isn't written before somebody reads it."""
    report, pipe, badge = tmp_path / "r.json", tmp_path / "r.html", tmp_path / "r.svg"
    os.mkfifo(pipe)
    given = ("--report", str(report), "--html", str(pipe), "--badge", str(badge))
    command = _command("--only", "happy-01", "--no-check", *given)
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        _await(report.exists, "the first report")
        process.send_signal(signal.SIGINT)
        page = pipe.read_text()
        out, _ = process.communicate(timeout=180)
    assert process.returncode == 4, out
    assert page.endswith("</html>\n")
    assert badge.read_text().startswith("<svg")
    assert json.loads(report.read_text())["exit"] == "incomplete"


def test_artifacts_that_cannot_be_kept_change_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file in the place of the folder")
    given = ("--only", "happy-01", "--no-check", "--artifacts", str(tmp_path / "artifacts"))
    answer = _run(*given, "--validator", _program(tmp_path / "no", "exit 1"))
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert " failed  @happy-01" in answer.stdout
    assert f"what the scenarios saw that didn't pass can't be kept in {tmp_path / 'artifacts'}" in answer.stdout
