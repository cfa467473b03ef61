"""How much memory a process and all its children take: the largest sum of their proportional set sizes.

Pages of programs and libraries don't count: how many of them are shared depends on what else runs on the machine.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.testbed.validator.sandbox import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Peak", "measured", "require_measurable"]

_INTERVAL = 0.01


class Peak:
    """The largest sum seen so far, in bytes."""

    def __init__(self, pid: int) -> None:
        self.size = 0
        self._pid = pid

    def look(self) -> None:
        """Look once more."""
        self.size = max(self.size, sum(map(_proportional, _family(self._pid))))


def require_measurable() -> None:
    """Do nothing where memory can be measured.

    Raises:
        SandboxUnavailableError: it can't.
    """
    if sys.platform != "linux" or not Path("/proc/self/smaps_rollup").exists():
        raise SandboxUnavailableError("proportional set sizes are Linux's")


@contextmanager
def measured(pid: int) -> Iterator[Peak]:
    """Look at the process `pid` and its descendants every 10 ms until the context ends.

    Memory that several processes share is counted once (proc(5), `smaps_rollup`, "Pss_Anon").

    Raises:
        SandboxUnavailableError: there is no such measure on this system.
    """
    require_measurable()
    peak, over = Peak(pid), threading.Event()

    def look_on() -> None:
        while not over.wait(_INTERVAL):
            peak.look()

    watch = threading.Thread(target=look_on, name=f"memory of {pid}", daemon=True)
    watch.start()
    try:
        yield peak
    finally:
        over.set()
        watch.join()


def _family(pid: int) -> list[int]:
    found = [pid]
    for one in found:  # grows while it is gone through
        found += _children(one)
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    except OSError:  # it has just ended
        pass
    return children


def _proportional(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Pss_Anon:")), 0)
