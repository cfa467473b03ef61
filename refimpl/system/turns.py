"""Whose turn it is: of things that wait, those of whom fewest are being worked on, and then those that came first."""

from __future__ import annotations

import threading
from collections import Counter, deque
from itertools import count
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

AHEAD: Final = 1000
"""How many things are known before it is their turn, and how many may be done before an earlier one is."""

_T = TypeVar("_T")


class Turns(Generic[_T]):
    """Hands out things to whoever iterates over it, one at a time, and is told by any thread what has ended.

    Args:
        things: to work on.
        group: whom a thing is of. No group has more of its things worked on than another one whose things wait, but
            for those that were begun before the other's were known.
        ahead: how many things are taken before it is their turn. With one they come in their order.
        window: how many things may be done while an earlier one isn't; None for any number. Nothing more is taken then.
    """

    def __init__(
        self,
        things: Iterable[_T],
        group: Callable[[_T], str],
        *,
        ahead: int = AHEAD,
        window: int | None = None,
    ) -> None:
        self._things = enumerate(things)
        self._group = group
        self._ahead = ahead
        self._window = window
        self._waiting: dict[str, deque[tuple[int, _T]]] = {}
        self._changed = threading.Condition()  # what follows belongs to all threads
        self._working: Counter[str] = Counter()
        self._handed: dict[int, tuple[int, _T, str]] = {}
        self._done: set[int] = set()
        self._first = 0  # that isn't done

    def __iter__(self) -> Iterator[_T]:
        """Each thing when it is its turn; waits while the window is full."""
        taken = waiting = 0
        more = True
        for handed in count():
            while not waiting or (more and waiting < self._ahead and self._is_open(taken)):
                if not more:
                    return
                self._await_window(taken)
                following = next(self._things, None)  # outside of the lock, as it may take long
                if following is None:
                    more = False
                    continue
                taken, waiting = taken + 1, waiting + 1
                self._waiting.setdefault(self._group(following[1]), deque()).append(following)
            waiting -= 1
            yield self._hand_out(handed)

    def end(self, handed: int) -> None:
        """Tell that nobody works on a thing any more, before somebody takes another one.

        Args:
            handed: its number, from 0, in the order in which things were handed out.
        """
        with self._changed:
            group = self._handed[handed][2]
            self._working[group] -= 1
            if not self._working[group]:
                del self._working[group]

    def settle(self, handed: int) -> tuple[int, _T]:
        """Tell that what came of a thing has been taken.

        Args:
            handed: its number as in `end`, which comes before.

        Returns:
            Its number among all things, from 0, and the thing.
        """
        with self._changed:
            number, thing, _ = self._handed.pop(handed)
            if self._window is not None:
                self._done.add(number)
                while self._first in self._done:
                    self._done.remove(self._first)
                    self._first += 1
                self._changed.notify()
        return number, thing

    def _is_open(self, taken: int) -> bool:
        """Whether one more may be taken when so many were."""
        return self._window is None or taken - self._first < self._window

    def _await_window(self, taken: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_open(taken))

    def _hand_out(self, handed: int) -> _T:
        with self._changed:
            group = min(self._waiting, key=lambda one: (self._working[one], self._waiting[one][0][0]))
            queue = self._waiting[group]
            number, thing = queue.popleft()
            if not queue:
                del self._waiting[group]
            self._working[group] += 1
            self._handed[handed] = number, thing, group
        return thing
