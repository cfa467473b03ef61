"""Signed JSON documents, read as strictly as the tools that sign them do.

Python's parser takes more than JSON (``NaN``) and loses what matters in signed text: duplicate members, bytes that
aren't UTF-8. `parse` refuses the first and remembers the second. Member names of typed documents match in any case.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from refimpl import jsontext
from refimpl.record import record
from refimpl.unicode import decoded, well_formed

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Document", "DocumentError", "Members", "kind", "members", "parse", "protobuf_error"]

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_REPLACEMENT = "\ufffd"


class DocumentError(ValueError):
    """The text isn't JSON, or a member has the wrong type; ``str()`` is the reason in one line."""


class Members(dict[str, Any]):
    """An object that names a member twice; `pairs` are all of them as they came, the last one counts."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


@record
class Document:
    """A parsed text. `garbled`: some text in it wasn't Unicode and stands as U+FFFD in `value`."""

    value: Any
    garbled: bool = False


def parse(data: bytes) -> Document:
    """Parse one JSON text.

    Raises:
        DocumentError: not JSON; the text tells the offending character as the signing tools do.
    """
    text = decoded(data)
    garbled = _REPLACEMENT in text and not _is_utf8(data)
    try:
        value = _loaded(text)
        if text.count("[") + text.count("{") > jsontext.DEPTH_LIMIT:
            jsontext.check_depth(value)
        if _SURROGATE.search(text):
            mended = _mended(value)
            garbled = garbled or mended != value
            value = mended
    except (RecursionError, jsontext.DepthError):
        raise DocumentError("exceeded max depth") from None
    except ValueError:
        from refimpl.verify.syntax import syntax_error  # only bad input needs it

        raise DocumentError(syntax_error(data)) from None
    return Document(value, garbled)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=_refused, parse_float=_float)
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        if str(error) == "constant":
            raise
    # An integer with more digits than Python converts: carry those by their text.
    return json.loads(text, object_pairs_hook=_members, parse_constant=_refused, parse_float=_float, parse_int=_integer)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Members(pairs)


def _refused(_: str) -> Any:
    raise ValueError("constant")


def _float(text: str) -> Any:
    """The number, or its text when it is beyond what a float can hold."""
    number = float(text)
    return jsontext.Number(text) if math.isinf(number) else number


def _integer(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return jsontext.Number(text)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _mended(value: Any) -> Any:
    """The value with half surrogate pairs replaced, as the signing tools read them."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return _members([(well_formed(name), _mended(member)) for name, member in members(value)])
    if isinstance(value, list):
        return [_mended(item) for item in value]
    return value


def members(value: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """All members in order, also those that a later one of the same name replaces."""
    return value.pairs if isinstance(value, Members) else value.items()


def kind(value: Any) -> str:
    """What error texts call a JSON value: null, bool, number, string, array or object."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float | jsontext.Number):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def protobuf_error(value: Any, *, garbled: bool) -> str | None:
    """Why the value cannot be a protobuf ``Struct`` (what in-toto makes of a predicate); None when it can."""
    if not isinstance(value, dict):
        shown = jsontext.dumps(value, escape_html=False) if not isinstance(value, list) else "["
        return f"proto: syntax error (line 1:1): unexpected token {shown}"
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item, Members):
                return f'proto: duplicate map key "{_twice(item.pairs)}"'
            waiting.extend(item.values())
            if garbled:
                waiting.extend(item)
        elif isinstance(item, list):
            waiting.extend(item)
        elif _is_too_large(item):
            return f"proto: invalid google.protobuf.Value: {item}"
        elif garbled and isinstance(item, str) and _REPLACEMENT in item:
            return "proto: syntax error: invalid UTF-8 in string"
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
