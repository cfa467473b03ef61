"""One answer on its way through the gate, with the rules that apply to it."""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from ec_acceptance.testbed.gate.rules import (
    Answer,
    Barrier,
    Close,
    Delay,
    EarlyEnd,
    Encode,
    FlipBit,
    FreedError,
    Hold,
    Interim,
    Rate,
    Redirect,
    Repeat,
    Replace,
    Reset,
    SetHeaders,
    ShortLength,
    Stall,
)
from ec_acceptance.testbed.registry.errors import error_response
from ec_acceptance.testbed.servers.http import Body, Response, slices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ec_acceptance.testbed.gate.log import Exchange, Log
    from ec_acceptance.testbed.gate.rules import Rule
    from ec_acceptance.testbed.servers.http import Handler, Request, Wire

__all__ = ["InapplicableRuleError", "Transfer"]

_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "NOT_FOUND", 429: "TOOMANYREQUESTS"}
_BODILESS = frozenset({204, 304})
_PACE = 1 << 16

_PLACED = (Hold, Stall, Close, Reset, ShortLength, EarlyEnd)


class InapplicableRuleError(Exception):
    """A rule that cannot be carried out on the answer at hand, such as a place beyond the body's end."""


class _Cut(Exception):  # noqa: N818  # a way out of nested loops, not a mistake
    """A rule has ended the answer."""


class Transfer:
    """Answers one exchange: waits, asks `forward`, changes what came and sends it, as `rules` say."""

    def __init__(
        self, exchange: Exchange, request: Request, forward: Handler, rules: tuple[Rule, ...], log: Log
    ) -> None:
        self._number = exchange.number
        self._request = request
        self._forward = forward
        self._rules = rules
        self._log = log

    def run(self, wire: Wire) -> None:
        """Do it all; the writer of a `Response`."""
        try:
            for rule in self._rules:
                self._before_head(rule, wire)
            self._send(wire, self._change(self._response()))
        except _Cut:
            self._log.note_state(self._number, "cut")
        except FreedError:
            wire.reset(drained=False)
            self._log.note_state(self._number, "cut")
        except OSError:
            self._log.note_state(self._number, "gone")
            raise
        except Exception:
            wire.reset(drained=False)
            self._log.note_state(self._number, "cut")
            raise
        else:
            self._log.note_state(self._number, "done")

    def _before_head(self, rule: Rule, wire: Wire) -> None:
        verb = rule.verb
        match verb:
            case Delay(seconds):
                rule.pause(seconds)
            case Barrier():
                rule.hold(self._number)
            case Hold(None) | Stall(None) | Close(None) | Reset(None):
                self._stop(rule, wire)
            case _:
                pass  # of what comes later

    def _stop(self, rule: Rule, wire: Wire) -> None:
        match rule.verb:
            case Close():
                wire.close()
                raise _Cut
            case Reset():
                wire.reset()
                raise _Cut
            case _:
                wire.drain()
                rule.hold(self._number)

    def _response(self) -> Response:
        for rule in self._rules:
            match rule.verb:
                case Answer():
                    return _make_up(rule.verb)
                case Redirect(location):
                    there = f"{location}/{self._request.path.rpartition('/')[2]}"
                    return Response(307, (("Location", there.encode().decode("latin-1")),))  # UTF-8 on the wire
                case _:
                    pass  # the answer is the registry's own
        return self._forward(self._request)

    def _change(self, response: Response) -> Response:
        headers, body = response.headers, response.body
        for rule in self._rules:
            match rule.verb:
                case SetHeaders(fields, drop):
                    gone = {name.lower() for name, _ in fields} | {name.lower() for name in drop}
                    headers = tuple(item for item in headers if item[0].lower() not in gone) + fields
                case Repeat(names):
                    wanted = {name.lower() for name in names}
                    headers += tuple(item for item in headers if item[0].lower() in wanted)
                case Replace(other):
                    headers = _without_length(headers)
                    _end(body)
                    body = other
                case Encode(coding):
                    body = gzip.compress(b"".join(map(bytes, slices(body))), mtime=0)
                    headers = (*_without_length(headers), ("Content-Encoding", coding))
                case FlipBit(at, bit):
                    size, body = _measure(headers, body)
                    body = _flip(body, _place(rule, at, size), bit)
                    headers = (*_without_length(headers), ("Content-Length", str(size)))
                case _:
                    pass  # changes neither head nor body
        return Response(response.status, headers, body)

    def _send(self, wire: Wire, response: Response) -> None:
        headers, body = response.headers, response.body
        if self._request.method == "HEAD" or response.status in _BODILESS:
            _end(body)
            size = _length(headers, body)
            if size is not None and response.status not in _BODILESS:
                headers = (*_without_length(headers), ("Content-Length", str(size)))
            self._head(wire, response.status, headers)
            wire.flush()
            return
        size = _length(headers, body)
        if any(isinstance(rule.verb, _PLACED) for rule in self._rules):
            size, body = _measure(headers, body)
        plan = _Plan.of(self._rules, size)
        chunked = plan.early is not None or size is None
        length = size if plan.short is None else plan.short
        framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(length))
        try:
            self._head(wire, response.status, (*_without_length(headers), framing))
            limit = plan.early if plan.early is not None else plan.short
            parts = slices(body) if limit is None else _until(limit, slices(body))
            if plan.stops or plan.pace:
                wire.flush()
                parts = self._stop_between(wire, parts, plan)
            for part in parts:
                wire.write(b"%x\r\n%b\r\n" % (len(part), bytes(part)) if chunked else part)
                self._log.note_sent(self._number, len(part))
            if chunked:
                wire.write(b"0\r\n\r\n")
            wire.flush()
        finally:
            _end(body)

    def _head(self, wire: Wire, status: int, headers: Iterable[tuple[str, str]]) -> None:
        for rule in self._rules:
            if isinstance(rule.verb, Interim):
                wire.write(b"HTTP/1.1 %d Interim\r\nLink: </elsewhere>; rel=preload\r\n\r\n" % rule.verb.status)
        wire.head(status, headers)
        self._log.note_answer(self._number, status)

    def _stop_between(
        self, wire: Wire, parts: Iterator[bytes | memoryview], plan: _Plan
    ) -> Iterator[bytes | memoryview]:
        """The same bytes, cut so that each stop falls between two parts; what was yielded was sent when it resumes."""
        sent, begun, stops = 0, time.monotonic(), list(plan.stops)
        for part in parts:
            view = memoryview(part)
            while view:
                while stops and stops[0][0] == sent:
                    self._stop(stops.pop(0)[1], wire)
                step = stops[0][0] - sent if stops else len(view)
                if plan.pace is not None:
                    step = min(step, _PACE)
                    plan.pace.pause(begun + sent / plan.bytes_per_second - time.monotonic())
                piece, view = view[:step], view[step:]
                sent += len(piece)
                yield piece
        for place, rule in stops:
            if place == sent:
                self._stop(rule, wire)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the rules make of a body: stops in the order of their places, wrong lengths to announce, a pace."""

    stops: tuple[tuple[int, Rule], ...]
    short: int | None
    early: int | None
    pace: Rule | None
    bytes_per_second: float

    @classmethod
    def of(cls, rules: tuple[Rule, ...], size: int | None) -> _Plan:
        stops: list[tuple[int, Rule]] = []
        short = early = pace = None
        speed = 0.0
        for rule in rules:
            match rule.verb:
                case Hold(int(at)) | Stall(int(at)) | Close(int(at)) | Reset(int(at)):
                    stops.append((_place(rule, at, size), rule))
                case ShortLength(length):
                    short = _place(rule, length, size)
                case EarlyEnd(at):
                    early = _place(rule, at, size)
                case Rate(speed):
                    pace = rule
                case _:
                    pass  # nothing that happens within a body
        return cls(tuple(sorted(stops, key=itemgetter(0))), short, early, pace, speed)


def _make_up(verb: Answer) -> Response:
    if verb.body is not None:
        return Response(verb.status, verb.headers, verb.body)
    if verb.status < 400:  # where errors begin (RFC 9110 §15)
        return Response(verb.status, verb.headers)
    return error_response(
        verb.status, _CODES.get(verb.status, "UNKNOWN"), f"status {verb.status}", headers=verb.headers
    )


def _place(rule: Rule, at: int, size: int | None) -> int:
    assert size is not None, "bodies with places have been measured"
    place = size + at if at < 0 else at
    if not 0 <= place <= size:
        raise InapplicableRuleError(f"{rule}: the body has only {size} bytes")
    return place


def _length(headers: Iterable[tuple[str, str]], body: Body) -> int | None:
    for name, value in headers:
        if name.lower() == "content-length":
            return int(value)
    return len(body) if isinstance(body, bytes | memoryview) else None


def _measure(headers: Iterable[tuple[str, str]], body: Body) -> tuple[int, Body]:
    """The body's length, and the body; it is read whole when the registry didn't announce its length."""
    size = _length(headers, body)
    if size is None:
        body = b"".join(slices(body))
        size = len(body)
    return size, body


def _without_length(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(item for item in headers if item[0].lower() != "content-length")


def _until(limit: int, parts: Iterator[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    left = limit
    for part in parts:
        if left <= 0:
            return
        yield part[:left]
        left -= len(part)


def _flip(body: Body, place: int, bit: int) -> Iterator[bytes]:
    at = 0
    for part in slices(body):
        if at <= place < at + len(part):
            changed = bytearray(part)
            changed[place - at] ^= 1 << bit
            yield bytes(changed)
        else:
            yield bytes(part)
        at += len(part)


def _end(body: Body) -> None:
    """Give back what a streamed body holds, such as its connection."""
    close = getattr(body, "close", None)
    if callable(close):
        close()
