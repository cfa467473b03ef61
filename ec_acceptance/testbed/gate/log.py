"""What a gate saw: every request, how far its answer got, and ways to wait for what is still to come."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from ec_acceptance.testbed.registry.routes import Kind, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from ec_acceptance.testbed.servers.http import Headers, Request

__all__ = ["Exchange", "Log", "Match", "NotReachedError", "RequestFilter", "State"]

_GLANCE = 0.05  # seconds

State = Literal["open", "held", "done", "cut", "gone"]
"""`open`: on its way. `held`: stopped by a rule. `done`: sent to its end. `cut`: ended by a rule. `gone`: peer left."""


class NotReachedError(Exception):
    """What a scenario wanted to steer to didn't come about: the scenario proved nothing, either way."""


class RequestFilter(TypedDict, total=False):
    """The members of `Match`, as keyword arguments."""

    method: str | None
    kind: Kind | None
    repository: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests are meant; None stands for any. `reference` is a tag, a digest or an upload's id, as requested."""

    method: str | None = None
    kind: Kind | None = None
    repository: str | None = None
    reference: str | None = None

    def accepts(self, exchange: Exchange) -> bool:
        """Whether `exchange` is one of them."""
        return (
            self.method in {None, exchange.method}
            and self.kind in {None, exchange.kind}
            and self.repository in {None, exchange.repository}
            and self.reference in {None, exchange.reference}
        )

    def __str__(self) -> str:
        words = (self.method, self.kind, self.repository, self.reference)
        return " ".join(word for word in words if word is not None) or "any request"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer so far.

    Names are the scenario's own. `received` and `sent` count the bytes of the request's and of the answer's body. Times
    are those of `time.monotonic`: `started` when the request was read, `answered` when the head was sent, `ended` when
    the answer was over; `holds` are the times at which a rule stopped it and let it resume, None while it is stopped.
    """

    number: int
    method: str
    path: str
    query: str
    kind: Kind
    repository: str
    reference: str
    headers: Headers
    received: int
    started: float
    answered: float | None = None
    ended: float | None = None
    status: int | None = None
    sent: int = 0
    state: State = "open"
    holds: tuple[tuple[float, float | None], ...] = ()

    @property
    def user_agent(self) -> str:
        """Who asked, by its own account; empty when it didn't say."""
        return self.headers.get("User-Agent", "")

    def __str__(self) -> str:
        target = self.path + (f"?{self.query}" if self.query else "")
        return f"{self.number} {self.method} {target} → {self.status or '–'}, {self.sent} bytes, {self.state}"


class Log:
    """The exchanges of one gate, in order of arrival; safe from many threads.

    `changed` is notified at every event, so that anything about the log can be waited for.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.closing = threading.Event()
        self._exchanges: list[Exchange] = []
        self._last = time.monotonic()

    def open(self, request: Request) -> Exchange:
        """Note a request that has arrived."""
        route = Route.of(request.path)
        with self.changed:
            exchange = Exchange(
                len(self._exchanges),
                request.method,
                request.path,
                request.raw_query,
                route.kind,
                route.repository,
                route.reference,
                request.headers,
                len(request.body),
                self._now(),
            )
            self._exchanges.append(exchange)
            self.changed.notify_all()
        return exchange

    def note_answer(self, number: int, status: int) -> None:
        """Note that the head of the answer was sent."""
        self._update(number, answered=self._now(), status=status)

    def note_sent(self, number: int, size: int) -> None:
        """Note `size` more bytes of the body."""
        with self.changed:
            self._update(number, sent=self._exchanges[number].sent + size)

    def note_state(self, number: int, state: State) -> None:
        """Note a new state; all but `open` and `held` end the exchange."""
        with self.changed:
            now, holds = self._now(), self._exchanges[number].holds
            if holds and holds[-1][1] is None:
                holds = (*holds[:-1], (holds[-1][0], now))
            if state == "held":
                holds = (*holds, (now, None))
            ended = None if state in {"open", "held"} else now
            self._update(number, state=state, holds=holds, ended=ended)

    def close(self) -> None:
        """Free whoever waits here."""
        self.closing.set()
        self.wake()

    def wake(self) -> None:
        """Let waiters look again; for what they watch besides the log, such as the end of a process."""
        with self.changed:
            self.changed.notify_all()

    def mark(self) -> int:
        """A place in the log, for `since`: requests from now on have at least this number."""
        with self.changed:
            return len(self._exchanges)

    def requests(self, *, since: int = 0, **wanted: Unpack[RequestFilter]) -> tuple[Exchange, ...]:
        """The wanted exchanges from number `since` on."""
        match = Match(**wanted)
        with self.changed:
            return tuple(exchange for exchange in self._exchanges[since:] if match.accepts(exchange))

    def wait_until(self, condition: Callable[[], bool], *, timeout: float, what: str = "what was awaited") -> None:
        """Return once `condition` holds; NotReachedError after `timeout`.

        It is looked at whenever something happens here, and now and then: it may be about files, too.
        """
        until = time.monotonic() + timeout
        with self.changed:
            while not condition():
                left = until - time.monotonic()
                if left <= 0 or self.closing.is_set():
                    raise NotReachedError(self._missing(what))
                self.changed.wait(min(left, _GLANCE))

    def wait_for(
        self, count: int = 1, *, timeout: float, since: int = 0, **wanted: Unpack[RequestFilter]
    ) -> tuple[Exchange, ...]:
        """The wanted exchanges, as soon as there are `count` of them."""
        what = f"{count} × {Match(**wanted)}"
        self.wait_until(lambda: len(self.requests(since=since, **wanted)) >= count, timeout=timeout, what=what)
        return self.requests(since=since, **wanted)

    def complete(self, *, timeout: float = 20.0) -> None:
        """Return when no answer is under way, held ones aside: a client may be done before its answers are noted."""
        self.wait_until(lambda: not self._busy(), timeout=timeout, what="the end of all answers")

    def wait_until_quiescent(self, quiet: float = 1.0, *, timeout: float) -> None:
        """Return when nothing happened for `quiet` seconds, with every request held or answered."""
        begun = time.monotonic()
        with self.changed:
            while True:
                now = time.monotonic()
                left = timeout - (now - begun)
                if left <= 0 or self.closing.is_set():
                    raise NotReachedError(self._missing(f"{quiet} s of quiet"))
                if not self._busy():
                    still = quiet - (now - max(self._last, begun))
                    if still <= 0:
                        return
                    left = min(left, still)
                self.changed.wait(left)

    def longest_gap(self, *, since: int = 0) -> float:
        """The longest time without an event, in seconds, between the first and the last one from `since` on."""
        times = sorted(
            moment
            for exchange in self.requests(since=since)
            for moment in (exchange.started, exchange.answered, exchange.ended)
            if moment is not None
        )
        return max((after - before for before, after in itertools.pairwise(times)), default=0.0)

    def idle(self) -> float:
        """Seconds since the last event, if there was one and every request is answered to its end; else 0."""
        with self.changed:
            under_way = any(exchange.ended is None for exchange in self._exchanges)
            return time.monotonic() - self._last if self._exchanges and not under_way else 0.0

    def _busy(self) -> bool:
        return any(exchange.state == "open" for exchange in self._exchanges)

    def _update(self, number: int, **changes: Any) -> None:
        with self.changed:
            self._exchanges[number] = replace(self._exchanges[number], **changes)
            self._now()
            self.changed.notify_all()

    def _now(self) -> float:
        self._last = time.monotonic()
        return self._last

    def _missing(self, what: str) -> str:
        return "\n".join([f"not reached: {what}; the log has", *(str(exchange) for exchange in self._exchanges[-40:])])
