"""Runs of behave in processes that are forked from one that has loaded it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import Any

_ROOT = Path(__file__).parents[2]
_PROGRAM = """
import json, sys, tempfile, threading
from pathlib import Path
from mutants import trial
from mutants.scenarios import all_scenarios

scenarios = all_scenarios()
trial._START, trial._EACH = {limit}, 0.0
with tempfile.TemporaryDirectory() as folder:
    trials = trial.Trials(Path(folder))
    wanted = [trial.Trial(name, tuple(scenarios[one] for one in ids), 5.0) for name, ids in {wanted!r}]
    for one, found in trials.run(wanted, at_once={at_once}):
        failed = isinstance(found, trial.TrialError)
        said = str(found) if failed else {{name: finding.status for name, finding in found.items()}}
        print(json.dumps([one.name, said, threading.active_count(), [path.name for path in Path(folder).iterdir()]]))
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the matrix forks")


def _try_all(folder: Path, *wanted: tuple[str, list[str]], limit: float = 60.0, at_once: int = 1) -> list[list[Any]]:
    """What comes of trials: name, statuses or the error, threads of the process that forks, folders that are left.

    In a process of its own, as that which runs tests has threads; `folder` is for temporary files.
    """
    command = [sys.executable, "-c", _PROGRAM.format(wanted=wanted, limit=limit, at_once=at_once)]
    environment = {**os.environ, "TMPDIR": str(folder)}
    ended = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ended.stderr, ended.returncode) == ("", 0)
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_each_run_has_its_own_validator_and_begins_anew(tmp_path: Path) -> None:
    happy = ["happy-01"]
    found = _try_all(tmp_path, ("unchanged", happy), ("false", happy), ("unchanged", happy))
    assert found == [
        ["unchanged", {"happy-01": "passed"}, 1, []],
        ["false", {"happy-01": "failed"}, 1, []],
        ["unchanged", {"happy-01": "passed"}, 1, []],
    ]


def test_runs_beside_each_other_end_in_any_order(tmp_path: Path) -> None:
    found = _try_all(tmp_path, ("unchanged", ["happy-01"]), ("false", ["happy-01", "verdict-01"]), at_once=2)
    assert sorted((name, sorted(said.items())) for name, said, *_ in found) == [
        ("false", [("happy-01", "failed"), ("verdict-01", "failed")]),
        ("unchanged", [("happy-01", "passed")]),
    ]


def test_what_takes_too_long_is_ended_with_its_validator(tmp_path: Path) -> None:
    found = _try_all(tmp_path, ("hang", ["happy-01"]), limit=1.5)
    assert found == [["hang", "behave took more than 1.5 s", 1, []]]
    assert [path for path in Path("/proc").glob("[0-9]*/environ") if os.fsencode(tmp_path) in _read(path)] == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has ended


def test_behave_says_why_it_came_to_nothing(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from mutants import trial
from mutants.scenarios import Scenario

gone = Scenario("gone-01", "", "gone", frozenset(), ("/gone.feature:1",))
[(_, found)] = trial.Trials(Path(sys.argv[1])).run([trial.Trial("true", (gone,), 1.0)], at_once=1)
print(type(found).__name__, "gone.feature" in str(found))
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    ended = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("TrialError True\n", "")
    assert list(tmp_path.iterdir()) == []
