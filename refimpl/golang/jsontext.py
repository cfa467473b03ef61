"""JSON as the contract reads and writes it (specification 10, conventions): one compact line, members as given.

Numbers that would lose their spelling as Python's are a `Number`, a class of their own until they are written: no text,
whatever it holds, is ever taken for one. Texts are Unicode: half a surrogate pair is read, and written, as U+FFFD.
"""

from __future__ import annotations

import json
import math
import re
from json.encoder import encode_basestring

from refimpl.golang.utf8 import decode_utf8, replace_surrogates

TYPE_CHECKING = False  # not imported from typing: `version --json` takes no longer than the interpreter's start
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

DEPTH_LIMIT = 250
"""How deep arrays and objects may be nested (Go: 10,000): less than Python's stack takes of those who walk them."""
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""What each half of a surrogate pair in JSON begins with."""
_PIECES = r'"(?:[^"\\]|\\.)*"|\{\}|\[\]|[][{},:]|[^][{},:"]+'
_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


class CostError(ValueError):
    """What was written costs too much to read: an error also where what can't be read is passed over."""


class DepthError(CostError):
    """Arrays and objects are nested deeper than `DEPTH_LIMIT`."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__(f"{prefix}nested too deeply: more than {DEPTH_LIMIT} levels")


class Number:
    """A JSON number by its text, such as ``1.50`` or ``1e400``; equal to one of the same text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __float__(self) -> float:
        """The nearest 64-bit float; infinite beyond their range."""
        return float(self.text)

    def __repr__(self) -> str:
        return f"Number({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Number) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)


class Members(dict[str, "Any"]):
    """An object that names a member twice; `pairs` are all of them as they came, the last one counts."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def keep_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members, `Members` if it must be."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else Members(pairs)


def pairs(value: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """All members in order, also those that a later one of the same name replaces."""
    return value.pairs if isinstance(value, Members) else value.items()


def loads(text: str | bytes, *, check: bool = True) -> Any:
    """Parse JSON: fractions, exponents and integers of thousands of digits are `Number`, other integers exact ints.

    Bytes are UTF-8; in them and in escapes, what isn't Unicode becomes U+FFFD. Of equal members the last counts.

    Args:
        text: one value.
        check: look at the depth; False for what a process of our own wrote, which has seen to it.

    Raises:
        DepthError: nested deeper than `DEPTH_LIMIT`.
        ValueError: not JSON.
    """
    if isinstance(text, bytes):
        text = decode_utf8(text)
    try:
        value = _parse(text)
    except RecursionError:
        raise DepthError from None
    if check and text.count("[") + text.count("{") > DEPTH_LIMIT:
        check_depth(value)
    return replace_surrogates_in(value) if SURROGATE.search(text) else value


def check_depth(value: Any) -> None:
    """See that a value of dicts and lists may be walked through.

    Raises:
        DepthError: it is nested deeper.
    """
    nested = (dict, list)
    level = [value] if isinstance(value, nested) else []
    for _ in range(DEPTH_LIMIT):
        if not level:
            return
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, nested)
        ]
    if level:
        raise DepthError


def replace_surrogates_in(value: Any) -> Any:
    """The value with U+FFFD for each half of a surrogate pair in its texts."""
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, dict):
        return keep_pairs([(replace_surrogates(name), replace_surrogates_in(member)) for name, member in pairs(value)])
    return [replace_surrogates_in(item) for item in value] if isinstance(value, list) else value


def dumps(value: Any, *, escape_html: bool = True) -> str:
    r"""One compact line without a newline; ``<``, ``>``, ``&``, U+2028 and U+2029 as ``\u....``, all else raw.

    Args:
        value: None, bool, int, finite float, str, `Number`, and mappings (with str for keys) and sequences of these.
        escape_html: False leaves the five characters as they are.

    Raises:
        ValueError: a float that isn't finite.
    """
    try:
        text = _FAST.encode(value)
    except _SpelledOtherwiseError:
        text = _write(value)
    if escape_html:  # these characters only occur inside strings, and there they mean the same
        for raw, escaped in _ESCAPES:
            if raw in text:
                text = text.replace(raw, escaped)
    return replace_surrogates(text)


def indent(text: str) -> str:
    """What `dumps` gave, with two spaces for each level, and without a newline at the end."""
    parts: list[str] = []
    depth = 0
    for piece in re.findall(_PIECES, text):
        if piece in "}]":
            depth -= 1
            parts += ["\n", "  " * depth, piece]
        elif piece in "{[":
            depth += 1
            parts += [piece, "\n", "  " * depth]
        elif piece == ",":
            parts += [piece, "\n", "  " * depth]
        else:
            parts.append(": " if piece == ":" else piece)
    return "".join(parts)


def encode(value: Any, *, escape_html: bool = True) -> bytes:
    """`dumps` in UTF-8."""
    return dumps(value, escape_html=escape_html).encode()


def _parse(text: str) -> Any:
    try:
        return _PARSER.decode(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a constant, or an integer of more digits than Python converts
        return json.loads(text, parse_float=Number, parse_constant=refuse_constant, parse_int=read_integer)


def refuse_constant(constant: str) -> Any:
    """For parsers of JSON: ``NaN`` and infinities aren't any."""
    raise ValueError(f"{constant} is no JSON")


_PARSER = json.JSONDecoder(parse_float=Number, parse_constant=refuse_constant)


def read_integer(text: str) -> int | Number:
    """The integer; by its text, if it has more digits than Python converts."""
    try:
        return int(text)
    except ValueError:
        return Number(text)


class _SpelledOtherwiseError(Exception):
    """The fast encoder met a `Number` that Python spells in another way."""


def _plain(value: Any) -> dict[str, Any] | list[Any] | float:
    """What the fast encoder writes in place of a value that it doesn't know."""
    if isinstance(value, Number):
        number = float(value.text)
        if repr(number) != value.text:
            raise _SpelledOtherwiseError
        return number
    return dict(value.items()) if hasattr(value, "items") else list(value)


_FAST = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)


def _write(value: Any) -> str:
    """The JSON text of a value that has a `Number` of another spelling than Python's somewhere."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join([f"{encode_basestring(name)}:{_write(member)}" for name, member in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_write(item) for item in value]) + "]"
    if value is None or isinstance(value, bool | int | float):
        return _scalar(value)
    return _write(_plain(value))


def _scalar(value: float | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is float and not math.isfinite(value):
        raise ValueError(f"{value} is no JSON")
    return repr(value)
