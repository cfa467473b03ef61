"""The processes of a validator that judge images, where it judges in several (docs/scale.md)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ec_acceptance.testbed.validator.sandbox import SandboxUnavailableError

__all__ = ["find_judges", "is_connected"]

_HELPER = b"multiprocessing.resource_tracker"
_ESTABLISHED = "01"  # in /proc/net/tcp


def find_judges(validator: int) -> tuple[int, ...]:
    """Those below this process that run the same program as it and have started no process that does, too.

    Python's own, which counts what is shared between processes, isn't one of them.

    Raises:
        SandboxUnavailableError: they can't be looked up on this system.
    """
    if sys.platform != "linux":
        raise SandboxUnavailableError("processes are looked up in Linux's /proc")
    program = _program(validator)
    parents = {parent for process in _below(validator) if _program(process) == program for parent in _parent(process)}
    return tuple(
        one for one in _below(validator) if _program(one) == program and one not in parents and not _is_helper(one)
    )


def is_connected(process: int, port: int) -> bool:
    """Whether the process has a connection to this port of the machine.

    Raises:
        SandboxUnavailableError: that can't be looked up on this system.
    """
    if sys.platform != "linux":
        raise SandboxUnavailableError("connections are looked up in Linux's /proc")
    try:
        rows = [row.split() for row in Path(f"/proc/{process}/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
        sockets = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(f":{port:04X}") and row[3] == _ESTABLISHED}
        return any(os.readlink(path) in sockets for path in Path(f"/proc/{process}/fd").iterdir())  # noqa: PTH115
    except OSError:  # it has ended, or a file was closed meanwhile
        return False


def _is_helper(process: int) -> bool:
    try:
        return _HELPER in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def _below(process: int) -> list[int]:
    """All that it has started, and what these have."""
    found = []
    for child in _children(process):
        found += [child, *_below(child)]
    return found


def _children(process: int) -> list[int]:
    try:
        files = list(Path(f"/proc/{process}/task").glob("*/children"))
        return [int(child) for file in files for child in file.read_text(encoding="ascii").split()]
    except OSError:  # it has ended
        return []


def _parent(process: int) -> list[int]:
    try:
        return [int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()[1])]
    except OSError:
        return []


def _program(process: int) -> str:
    try:
        return os.readlink(f"/proc/{process}/exe")  # noqa: PTH115 - of a program that was replaced it is a text
    except OSError:
        return ""
