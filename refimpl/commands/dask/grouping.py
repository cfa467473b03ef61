"""Which components go to a worker together, and how many at a time."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import TYPE_CHECKING

from refimpl.errors import InvalidReferenceError
from refimpl.oci.reference import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from refimpl.commands.snapshot import Component

SMALLEST, LARGEST = 50, 200
"""Components in a batch, where there are many: few enough to be judged again, enough to be worth a message."""
_EACH = 2  # batches that each worker gets at least, where there are few components
REMEMBERED = 10_000
"""Digests, repositories, layers: what was met last is known."""

Item = tuple[int, "Component", bytes]
"""A component with the number that it was given with, and what registries said of it: pickled `Answers`, or nothing."""
Batch = list[Item]


def batch_size(count: int, *, sent: int, workers: int, more: bool) -> int:
    """How many components go together.

    Args:
        count: how many there are, as far as is known.
        sent: how many were sent already.
        workers: who share them.
        more: whether there may be any number more than `count`.
    """
    least = SMALLEST if more else min(SMALLEST, math.ceil(count / (_EACH * workers)))
    return max(1, least, min(LARGEST, max(count, sent) // (2 * _EACH * workers)))


class Groups:
    """Components that wait to be sent, each for a worker.

    Args:
        held: how many may wait for longer than for a batch to be full, before the oldest are sent.
    """

    def __init__(self, held: int) -> None:
        self._held = held
        self._waiting: dict[str, Batch] = {}
        self._newest = 0
        self.count = 0

    def add(self, item: Item, home: str) -> None:
        """Let one wait for the worker of this name."""
        self._waiting.setdefault(home, []).append(item)
        self._newest = max(self._newest, item[0])
        self.count += 1

    def take(
        self, size: int, *, all_there_is: bool, is_busy: Callable[[str], bool] = lambda _: False
    ) -> tuple[str, Batch] | None:
        """A batch and the worker that it is for; None if nothing is due.

        Args:
            size: at which a batch is full.
            all_there_is: whether nothing more comes soon, so that batches need not be full.
            is_busy: whether a worker has enough to do, so that what is for others goes first.
        """
        if not self._waiting:
            return None
        oldest = min(waiting[0][0] for waiting in self._waiting.values())
        if all_there_is or self.count >= self._held or self._newest - oldest >= self._held:
            due = self._waiting
        else:
            due = {home: waiting for home, waiting in self._waiting.items() if len(waiting) >= size}
        if not due:
            return None
        home = min(due, key=lambda one: (is_busy(one), due[one][0][0]))
        batch, rest = due[home][:size], due[home][size:]
        if rest:
            self._waiting[home] = rest
        else:
            del self._waiting[home]
        self.count -= len(batch)
        return home, batch


class Repositories:
    """What images go by whose layers aren't known."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def of(self, component: Component) -> str:
        """The repository, or the first one in which its digest was; empty if its reference can't be read."""
        try:
            reference = parse(component.container_image)
        except InvalidReferenceError:
            return ""
        repository = str(reference.repository)
        if not reference.digest:
            return repository
        if len(self._first) >= REMEMBERED and reference.digest not in self._first:
            del self._first[next(iter(self._first))]
        return self._first.setdefault(reference.digest, repository)


@lru_cache(REMEMBERED)
def home_of(key: str, workers: tuple[str, ...]) -> str:
    """The worker for a key, the same as long as it is there; the others' change by little when one comes or goes."""
    return max(workers, key=lambda worker: hashlib.blake2b(f"{worker} {key}".encode(errors="surrogatepass")).digest())
