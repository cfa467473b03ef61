"""Answers that are found once and then shared: single flight, with a bound on what is kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable  # a bound given as text makes Python load its compiler
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from refimpl.deadline import Deadline
    from refimpl.system.exchange import Exchange

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Values by key, each computed by one thread while others that ask for it wait.

    A failure isn't kept: who waited for it gets that very error, who asks later computes anew. Equal errors need equal
    circumstances, so a waiter from another `origin` than the computing thread's tries for itself. When the computing
    thread is interrupted (an exception that is no `Exception`), one of the waiters takes over.

    Args:
        capacity: the sum of weights to keep; the least recently used go first.
        deadline: ends waiting.
        weigh: the weight of a value.
    """

    def __init__(self, capacity: int, deadline: Deadline, weigh: Callable[[V], int] = lambda _: 1) -> None:
        self._capacity = capacity
        self._deadline = deadline
        self._weigh = weigh
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weight = 0
        self._flights: dict[K, _Flight] = {}
        self._exchange: Exchange | None = None
        self._name = ""

    def share(self, exchange: Exchange, name: str, *, capacity: int | None = None) -> None:
        """From now on compute what no other process of the run has computed; `name` is that of this memo in all.

        With a `capacity` no more than that is kept here: the exchange has it, too.
        """
        self._exchange, self._name = exchange, name
        self._capacity = self._capacity if capacity is None else min(self._capacity, capacity)

    def get(self, key: K, compute: Callable[[], V], *, origin: Hashable = None) -> V:
        """The kept value, or the result of `compute`, called by one thread at a time for a key.

        Raises:
            TimeoutExceededError: the deadline passed while another thread computed.
        """
        while True:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key][0]
                flight, landed = self._flights.get(key), None
                if flight is None:
                    flight = self._flights[key] = _Flight(origin)
                else:
                    landed = flight.landed = flight.landed or threading.Event()
            if landed is None:
                return self._lead(key, flight, compute, origin)
            self._deadline.wait(landed)
            if flight.error is None:
                if not flight.abandoned:
                    return cast("V", flight.value)
            elif flight.origin == origin:
                raise flight.error

    def peek(self, key: K) -> V | None:
        """The kept value, if there is one."""
        with self._lock:
            kept = self._kept.get(key)
            return None if kept is None else kept[0]

    def put(self, key: K, value: V) -> None:
        """Keep a value that came to light otherwise."""
        with self._lock:
            self._keep(key, value)

    def forget(self, key: K) -> None:
        """Compute anew next time."""
        with self._lock:
            _, weight = self._kept.pop(key, (None, 0))
            self._weight -= weight

    def _lead(self, key: K, flight: _Flight, compute: Callable[[], V], origin: Hashable) -> V:
        try:
            if self._exchange is None:
                value = compute()
            else:
                value = self._exchange.get((self._name, key), compute, self._deadline, origin=origin)
        except Exception as error:
            flight.error = error
            raise
        else:
            flight.value, flight.abandoned = value, False
            with self._lock:
                self._keep(key, value)
            return value
        finally:
            with self._lock:
                del self._flights[key]
                landed = flight.landed
            if landed is not None:
                landed.set()

    def _keep(self, key: K, value: V) -> None:
        weight = self._weigh(value)
        if key in self._kept or weight > self._capacity:
            return
        self._kept[key] = value, weight
        self._weight += weight
        while self._weight > self._capacity:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._weight -= dropped


class _Flight:
    __slots__ = ("abandoned", "error", "landed", "origin", "value")

    def __init__(self, origin: Hashable) -> None:
        self.origin = origin
        self.landed: threading.Event | None = None  # made by who waits for it, and nearly nobody does
        self.error: Exception | None = None
        self.value: Any = None
        self.abandoned = True
