"""Instants as whole nanoseconds since 1970-01-01T00:00:00Z, in the contract's spelling (specification 10 §3.6).

The syntax and its error texts are those of Go's `time.Parse` with the layouts RFC3339 and ``2006-01-02``, which is a
little wider than RFC 3339 itself: one-digit hours, a comma before the fraction, offsets up to 24:60.
Python's `datetime` knows neither nanoseconds nor the year 0, so plain integers are used.
"""

from __future__ import annotations

import re
from datetime import date

from refimpl.golang.utf8 import SURROGATES

SECOND = 1_000_000_000

_DATE = "2006-01-02"
_RFC3339 = "2006-01-02T15:04:05Z07:00"
_USUAL = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z", re.ASCII)
_CYCLE = 146_097  # days in 400 years
_EPOCH = date(1970, 1, 1).toordinal()
_QUOTED = [chr(byte) if 0x20 <= byte < 0x80 else f"\\x{byte:02x}" for byte in range(256)]
_QUOTED[ord('"')], _QUOTED[ord("\\")] = '\\"', "\\\\"


class TimeSyntaxError(ValueError):
    """Not a time in the wanted layout; the text is the contract's, such as ``parsing time "x" as "2006-01-02": …``."""


def parse_rfc3339(text: str) -> int:
    """Nanoseconds of an RFC 3339 date and time; digits after the ninth of a fraction are dropped.

    Raises:
        TimeSyntaxError: anything else.
    """
    found = _USUAL.fullmatch(text)
    return (_usual(*map(int, found.groups())) if found else None) or _Reading(text, _RFC3339).all()


def parse_date(text: str) -> int:
    """Nanoseconds of midnight UTC of a ``YYYY-MM-DD``.

    Raises:
        TimeSyntaxError: anything else.
    """
    return _Reading(text, _DATE).all()


def parse(text: str) -> int:
    """Nanoseconds of an RFC 3339 time or, failing that, of a date.

    Raises:
        TimeSyntaxError: neither; the text has a line for each.
    """
    try:
        return parse_rfc3339(text)
    except TimeSyntaxError as error:
        first = error
    try:
        return parse_date(text)
    except TimeSyntaxError as error:
        raise TimeSyntaxError(f"{first}\n{error}") from None


def format_rfc3339(nanoseconds: int, *, fraction: bool = True) -> str:
    """``2030-01-01T00:00:00.5Z``: UTC, up to nine digits after the point without trailing zeros, or none at all.

    Raises:
        ValueError: the year isn't one of 0 to 9999, in the contract's words.
    """
    seconds, rest = divmod(nanoseconds, SECOND)
    days, seconds = divmod(seconds, 86_400)
    year, month, day = _civil(days)
    if not 0 <= year <= 9999:
        raise ValueError(
            "json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: year outside of range [0,9999]"
        )
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    tail = f".{rest:09d}".rstrip("0") if fraction and rest else ""
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}{tail}Z"


def _usual(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    """The instant of what nearly all texts have; None for one that must be looked at part by part."""
    if hour > 23 or minute > 59 or second > 59:
        return None
    try:
        return (_days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second) * SECOND
    except ValueError:
        return None


class _Reading:
    """One pass over a text by a layout."""

    __slots__ = ("_layout", "_rest", "_text")

    def __init__(self, text: str, layout: str) -> None:
        self._text = self._rest = text
        self._layout = layout

    def all(self) -> int:
        year = self._number("2006", 4)
        self._literal("-")
        month = self._number("01", 2)
        if not 1 <= month <= 12:
            raise self._wrong(": month out of range")
        self._literal("-")
        day = self._number("02", 2)
        seconds = nanoseconds = 0
        if self._layout is _RFC3339:
            self._literal("T")
            seconds, nanoseconds = self._clock()
        if self._rest:
            raise self._wrong(f": extra text: {_quote(self._rest)}")
        try:
            days = _days(year, month, day)
        except ValueError:
            raise self._wrong(": day out of range") from None
        return (days * 86_400 + seconds) * SECOND + nanoseconds

    def _clock(self) -> tuple[int, int]:
        hour = self._within("hour", self._number("15", 2, least=1), 23)
        self._literal(":")
        minute = self._within("minute", self._number("04", 2), 59)
        self._literal(":")
        second = self._within("second", self._number("05", 2), 59)
        nanoseconds = 0
        if self._rest[:1] in (".", ",") and _digit(self._rest[1:2]):
            end = 1
            while _digit(self._rest[end : end + 1]):
                end += 1
            nanoseconds = int(self._rest[1:end][:9].ljust(9, "0"))
            self._rest = self._rest[end:]
        return hour * 3600 + minute * 60 + second - self._offset(), nanoseconds

    def _offset(self) -> int:
        rest = self._rest
        if rest.startswith("Z"):
            self._rest = rest[1:]
            return 0
        sign, hours, minutes = rest[:1], rest[1:3], rest[4:6]
        if sign not in ("+", "-") or rest[3:4] != ":" or not (_digits(hours, 2) and _digits(minutes, 2)):
            raise self._mismatch("Z07:00")
        self._rest = rest[6:]
        self._within("time zone offset hour", int(hours), 24)
        self._within("time zone offset minute", int(minutes), 60)
        return (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1)

    def _number(self, element: str, width: int, *, least: int | None = None) -> int:
        for size in range(width, (least or width) - 1, -1):
            if _digits(self._rest[:size], size):
                number, self._rest = int(self._rest[:size]), self._rest[size:]
                return number
        raise self._mismatch(element)

    def _literal(self, character: str) -> None:
        if not self._rest.startswith(character):
            raise self._mismatch(character)
        self._rest = self._rest[1:]

    def _within(self, name: str, number: int, most: int) -> int:
        if number > most:
            raise self._wrong(f": {name} out of range")
        return number

    def _mismatch(self, element: str) -> TimeSyntaxError:
        return self._wrong(f" as {_quote(self._layout)}: cannot parse {_quote(self._rest)} as {_quote(element)}")

    def _wrong(self, what: str) -> TimeSyntaxError:
        return TimeSyntaxError(f"parsing time {_quote(self._text)}{what}")


def _digit(character: str) -> bool:
    return character.isascii() and character.isdigit()


def _digits(text: str, count: int) -> bool:
    return len(text) == count and text.isascii() and text.isdigit()


def _quote(text: str) -> str:
    return '"' + "".join(map(_QUOTED.__getitem__, text.encode(errors=SURROGATES))) + '"'


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01. `datetime` has no year 0, but the calendar repeats itself every 400 years."""
    cycles, rest = divmod(year, 400)
    return date(rest + 400, month, day).toordinal() + (cycles - 1) * _CYCLE - _EPOCH


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01: the inverse of `_days`."""
    cycles, rest = divmod(days + _EPOCH - 1, _CYCLE)
    found = date.fromordinal(rest + 1)
    return found.year + cycles * 400, found.month, found.day
