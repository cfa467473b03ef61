"""Processes that validators leave, however they hid: whose parent has ended, they become children of this one (Linux).

A daemon of its own session, with an environment of its own, is found by nothing else.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from functools import cache

__all__ = ["adopt", "children", "end_children", "is_adopting"]

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37  # prctl(2)
_PATIENCE = 5.0  # seconds in which what was killed must have ended
_PAUSE = 0.005


def adopt() -> None:
    """From now on, orphans among the descendants of this process become its children; on Linux alone."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def is_adopting() -> bool:
    """Whether `adopt` had its effect, and the children can be listed."""
    if sys.platform != "linux" or not os.access(f"/proc/self/task/{os.getpid()}/children", os.R_OK):
        return False
    answer = ctypes.c_int()
    with suppress(OSError, AttributeError):
        _libc().prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    return bool(answer.value)


def children(process: int | None = None) -> frozenset[int]:
    """The numbers of a process's children, adopted ones too, or of this one's; none where the system doesn't tell."""
    found: set[int] = set()
    with suppress(OSError):
        tasks = f"/proc/{'self' if process is None else process}/task"
        for task in os.listdir(tasks):  # noqa: PTH208 - a path for each takes its time
            with suppress(OSError), open(f"{tasks}/{task}/children", "rb") as listed:  # noqa: PTH123 - as above
                found.update(map(int, listed.read().split()))
    return frozenset(found)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def end_children(these: frozenset[int]) -> None:
    """Kill these children, and what becomes a child thereby, until there is none; all others are somebody else's."""
    if not these:
        return
    spared = children() - these
    until = time.monotonic() + _PATIENCE
    while (left := children() - spared) and time.monotonic() < until:
        for number in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(number, os.WNOHANG)
        if children() & left:
            time.sleep(_PAUSE)
