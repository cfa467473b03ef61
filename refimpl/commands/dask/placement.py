"""Which worker judges an image whose layers are known: one that has the most of them, unless it has much more to do."""

from __future__ import annotations

from collections import Counter

from refimpl.commands.dask.grouping import LARGEST, REMEMBERED, home_of

Layers = tuple[tuple[str, int], ...]
"""Digests of layers, with their sizes in bytes."""

_SLACK = LARGEST
"""Images that a worker may have to do more than the one that has fewest, before that one gets the layers, too."""
_SHARE = 1.25  # of an equal share of all images: what a worker may have of those that could be anywhere
_WORTH = 10  # the part of an image's bytes, as a divisor, for which it isn't just anywhere


class Placement:
    """Where images go, by who has their layers after all that went there before. A bounded number of them is known."""

    def __init__(self) -> None:
        self._holders: dict[str, dict[str, None]] = {}  # workers by layer or repository, the last used at the end
        self._to_do: Counter[str] = Counter()

    def place(self, repository: str, layers: Layers, workers: tuple[str, ...]) -> str:
        """Choose the worker for an image that is judged next, by their names.

        Args:
            repository: whose images go to one worker, if nothing else tells where to.
            layers: the largest ones.
            workers: all of them, at least one.
        """
        home = self._choose(repository, layers, workers)
        self._to_do[home] += 1
        for name in (repository, *(digest for digest, _ in layers)):
            holders = self._holders.pop(name, {})
            holders[home] = None
            self._holders[name] = holders
        while len(self._holders) > REMEMBERED:
            del self._holders[next(iter(self._holders))]
        return home

    def finish(self, home: str, count: int) -> None:
        """Tell that so many of a worker's images are judged, by whomever."""
        self._to_do[home] -= count

    def _choose(self, repository: str, layers: Layers, workers: tuple[str, ...]) -> str:
        to_do = {worker: self._to_do[worker] for worker in workers}
        least = min(to_do.values())
        free = {worker for worker, count in to_do.items() if count < least + _SLACK}
        held: Counter[str] = Counter()
        for digest, size in layers:
            held.update(dict.fromkeys(self._holders.get(digest, ()), size))
        enough = sum(size for _, size in layers) / _WORTH
        having = [one for one, size in held.items() if size > enough and one in free]
        if having:
            return max(having, key=lambda one: (held[one], -to_do[one]))
        for one in self._holders.get(repository, ()):
            if one in free:
                return one
        favourite = home_of(repository, workers)
        if to_do[favourite] + 1 <= _SHARE * (sum(to_do.values()) + 1) / len(workers):
            return favourite
        return home_of(repository, tuple(one for one in workers if to_do[one] == least))
