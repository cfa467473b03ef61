"""The values that flags take, read as Go's strconv, time and encoding/csv read them.

Each reader raises `ValueError` whose text is Go's own (specification 10 §1.1, parsing rules).
"""

from __future__ import annotations

from refimpl.golang.quoting import quote

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_INT64_MAX = (1 << 63) - 1
_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "\N{MICRO SIGN}s": 1_000,
    "\N{GREEK SMALL LETTER MU}s": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}


def parse_bool(text: str) -> bool:
    """Read one of the twelve boolean words."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise _number_error("ParseBool", text)


def parse_int(text: str) -> int:
    """Read a 64-bit integer; the prefixes 0x, 0o, 0b and 0 give the base, underscores may separate digits."""
    body = text[1:] if text[:1] in ("+", "-") else text
    if not (body.isascii() and body[:1].isalnum() and not body[-1:].isspace()):
        raise _number_error("ParseInt", text)
    if body[0] == "0" and (body[1:2].isdigit() or body[1:2] == "_"):
        body = "0o" + body[1:]
    try:
        number = int(body, 0)
    except ValueError:
        raise _number_error("ParseInt", text) from None
    if text[0] == "-":
        number = -number
    if not -_INT64_MAX - 1 <= number <= _INT64_MAX:
        raise _number_error("ParseInt", text, "value out of range")
    return number


def parse_float(text: str) -> float:
    """Read a 64-bit float: decimal, hexadecimal with an exponent, ``inf`` or ``nan``."""
    body = text[1:] if text[:1] in ("+", "-") else text
    lowered = body.lower()
    if not (body.isascii() and (body[:1].isalnum() or body[:1] == ".") and not body[-1:].isspace()):
        raise _number_error("ParseFloat", text)
    hexadecimal = lowered.startswith("0x")
    if (hexadecimal and "p" not in lowered) or (lowered == "nan" and body is not text):
        raise _number_error("ParseFloat", text)
    try:
        number = float.fromhex(lowered.replace("_", "")) if hexadecimal else float(body)
    except OverflowError:
        raise _number_error("ParseFloat", text, "value out of range") from None
    except ValueError:
        raise _number_error("ParseFloat", text) from None
    if number == float("inf") and lowered not in ("inf", "infinity"):
        raise _number_error("ParseFloat", text, "value out of range")
    return -number if text[0] == "-" else number


def parse_duration(text: str) -> float:
    """Read a duration such as ``1h2m3.5s``; gives seconds."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0.0
    invalid = ValueError(f"time: invalid duration {quote(text)}")
    if not rest:
        raise invalid
    negative = text[0] == "-"
    total = 0
    while rest:
        whole, rest = _digits(rest)
        fraction = ""
        if rest[:1] == ".":
            fraction, rest = _digits(rest[1:])
        if not whole and not fraction:
            raise invalid
        end = 0
        while end < len(rest) and rest[end] != "." and not _is_digit(rest[end]):
            end += 1
        unit, rest = rest[:end], rest[end:]
        if not unit:
            raise ValueError(f"time: missing unit in duration {quote(text)}")
        scale = _NANOSECONDS.get(unit)
        if scale is None:
            raise ValueError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
        total += int(whole or "0") * scale
        if fraction:
            total += int(fraction) * scale // 10 ** len(fraction)
        if total > _INT64_MAX + negative:
            raise invalid
    return -total / 1e9 if negative else total / 1e9


def parse_list(text: str) -> list[str]:
    """Read one line of CSV; an empty text gives no element."""
    if not text:
        return []
    if '"' not in text and "\n" not in text and "\r" not in text:
        return text.split(",")
    return _CSVRecord(text).fields()


READERS = {"bool": parse_bool, "duration": parse_duration, "float": parse_float, "int": parse_int}
"""By the kind of a flag."""


class _CSVRecord:
    """The first record of a CSV text, with the line and byte column of a mistake."""

    def __init__(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape").removesuffix(b"\r").replace(b"\r\n", b"\n")
        *ended, last = data.split(b"\n")
        self._lines = [line + b"\n" for line in ended] + [last]
        self._number = 0

    def fields(self) -> list[str]:
        """Split the record.

        Raises:
            ValueError: a quote stands where none may, or the text has no record.
        """
        line = self._next_line()
        while line == b"\n":
            line = self._next_line()
        if not line:
            raise ValueError("EOF")
        self._start = self._number
        column = 1
        found: list[bytes] = []
        while True:
            if not line.startswith(b'"'):
                field, comma, rest = line.partition(b",")
                if not comma:
                    field = field.removesuffix(b"\n")
                if b'"' in field:
                    raise self._mistake(column + field.index(b'"'), 'bare " in non-quoted-field')
                found.append(field)
                if not comma:
                    break
                line, column = rest, column + len(field) + 1
                continue
            content, line, column, ended = self._quoted_field(line[1:], column + 1)
            found.append(content)
            if ended:
                break
        return [field.decode("utf-8", "surrogateescape") for field in found]

    def _quoted_field(self, line: bytes, column: int) -> tuple[bytes, bytes, int, bool]:
        content = b""
        while True:
            before, quote, after = line.partition(b'"')
            if quote:
                content += before
                line, column = after, column + len(before) + 1
                if line.startswith(b'"'):
                    content += b'"'
                    line, column = line[1:], column + 1
                elif line.startswith(b","):
                    return content, line[1:], column + 1, False
                elif line in (b"", b"\n"):
                    return content, b"", column, True
                else:
                    raise self._mistake(column - 1, 'extraneous or missing " in quoted-field')
            elif line:
                content += line
                column += len(line)
                line = self._next_line()
                if line:
                    column = 1
            else:
                raise self._mistake(column, 'extraneous or missing " in quoted-field')

    def _next_line(self) -> bytes:
        if not self._lines:
            return b""
        line = self._lines.pop(0)
        if line:
            self._number += 1
        return line

    def _mistake(self, column: int, problem: str) -> ValueError:
        place = f"parse error on line {self._number}, column {column}: {problem}"
        return ValueError(place if self._start == self._number else f"record on line {self._start}; {place}")


def _is_digit(character: str) -> bool:
    return "0" <= character <= "9"


def _digits(text: str) -> tuple[str, str]:
    end = 0
    while end < len(text) and _is_digit(text[end]):
        end += 1
    return text[:end], text[end:]


def _number_error(function: str, text: str, problem: str = "invalid syntax") -> ValueError:
    return ValueError(f"strconv.{function}: parsing {quote(text)}: {problem}")
