"""Processes that a validator leaves behind are found by their environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.validator.process import Validator
from ec_acceptance.testbed.validator.processes import find_survivors

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="environments are looked up in Linux's /proc")

_PATIENCE = 60.0


def test_a_process_of_another_session_is_found_until_it_ends(tmp_path: Path) -> None:
    variable = f"TMPDIR={tmp_path}"
    assert find_survivors(variable, 0.0) == ()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        ["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.read(1)  # while a program is being loaded, it has neither words nor variables
        assert find_survivors(variable, 0.05) == (f"{process.pid} cat",)
        assert find_survivors(f"{variable}/other", 0.0) == ()
        process.communicate()
    assert find_survivors(variable, _PATIENCE) == ()


def test_a_run_is_over_when_its_session_is_empty(tmp_path: Path) -> None:
    """As long as a worker holds its files, whatever killed the process that was started, they are locked."""
    os.mkfifo(tmp_path / "held")
    script = "(trap '' HUP; read line <held) & wait"
    running = Validator("sh").start(["-c", script], {}, tmp_path, tmp_path)
    with (tmp_path / "held").open("wb", buffering=0):  # the worker has opened it, too
        running.send(signal.SIGKILL)
        assert running.ended_within(_PATIENCE)
        assert len(running.left(0.0)) == 1
    assert running.left(_PATIENCE) == ()
    assert running.wait(_PATIENCE).status == -signal.SIGKILL


def test_what_is_left_of_a_run_is_ended_with_it(tmp_path: Path) -> None:
    """A group of its own, as shells with job control have it, doesn't save it."""
    running = Validator("sh").start(["-mc", "sleep 1000 &"], {}, tmp_path, tmp_path)
    assert running.wait(_PATIENCE).status == 0
    assert running.left(_PATIENCE) == ()
