"""How many processors a program may use: those of the machine, as far as it is let."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


def available_cores(cgroups: Path = _CGROUPS) -> int:
    """At least one. Containers are mostly let by a quota of time, which `os.cpu_count` knows nothing of."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(cgroups)
    return cores if math.isinf(quota) else max(1, min(cores, math.ceil(quota)))


def _quota(cgroups: Path) -> float:
    """Seconds of processor time in a second, by either version of Linux's control groups; infinite without a limit."""
    limit = _words(cgroups / "cpu.max") or [
        *_words(cgroups / "cpu" / "cpu.cfs_quota_us"),
        *_words(cgroups / "cpu" / "cpu.cfs_period_us"),
    ]
    try:
        quota, period = map(int, limit)
    except ValueError:  # "max", or neither
        return math.inf
    return quota / period if quota > 0 and period > 0 else math.inf


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []
