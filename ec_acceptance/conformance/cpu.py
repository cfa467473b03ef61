"""What a run takes of the processors: the validator's part, and that of the suite around it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CpuTime", "add_times", "own_time", "used_so_far"]


@dataclass(frozen=True, slots=True)
class CpuTime:
    """Seconds of CPU time, of the user and of the system together.

    Attributes:
        suite: of servers, keys, images, steps: of all but validators.
        validator: of validators and what they started, as far as that was waited for.
    """

    suite: float
    validator: float

    def __add__(self, other: CpuTime) -> CpuTime:
        return CpuTime(self.suite + other.suite, self.validator + other.validator)

    def __str__(self) -> str:
        return f"CPU time {self.validator:.1f} s of the validator, {self.suite:.1f} s of the suite"


def add_times(times: Iterable[CpuTime | None]) -> CpuTime | None:
    """All together; None if one of them isn't known."""
    found = CpuTime(0.0, 0.0)
    for one in times:
        if one is None:
            return None
        found += one
    return found


def used_so_far() -> CpuTime | None:
    """That of this process, and that of its children, which are validators; None where the system doesn't tell."""
    if sys.platform == "win32":
        return None
    import resource  # absent on Windows

    return CpuTime(_seconds(resource.RUSAGE_SELF), _seconds(resource.RUSAGE_CHILDREN))


def own_time() -> CpuTime | None:
    """That of this process alone, whose children have told theirs themselves; None where the system doesn't tell."""
    used = used_so_far()
    return None if used is None else replace(used, validator=0.0)


def _seconds(who: int) -> float:
    import resource

    used = resource.getrusage(who)
    return round(used.ru_utime + used.ru_stime, 3)
