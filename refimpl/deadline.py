"""The time a run may take (``--timeout``), shared by everything that waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from refimpl.errors import TimeoutExceededError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_NANOSECOND = 1_000_000_000


class Deadline:
    """An instant after which nothing new is begun and nothing is waited for.

    Args:
        seconds: from now; None never ends, zero or less is over at once.
        clock: monotonic seconds.
    """

    __slots__ = ("_clock", "_end", "_seconds")

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds

    @property
    def expired(self) -> bool:
        """Whether the time is over."""
        return self._end is not None and self._clock() >= self._end

    @property
    def limit_text(self) -> str:
        """The whole time in Go's spelling, such as ``5m0s``; empty without a limit."""
        return "" if self._seconds is None else duration_text(self._seconds)

    def remaining(self) -> float | None:
        """Seconds left, more than zero; None without a limit.

        Raises:
            TimeoutExceededError: the time is over.
        """
        if self._end is None:
            return None
        left = self._end - self._clock()
        if left <= 0:
            raise self.timeout_error()
        return left

    def cap(self, seconds: float) -> float:
        """The lesser of `seconds` and what is left.

        Raises:
            TimeoutExceededError: the time is over.
        """
        left = self.remaining()
        return seconds if left is None else min(seconds, left)

    def check(self) -> None:
        """Continue only while there is time.

        Raises:
            TimeoutExceededError: the time is over.
        """
        if self.expired:
            raise self.timeout_error()

    def wait(self, event: threading.Event, seconds: float | None = None) -> bool:
        """Wait for `event`, at most `seconds`; tells whether it is set.

        Raises:
            TimeoutExceededError: the time was over before either.
        """
        left = self.remaining()
        if seconds is None or (left is not None and left < seconds):
            if event.wait(left):
                return True
            raise self.timeout_error()
        return event.wait(seconds)

    def timeout_error(self) -> TimeoutExceededError:
        """The error that says so (specification 26 §1)."""
        return TimeoutExceededError(
            f"exceeded allowed execution time of {self.limit_text}, "
            "the timeout can be adjusted using the --timeout command line argument"
        )


def duration_text(seconds: float) -> str:
    """A duration as Go's ``time.Duration`` prints it: ``5m0s``, ``1.5s``, ``1ms``, ``100µs``, ``0s``."""
    total = round(seconds * _NANOSECOND)
    sign, total = ("-", -total) if total < 0 else ("", total)
    if total == 0:
        return "0s"
    for unit, size in (("ns", 1_000), ("µs", 1_000_000), ("ms", _NANOSECOND)):
        if total < size:
            return f"{sign}{_decimal(total, size // 1_000)}{unit}"
    minutes, rest = divmod(total, 60 * _NANOSECOND)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, _NANOSECOND)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else sign + text


def _decimal(amount: int, unit: int) -> str:
    whole, part = divmod(amount, unit)
    if not part:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}.{part:0{digits}d}".rstrip("0")
