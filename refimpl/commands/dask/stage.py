"""What waits for workers, and what is on its way to them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from refimpl.commands.dask.grouping import Groups
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Future

    from refimpl.commands.dask.grouping import Batch


@record
class Sent:
    """A batch on its way.

    Attributes:
        home: the worker that it is for.
        batch: what is sent.
        tries: how often it was.
    """

    home: str
    batch: Batch
    tries: int = 1


class Stage:
    """What workers do with each component: reading its manifest comes first, then judging.

    Attributes:
        waiting: for it.
        sent: to workers.
        work: what a worker carries out.
        ahead: how many batches are on their way at most for each that workers can work on at a time.
        priority: among what waits at a worker.
    """

    def __init__(self, work: Callable[..., bytes], *, held: int, ahead: int, priority: int) -> None:
        self.waiting = Groups(held)
        self.sent: dict[Future[bytes], Sent] = {}
        self.work = work
        self.ahead = ahead
        self.priority = priority
        self._at: Counter[str] = Counter()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, and nothing is on its way."""
        return not (self.sent or self.waiting.count)

    def add(self, future: Future[bytes], sent: Sent) -> None:
        """Note that a batch is on its way."""
        self.sent[future] = sent
        self._at[sent.home] += 1

    def remove(self, future: Future[bytes]) -> Sent:
        """Note that it no longer is."""
        sent = self.sent.pop(future)
        self._at[sent.home] -= 1
        return sent

    def is_busy(self, home: str) -> bool:
        """Whether a worker has as many batches as it needs."""
        return self._at[home] >= self.ahead
