"""Work that may finish what it has begun when a signal comes: in processes of its own, as in test_supervisor.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there the process supervises itself")

_FRAME = """
import os, signal, sys, time
from refimpl.cli import _guard
from refimpl.errors import Error
from refimpl.system.supervisor import supervise

def work():
    ended = []
    {deal}
    os.write(1, b"begun" + bytes([10]))
    while not ended:
        time.sleep(0.01)
    os.write(1, b"told" + bytes([10]))
    {then}
    return 7

os._exit(_guard(lambda: supervise(
    lambda: _guard(work), seconds=float("inf"), exceeded=lambda: Error("not in time"), finishing={finishing}
)))
"""
_DEAL = "signal.signal(signal.SIGTERM, lambda *_: ended.append(1))"


def _started(then: str, finishing: float, deal: str = _DEAL) -> subprocess.Popen[bytes]:
    program = _FRAME.format(then=then, finishing=finishing, deal=deal)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    return process


def _end(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def test_the_first_signal_is_the_works_own() -> None:
    process = _started("pass", 30)
    process.send_signal(signal.SIGTERM)
    assert _end(process) == (7, b"")


def test_one_that_comes_before_the_work_deals_with_it_ends_it_at_once() -> None:
    process = _started("pass", 30, deal="pass")
    process.send_signal(signal.SIGTERM)
    assert _end(process) == (143, b"Error: interrupted\n")


def test_the_second_one_ends_it() -> None:
    process = _started("time.sleep(1000)", 30)
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == b"told\n"
    process.send_signal(signal.SIGTERM)
    assert _end(process) == (143, b"Error: interrupted\n")


def test_so_does_the_end_of_its_time() -> None:
    process = _started("time.sleep(1000)", 0.01)
    os.kill(process.pid, signal.SIGTERM)
    assert _end(process) == (1, b"Error: not in time\n")
