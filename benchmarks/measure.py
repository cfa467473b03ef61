"""What one run of a command costs: wall and CPU time, and peak memory, of its whole process tree (Linux only)."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from ec_acceptance.testbed.validator.orphans import adopt, children

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Cost", "measure", "median_cost"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall and CPU time; peak memory in bytes: the largest sum of PSS over the process tree."""

    wall: float
    cpu: float
    memory: int
    status: int
    stdout: bytes


def measure(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    killed_when: Callable[[], bool] = lambda: False,
) -> Cost:
    """Run a command to its end, or until it is to be killed, together with everything that it starts."""
    adopt()  # so that the CPU time of orphans counts
    others = children()
    out = folder / "stdout"
    started = time.perf_counter()
    with out.open("wb") as stdout:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=stdout, stderr=subprocess.DEVNULL)
    stop = threading.Event()
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process.pid, stop, peak, killed_when))
    watcher.start()
    _, raw, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(raw)
    stop.set()
    watcher.join()
    cpu = used.ru_utime + used.ru_stime
    while orphans := children() - others:
        for orphan in orphans:
            _, _, used = os.wait4(orphan, 0)
            cpu += used.ru_utime + used.ru_stime
    return Cost(wall, cpu, peak[0], process.returncode, out.read_bytes())


def median_cost(costs: Sequence[Cost]) -> Cost:
    """The medians of several runs."""
    return Cost(
        median(cost.wall for cost in costs),
        median(cost.cpu for cost in costs),
        int(median(cost.memory for cost in costs)),
        max(cost.status for cost in costs),
        b"",
    )


def _watch(root: int, stop: threading.Event, peak: list[int], killed_when: Callable[[], bool]) -> None:
    began = time.perf_counter()
    while not stop.wait(_pause(time.perf_counter() - began)):
        peak[0] = max(peak[0], sum(_pss(pid) for pid in _tree(root)))
        if killed_when():
            os.kill(root, signal.SIGKILL)
            return


def _pause(seconds: float) -> float:
    """Some runs are over after 10 ms; where one takes long, looking at it mustn't take its time."""
    return 0.001 if seconds < 0.05 else 0.01 if seconds < 10 else 0.25


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        found += children(pid)
    return found


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0
