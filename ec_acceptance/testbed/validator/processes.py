"""Which processes a validator leaves behind: those that have its environment, whatever group they are in."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ec_acceptance.testbed.validator.sandbox import UnconfinableError

__all__ = ["outliving"]

_INTERVAL = 0.02


def outliving(variable: str, patience: float) -> tuple[str, ...]:
    """The processes with this environment variable that still run after `patience` seconds.

    Args:
        variable: ``NAME=value``, which only the validator and what it starts have.
        patience: in which they may end.

    Returns:
        The number and the command line of each.

    Raises:
        UnconfinableError: they can't be looked up on this system.
    """
    if sys.platform != "linux":
        raise UnconfinableError("environments are looked up in Linux's /proc")
    until = time.monotonic() + patience
    while (alive := _alive(variable.encode())) and time.monotonic() < until:
        time.sleep(_INTERVAL)
    return alive


def _alive(variable: bytes) -> tuple[str, ...]:
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if variable in (folder / "environ").read_bytes().split(b"\0"):  # empty of one that has ended
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found.append(f"{folder.name} {words.strip()}")
        except OSError:
            continue  # ended meanwhile, or another user's
    return tuple(found)
