"""When a request is made again, and after which pause (specification 10 §1.1 ``--retry-*``, 26 §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from refimpl.errors import StatusError

_OVERLOADED = frozenset({408, 429, 503})
_BROKEN = frozenset({499, 500, 502, 504, 522})
_BROKEN_RETRIES = 2


@record
class Retry:
    """How patient to be with a registry.

    408, 429 and 503 are tried `max_retry` more times, 499, 500, 502, 504 and 522 at most twice more, others never.
    This is the only layer of retries: `ec` has three nested ones, which make 12 requests of one.

    Args:
        max_wait: longest pause in seconds; a ``Retry-After`` beyond it ends the attempts.
        max_retry: further attempts.
        duration: first pause in seconds.
        factor: growth of the pause.
        jitter: part of the pause that chance may add.
    """

    max_wait: float = 3.0
    max_retry: int = 3
    duration: float = 1.0
    factor: float = 2.0
    jitter: float = 0.1

    def pause(self, error: StatusError, attempt: int, chance: Callable[[], float] | None = None) -> float | None:
        """Seconds to wait before trying again, or None for: give up.

        Args:
            error: what the last attempt came to.
            attempt: attempts made so far, from 1.
            chance: gives a number from 0 to 1; by default a random one.
        """
        if error.status in _OVERLOADED:
            allowed = self.max_retry
        elif error.status in _BROKEN:
            allowed = min(self.max_retry, _BROKEN_RETRIES)
        else:
            return None
        if attempt > allowed:
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.max_wait else None
        if chance is None:
            import random  # few requests are made again

            chance = random.random
        pause: float = self.duration * self.factor ** (attempt - 1)
        return min(pause * (1 + self.jitter * chance()), self.max_wait)
