"""What a gate may do to an answer: one verb each, on chosen requests. Each fault is one that somebody wrote down.

Places in a body, `at`, count bytes of the body as it would be sent; negative ones count from its end, so `-1` is the
place before the last byte. `None` is before the head of the answer, `0` between head and body.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ec_acceptance.testbed.gate.log import Exchange, Log, Match

__all__ = [
    "Answer",
    "Barrier",
    "Close",
    "Delay",
    "EarlyEnd",
    "Encode",
    "FlipBit",
    "FreedError",
    "Hold",
    "Interim",
    "Rate",
    "Redirect",
    "Replace",
    "Reset",
    "Rule",
    "SetHeaders",
    "ShortLength",
    "Stall",
    "Verb",
]


@dataclass(frozen=True, slots=True)
class Hold:
    """Stop at `at` until the rule is released."""

    at: int | None = None


@dataclass(frozen=True, slots=True)
class Barrier:
    """Stop before the head until `count` requests have come here, then release all of them, and those after them."""

    count: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait `seconds` before the head."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Send the body at `bytes_per_second`, each connection for itself."""

    bytes_per_second: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Stop at `at` for ever: until the gate is closed."""

    at: int | None = 0


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection in an orderly way at `at`, short of the announced length."""

    at: int | None = 0


@dataclass(frozen=True, slots=True)
class Reset:
    """Abort the connection at `at` (TCP RST), after what was sent has arrived."""

    at: int | None = 0


@dataclass(frozen=True, slots=True)
class ShortLength:
    """Announce a body of only `length` bytes and send just these."""

    length: int


@dataclass(frozen=True, slots=True)
class EarlyEnd:
    """Send the body chunked, without a length, and end it properly at `at`."""

    at: int


@dataclass(frozen=True, slots=True)
class FlipBit:
    """Turn one bit of the byte at `at` over."""

    at: int
    bit: int = 0


@dataclass(frozen=True, slots=True)
class Replace:
    """Send `body` in place of the true one, with its own length; all other header fields stay."""

    body: bytes


@dataclass(frozen=True, slots=True)
class SetHeaders:
    """Send these header fields in place of those of the same names, and leave out those named in `drop`."""

    fields: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    """Send these header fields twice, with the same values."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Encode:
    """Send the body in a content coding, whatever was asked for: ``gzip``."""

    coding: str


@dataclass(frozen=True, slots=True)
class Interim:
    """Send an interim answer (1xx) before the true one."""

    status: int


@dataclass(frozen=True, slots=True)
class Redirect:
    """Don't ask the registry, but send the client to `location`, and there to what has the last part of the path."""

    location: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Don't ask the registry. Without a `body`, an error status gets one of the protocol's form."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


Verb = (
    Hold
    | Barrier
    | Delay
    | Rate
    | Stall
    | Close
    | Reset
    | ShortLength
    | EarlyEnd
    | FlipBit
    | Replace
    | SetHeaders
    | Repeat
    | Encode
    | Interim
    | Redirect
    | Answer
)

_ON_BODIES = (Rate, ShortLength, EarlyEnd, FlipBit, Replace, Encode)


class FreedError(Exception):
    """The gate was closed while a request was held."""


class Rule:
    """A verb in force for the requests that `match`: for each, for the `nth` one (from 1), or for a range of these.

    `longest_hold` is how long it has held an exchange that went on, in seconds.
    """

    def __init__(self, verb: Verb, match: Match, nth: int | range | None, log: Log, *, seen: int = 0) -> None:
        self.verb = verb
        self.match = match
        self.nth = nth
        self._log = log
        self._seen = seen
        self._hits: list[int] = []
        self._held: list[int] = []
        self._freed: set[int] = set()
        self._open = False
        self.longest_hold = 0.0

    def __str__(self) -> str:
        return f"{self.verb} on {self.match}" + ("" if self.nth is None else f", {self.nth}")

    def take(self, exchange: Exchange) -> bool:
        """Count `exchange` in if it matches; True when the verb is to be applied to it."""
        if not self.match.accepts(exchange) or (exchange.method == "HEAD" and self._needs_body()):
            return False
        with self._log.changed:
            self._seen += 1
            if self.nth is not None and self._seen not in ((self.nth,) if isinstance(self.nth, int) else self.nth):
                return False
            self._hits.append(exchange.number)
            self._log.changed.notify_all()
        return True

    @property
    def hits(self) -> int:
        """To how many requests the verb was applied, or is being applied."""
        with self._log.changed:
            return len(self._hits)

    @property
    def seen(self) -> int:
        """How many requests matched, whether or not the verb was applied to them."""
        with self._log.changed:
            return self._seen

    @property
    def released(self) -> bool:
        """Whether it was released, all of it or a single exchange."""
        with self._log.changed:
            return self._open or bool(self._freed)

    @property
    def held(self) -> tuple[int, ...]:
        """The numbers of the exchanges that are stopped by this rule now."""
        with self._log.changed:
            return tuple(self._held)

    def wait_hits(self, count: int = 1, *, timeout: float) -> None:
        """Return when the verb was applied to `count` requests."""
        self._log.wait_until(lambda: self.hits >= count, timeout=timeout, what=f"{count} hits of {self}")

    def wait_held(self, count: int = 1, *, timeout: float) -> tuple[int, ...]:
        """The numbers of the stopped exchanges, as soon as there are `count`; what was sent before has arrived then."""
        self._log.wait_until(lambda: len(self._held) >= count, timeout=timeout, what=f"{count} held by {self}")
        return self.held

    def release(self) -> None:
        """Release what is held, and hold nothing from now on. A `Stall` isn't released."""
        with self._log.changed:
            self._open = not isinstance(self.verb, Stall)
            self._log.changed.notify_all()

    def release_one(self) -> int:
        """Release the exchange that is held longest and return its number; later ones are still held."""
        with self._log.changed:
            if not self._held or isinstance(self.verb, Stall):
                raise LookupError(f"nothing to release: {self}")
            number = next((number for number in self._held if number not in self._freed), None)
            if number is None:
                raise LookupError(f"nothing to release: {self}")
            self._freed.add(number)
            self._log.changed.notify_all()
            return number

    def hold(self, number: int) -> None:
        """Stop the calling thread, which serves exchange `number`, until its release; FreedError at the gate's end."""
        with self._log.changed:
            self._held.append(number)
            if isinstance(self.verb, Barrier) and len(self._held) >= self.verb.count:
                self._open = True
            self._log.note_state(number, "held")
            begun = time.monotonic()
            self._log.changed.wait_for(lambda: self._open or number in self._freed or self._log.closing.is_set())
            self._held.remove(number)
            self.longest_hold = max(self.longest_hold, time.monotonic() - begun)
            if self._log.closing.is_set():
                raise FreedError
            self._log.note_state(number, "open")

    def pause(self, seconds: float) -> None:
        """Stop the calling thread for a time; FreedError at the gate's end."""
        end = time.monotonic() + seconds
        if self._log.closing.wait(max(0.0, end - time.monotonic())):
            raise FreedError

    def _needs_body(self) -> bool:
        if isinstance(self.verb, Hold | Stall | Close | Reset):
            return self.verb.at is not None
        return isinstance(self.verb, _ON_BODIES)
