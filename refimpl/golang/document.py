"""Signed JSON documents, read as strictly as the tools that sign them do.

Python's parser takes more than JSON (``NaN``) and loses what matters in signed text: duplicate members, bytes that
aren't UTF-8. `parse` refuses the first and remembers the second. Member names of typed documents match in any case.

Texts come from whoever can push to a registry. A value takes Python 20 to 100 bytes and JSON two (``1,``), so how many
there may be is limited before anything is made of them, and so is how deep they are nested.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from refimpl.golang import jsontext
from refimpl.golang.utf8 import decode_utf8
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How many values (and names of members) a text may have that nobody has verified yet.
FEW_VALUES = 100_000
#: How many any other one may have.
MANY_VALUES = 4_000_000

_LONGEST = 309  # digits of the largest float
_LONG_INTEGER = re.compile(f"[0-9]{{{_LONGEST}}}")
_SAMPLE = 32  # of each 154 characters, of which each such integer has all somewhere
_REPLACEMENT = "\ufffd"


class DocumentError(ValueError):
    """The text isn't JSON, or a member has the wrong type; ``str()`` is the reason in one line."""


#: What error texts call a JSON value, by its class; see `kind`.
KINDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "bool",
    int: "number",
    float: "number",
    jsontext.Number: "number",
    str: "string",
    list: "array",
    dict: "object",
    jsontext.Members: "object",
}


@record
class Document:
    """A parsed text.

    Attributes:
        has_invalid_utf8: some text in it wasn't Unicode and stands as U+FFFD in `value`.
        has_huge_numbers: there may be numbers in it that no 64-bit float holds.
    """

    value: Any
    has_invalid_utf8: bool = False
    has_huge_numbers: bool = False


def parse(data: bytes, *, most_values: int = MANY_VALUES) -> Document:
    """Parse one JSON text.

    Args:
        data: the text.
        most_values: how many values and names it may have; `FEW_VALUES` for what isn't verified yet.

    Raises:
        DocumentError: not JSON; the text tells the offending character as the signing tools do. Or beyond a limit.
    """
    opening = data.count(b"[") + data.count(b"{")
    if opening + data.count(b",") > most_values:  # each value but the first comes behind one of these, or a name
        raise DocumentError(f"more than {most_values} values")
    text = decode_utf8(data)
    has_invalid_utf8 = _REPLACEMENT in text and not _is_utf8(data)
    try:
        value, has_huge_numbers = _load(text)
        if opening > jsontext.DEPTH_LIMIT:
            jsontext.check_depth(value)
    except (RecursionError, jsontext.DepthError):
        raise DocumentError(f"exceeded max depth of {jsontext.DEPTH_LIMIT}") from None
    except ValueError:
        from refimpl.golang.json_syntax import syntax_error  # only bad input needs it

        raise DocumentError(syntax_error(data)) from None
    if jsontext.SURROGATE.search(text):
        mended = jsontext.replace_surrogates_in(value)
        has_invalid_utf8, value = has_invalid_utf8 or mended != value, mended
    return Document(value, has_invalid_utf8, has_huge_numbers)


def _load(text: str) -> tuple[Any, bool]:
    """The value, and whether it may have numbers that no float holds; those are carried by their text."""
    long = _has_long_integer(text)
    infinite: list[str] = []

    def number(text: str) -> Any:
        found = float(text)
        if not math.isinf(found):
            return found
        infinite.append(text)
        return jsontext.Number(text)

    value = json.loads(
        text,
        object_pairs_hook=jsontext.keep_pairs,
        parse_constant=jsontext.refuse_constant,
        parse_float=number,
        parse_int=jsontext.read_integer if long else None,
    )
    return value, long or bool(infinite)


def _has_long_integer(text: str) -> bool:
    """Whether there may be an integer that no float holds: of most texts a few characters tell that there is none."""
    half = _LONGEST // 2
    for place in range(0, len(text) - half + 1, half):
        if text[place : place + _SAMPLE].isdecimal():
            return _LONG_INTEGER.search(text) is not None
    return False


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


Place = tuple["Place", str] | None
"""Where a value stands: the place of what holds it, and its name there. Few are ever told, so few are put together."""


def steps(place: Place) -> list[str]:
    """The names that lead to a place, the first one first."""
    names = []
    while place is not None:
        place, name = place
        names.append(name)
    return names[::-1]


def kind(value: Any) -> str:
    """What error texts call a JSON value: null, bool, number, string, array or object."""
    return KINDS[type(value)]


def schema_type(value: Any) -> str:
    """What JSON schema calls it: the same, but for boolean."""
    found = KINDS[type(value)]
    return "boolean" if found == "bool" else found


def protobuf_error(value: Any, *, has_invalid_utf8: bool) -> str | None:
    """Why the value cannot be a protobuf ``Struct`` (what in-toto makes of a predicate); None when it can."""
    if not isinstance(value, dict):
        shown = jsontext.dumps(value, escape_html=False) if not isinstance(value, list) else "["
        return f"proto: syntax error (line 1:1): unexpected token {shown}"
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if has_invalid_utf8 and _REPLACEMENT in item:
                return "proto: syntax error: invalid UTF-8 in string"
        elif isinstance(item, dict):
            if isinstance(item, jsontext.Members):
                return f'proto: duplicate map key "{_twice(item.pairs)}"'
            waiting.extend(item.values())
            if has_invalid_utf8:
                waiting.extend(item)
        elif isinstance(item, list):
            waiting.extend(item)
        elif _is_too_large(item):
            return f"proto: invalid google.protobuf.Value: {item}"
    return None


def unreadable_number(value: Any) -> str | None:
    """The first number that no 64-bit float holds, as it stands; None when there is none."""
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(member for _, member in reversed(list(jsontext.pairs(item))))
        elif isinstance(item, list):
            waiting.extend(reversed(item))
        elif _is_too_large(item):
            return str(item)
    return None


def _twice(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    raise AssertionError(pairs)


def _is_too_large(number: Any) -> bool:
    """Whether a number is beyond what a 64-bit float can hold."""
    if isinstance(number, jsontext.Number):
        return True
    if type(number) is not int:
        return False
    try:
        float(number)
    except OverflowError:
        return True
    return False
