"""Which components go to a worker together: those whose layers it will have, of one repository or one digest."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import TYPE_CHECKING

from refimpl.errors import InvalidReferenceError
from refimpl.oci.reference import parse

if TYPE_CHECKING:
    from refimpl.commands.snapshot import Component

SMALLEST, LARGEST = 50, 200
"""Components in a batch, where there are many: few enough to be judged again, enough to be worth a message."""
_EACH = 2  # batches that each worker gets at least, where there are few components
_REMEMBERED = 10_000  # digests, and repositories

Batch = list[tuple[int, "Component"]]
"""Components with the numbers that they were given with."""


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
    """Components that wait to be sent, each for the worker that has judged, or will judge, what is like it.

    Args:
        held: how many may wait for longer than for a batch to be full, before the oldest are sent.
    """

    def __init__(self, held: int) -> None:
        self._held = held
        self._waiting: dict[str, Batch] = {}
        self._first: dict[str, str] = {}
        self._newest = 0
        self.count = 0

    def add(self, number: int, component: Component, workers: tuple[str, ...]) -> None:
        """Let one wait; `workers` are the addresses of all, at least one."""
        home = home_of(self._key(component), workers)
        self._waiting.setdefault(home, []).append((number, component))
        self._newest = number
        self.count += 1

    def take(self, size: int, *, all_there_is: bool) -> tuple[str, Batch] | None:
        """A batch and the address that it is for; None if nothing is due.

        Args:
            size: at which a batch is full.
            all_there_is: whether nothing more comes soon, so that batches need not be full.
        """
        if not self._waiting:
            return None
        home, oldest = min(self._waiting.items(), key=lambda one: one[1][0][0])
        if not (all_there_is or self.count >= self._held or self._newest - oldest[0][0] >= self._held):
            home, oldest = max(self._waiting.items(), key=lambda one: len(one[1]))
            if len(oldest) < size:
                return None
        batch, rest = oldest[:size], oldest[size:]
        if rest:
            self._waiting[home] = rest
        else:
            del self._waiting[home]
        self.count -= len(batch)
        return home, batch

    def _key(self, component: Component) -> str:
        """The repository, or the first one in which its digest was."""
        try:
            reference = parse(component.container_image)
        except InvalidReferenceError:
            return ""
        repository = str(reference.repository)
        if not reference.digest:
            return repository
        if len(self._first) >= _REMEMBERED and reference.digest not in self._first:
            del self._first[next(iter(self._first))]
        return self._first.setdefault(reference.digest, repository)


@lru_cache(_REMEMBERED)
def home_of(key: str, workers: tuple[str, ...]) -> str:
    """The worker for a key, the same as long as it is there; the others' change by little when one comes or goes."""
    return max(workers, key=lambda worker: hashlib.blake2b(f"{worker} {key}".encode(errors="surrogatepass")).digest())
