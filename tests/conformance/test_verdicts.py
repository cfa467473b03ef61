"""Purpose-made validators, and the verdict and exit status that each of them gets. With few scenarios."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_EC_REF = Path(sysconfig.get_path("scripts")) / "ec-ref"
_PYTHON = f"#!{sys.executable}\n"
_HEAD = f"""{_PYTHON}import json, os, pathlib, subprocess, sys, time
def real(*words):
    return subprocess.run([{str(_EC_REF)!r}, *(words or sys.argv[1:])], capture_output=True)
def say(answer):
    sys.stdout.buffer.write(answer.stdout); sys.stdout.flush()
    sys.stderr.buffer.write(answer.stderr); sys.stderr.flush()
    sys.exit(answer.returncode)
"""
_QUICK = 'if sys.argv[1] != "validate": say(real())\n'


@dataclass(frozen=True)
class _Seen:
    status: int
    out: str
    report: Any
    statuses: dict[str, str]


def _run(folder: Path, body: str, *words: str, head: str = _HEAD) -> _Seen:
    program, report = folder / "validator", folder / "report.json"
    program.write_text(head + body, encoding="utf-8")
    program.chmod(0o755)
    command = [sys.executable, "-m", "ec_acceptance.conformance", "--registry", "embedded", "--report", str(report)]
    options = ["--artifacts", str(folder / "artifacts"), "--validator", str(program), *words]
    answer = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert report.exists(), answer.stdout + answer.stderr
    document = json.loads(report.read_text(encoding="utf-8"))
    statuses = {result["location"]: result["status"] for result in document["results"]}
    return _Seen(answer.returncode, answer.stdout, document, statuses)


_ACCEPTED = "features/validate_image/happy_day.feature"
_BOTH = ("--only", "happy-01", "--only", "verdict-01", "--only", "policy-01")


def _kinds(seen: _Seen) -> set[str]:
    return set(seen.statuses.values())


def test_one_that_is_right(tmp_path: Path) -> None:
    seen = _run(tmp_path, "say(real())", *_BOTH)
    assert (seen.status, _kinds(seen)) == (4, {"passed"})
    assert "check: it gets through the happy path" in seen.out
    assert seen.report["cpu"]["validator"] > 0 < seen.report["cpu"]["suite"]
    assert "CPU time " in seen.out
    assert _run(tmp_path, "say(real())", *_BOTH, "--accept-partial").status == 0


def test_one_that_crashes(tmp_path: Path) -> None:
    seen = _run(tmp_path, f"{_QUICK}os.abort()", *_BOTH)
    assert (seen.status, _kinds(seen)) == (1, {"failed"})
    assert "check: it doesn't get through the happy path (@happy-01): failed" in seen.out
    assert "exit status: -6 (ended by SIGABRT)" in seen.out


def test_one_that_prints_garbage(tmp_path: Path) -> None:
    seen = _run(tmp_path, r"sys.stdout.buffer.write(b'\xff\x00\x1b]0;x\x07' * 9)", *_BOTH)
    assert (seen.status, _kinds(seen)) == (1, {"failed"})
    assert "check: `version --short` prints no version" in seen.out
    assert seen.report["version"] == "unknown"
    assert "\x1b" not in seen.out


@pytest.mark.parametrize(
    "printed",
    [
        "'[' * 100_000",
        "'9' * 100_000",
        "'null'",
        """'{"success": true, "components": {"a": 1}, "policy": [], "key": 5}'""",
        """'{"success": 1, "components": [{"name": [], "violations": "x", "warnings": 1}], "policy": 1, "key": []}'""",
    ],
)
def test_one_that_prints_json_of_another_form(tmp_path: Path, printed: str) -> None:
    seen = _run(tmp_path, f"{_QUICK}print({printed})", "--only", "happy-01", "--only", "result-01", "--no-check")
    assert (seen.status, _kinds(seen)) == (1, {"failed"})
    assert "Traceback" not in seen.out


def test_one_that_prints_100_megabytes(tmp_path: Path) -> None:
    seen = _run(tmp_path, "[sys.stdout.write('x' * 1_000_000) for _ in range(100)]", "--only", "happy-01")
    assert (seen.status, _kinds(seen)) == (1, {"failed"})
    assert (tmp_path / "report.json").stat().st_size < 100_000
    kept = (tmp_path / "artifacts" / "happy-01" / "1-stdout").read_bytes()
    assert len(kept) < 70_000_000
    assert b"cut: 100000000 bytes in all" in kept[-100:]


def test_one_that_is_slow_but_right(tmp_path: Path) -> None:
    seen = _run(tmp_path, f"{_QUICK}time.sleep(1.5); say(real())", "--only", "happy-01", "--timeout", "30")
    assert (seen.status, _kinds(seen)) == (4, {"passed"})


def test_one_that_hangs_in_everything(tmp_path: Path) -> None:
    seen = _run(tmp_path, "time.sleep(3214)", "--tags", "@happy-02,@input-01", "--timeout", "1")
    assert seen.status == 1
    assert "it answers neither `version --short` nor `--help` nor the happy path" in seen.out
    assert seen.statuses == {}
    assert len(seen.report["missing"]) == seen.report["selected"]


def test_one_that_hangs_now_and_then(tmp_path: Path) -> None:
    body = f"{_QUICK}say(real()) if '--policy' not in sys.argv or 'happy' in str(sys.argv) else time.sleep(3215)"
    seen = _run(tmp_path, body, *_BOTH, "--timeout", "6")
    assert seen.status == 1
    assert _kinds(seen) == {"passed", "hung"}
    assert "hung  @verdict-01" in seen.out


@pytest.mark.parametrize(("verdict", "code"), [("yes", 0), ("no", 1)])
def test_one_that_gives_always_the_same_verdict(tmp_path: Path, verdict: str, code: int) -> None:
    body = f"{_QUICK}print(json.dumps({{'success': {not code}, 'components': []}})); sys.exit({code})"
    seen = _run(tmp_path, body, *_BOTH)
    assert seen.status == 1
    rejected = {status for place, status in seen.statuses.items() if not place.startswith(_ACCEPTED)}
    accepted = {status for place, status in seen.statuses.items() if place.startswith(_ACCEPTED)}
    assert accepted == {"failed"}
    assert rejected == ({"failed"} if verdict == "yes" else {"wrong-reason"})


def test_the_right_verdict_for_the_wrong_reason(tmp_path: Path) -> None:
    body = f"""{_QUICK}
answer = real()
answer.stdout = answer.stdout.replace(b"builtin.", b"invented.")
answer.stderr = answer.stderr.replace(b"Error: ", b"Error: the moon: ")
say(answer)
"""
    seen = _run(tmp_path, body, "--only", "verdict-01", "--only", "policy-01", "--only", "input-06")
    assert (seen.status, _kinds(seen)) == (1, {"wrong-reason"})
    assert "rejected for the wrong reason" in seen.out


def test_one_that_leaks_children(tmp_path: Path) -> None:
    """Also those that hide: of a session of their own, with an environment of their own."""
    body = "subprocess.Popen(['sleep', '3216']); subprocess.Popen(['sleep', '3218'], start_new_session=True, env={})"
    seen = _run(tmp_path, f"{body}; say(real())", "--only", "happy-01")
    assert (seen.status, _kinds(seen)) == (4, {"passed"})
    assert not _sleeping("3216")
    assert sys.platform != "linux" or not _sleeping("3218")


def test_one_that_ignores_sigterm(tmp_path: Path) -> None:
    body = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{_QUICK}time.sleep(3217)"
    seen = _run(tmp_path, body, "--only", "happy-01", "--timeout", "1")
    assert (seen.status, _kinds(seen)) == (1, {"hung"})
    assert not _sleeping("3217")


def _sleeping(seconds: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{seconds}\0".encode():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def test_a_flaky_one(tmp_path: Path) -> None:
    count = tmp_path / "count"
    body = f"""{_QUICK}
count = pathlib.Path({str(count)!r})
turn = int(count.read_text()) if count.exists() else 0
count.write_text(str(turn + 1))
say(real()) if turn % 2 else sys.exit(1)
"""
    seen = _run(tmp_path, body, "--only", "verdict-01", "--repeat", "4", "--jobs", "1", "--no-check")
    assert seen.status == 1
    assert "flaky" in _kinds(seen)


def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    program = tmp_path / "text"
    program.write_text("no program", encoding="utf-8")
    program.chmod(0o755)
    command = [sys.executable, "-m", "ec_acceptance.conformance", "--registry", "embedded", "--only", "happy-01"]
    for name, said in (
        (program, "cannot start the validator"),
        (tmp_path, "is a folder and no program"),
        ("none", "no program 'none'"),
        (" ", "names no program"),
        ("'none", "can't be read: No closing quotation"),
    ):
        answer = subprocess.run([*command, "--validator", str(name)], capture_output=True, text=True, check=False)
        assert answer.returncode == 2, answer.stdout + answer.stderr
        assert said in answer.stdout
        assert "Traceback" not in answer.stderr


def test_one_that_disappears_during_the_run_is_no_verdict(tmp_path: Path) -> None:
    body = f"{_QUICK}pathlib.Path(sys.argv[0]).unlink(missing_ok=True); say(real())"
    seen = _run(tmp_path, body, "--only", "happy-02", "--jobs", "1", "--no-check")
    assert seen.status == 3
    assert "broken" in _kinds(seen)


def test_one_that_leaves_folders_in_each_other_and_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than Python calls functions in each other; the scenarios have their verdicts, and nothing of it is left."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    dig = "[(os.mkdir('d'), os.chdir('d')) for _ in range(1100)]; os.chmod('.', 0)"
    everywhere = f"for place in '.', *map(os.environ.get, ('HOME', 'TMPDIR')): os.chdir(place); {dig}\n"
    body = f"{_QUICK}answer = real()\n{everywhere}sys.exit(1)" if sys.platform != "win32" else ""
    seen = _run(tmp_path, body, "--only", "happy-01", "--only", "cache-01.1", "--only", "verdict-02")
    assert (seen.status, _kinds(seen) - {"wrong-reason"}) == (1, {"failed"})
    assert seen.report["problems"] == []
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
def test_a_report_that_cannot_be_written_costs_no_other_one(tmp_path: Path) -> None:
    seen = _run(tmp_path, "say(real())", "--only", "happy-01", "--html", "/dev/full", "--badge", "/dev/null")
    assert (seen.status, _kinds(seen)) == (3, {"passed"})
    assert "a part of the suite was selected" in seen.out
    assert seen.out.splitlines()[-1].startswith("Error: a report can't be written: --html /dev/full: ")
    assert Path("/dev/full").is_char_device()
    assert Path("/dev/null").is_char_device()
