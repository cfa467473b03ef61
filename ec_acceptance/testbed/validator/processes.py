"""Which processes a validator leaves behind: those of its session, or with its environment, whatever group they are in.

One that has ended counts as long as threads of it haven't: until then its files are open, and locked.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.testbed.validator.orphans import children, is_adopting
from ec_acceptance.testbed.validator.sandbox import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["find_survivors", "left_in_session"]

_INTERVAL = 0.02


def left_in_session(session: int, patience: float) -> tuple[str, ...]:
    """The processes of this session that are still there after `patience` seconds.

    Returns:
        The number and the command line of each.

    Raises:
        SandboxUnavailableError: they can't be looked up on this system.
    """
    return _find_left(lambda number: os.getsid(int(number)) == session and not _has_ended(number), patience, near=True)


def find_survivors(variable: str, patience: float) -> tuple[str, ...]:
    """The processes with this environment variable that still run after `patience` seconds.

    Args:
        variable: ``NAME=value``, which only the validator and what it starts have.
        patience: in which they may end.

    Returns:
        The number and the command line of each.

    Raises:
        SandboxUnavailableError: they can't be looked up on this system.
    """
    wanted = variable.encode()
    return _find_left(lambda number: wanted in Path(f"/proc/{number}/environ").read_bytes().split(b"\0"), patience)


def _find_left(belongs: Callable[[str], bool], patience: float, *, near: bool = False) -> tuple[str, ...]:
    """With `near`, adopted children are all that there can be, where orphans are adopted: the leader has ended."""
    if sys.platform != "linux":
        raise SandboxUnavailableError("processes are looked up in Linux's /proc")
    until = time.monotonic() + patience
    listed = near and is_adopting()
    while (found := _those(belongs, map(str, children()) if listed else None)) and time.monotonic() < until:
        time.sleep(_INTERVAL)
    return found


def _those(belongs: Callable[[str], bool], numbers: Iterable[str] | None) -> tuple[str, ...]:
    found = []
    for number in os.listdir("/proc") if numbers is None else numbers:  # noqa: PTH208 - a path for each takes its time
        if not number.isdigit():
            continue
        try:
            if belongs(number):
                words = Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found.append(f"{number} {words.strip()}")
        except OSError:
            continue  # ended meanwhile, or another user's
    return tuple(found)


def _has_ended(number: str) -> bool:
    """Whether it only waits to be waited for."""
    process = Path("/proc", number)
    state = (process / "stat").read_bytes().rpartition(b") ")[2][:1]  # behind the command's name in parentheses
    return state == b"Z" and len(list((process / "task").iterdir())) == 1
