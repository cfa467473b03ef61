"""Protobuf's JSON, read as strictly as Go's ``protojson`` reads it (https://protobuf.dev/programming-guides/json/).

An unknown member, one named twice, in either of its two spellings, or two of a ``oneof`` make the whole unreadable.
64-bit numbers may be texts. A member that is ``null`` counts as missing.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from refimpl.golang import base64text
from refimpl.golang.document import FEW_VALUES, DocumentError, parse, protobuf_error
from refimpl.golang.jsontext import Members
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.golang.document import Document

STRING: Final = "string"
BYTES: Final = "bytes"
INT64: Final = "int64"
#: A map of texts.
STRINGS: Final = "map of strings"
#: ``google.protobuf.Struct``: any object.
STRUCT: Final = "Struct"

_INTEGER = re.compile("-?(?:0|[1-9][0-9]{0,18})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")
_EXACT = 1 << 53  # up to here each whole number is a float
_CAPITAL = re.compile("(?<!^)(?=[A-Z])")


@record
class Enum:
    """The names that an enumeration has; any number will do."""

    names: frozenset[str]


@record
class Message:
    """What a message may have.

    Attributes:
        fields: by their names in JSON: `STRING` and so on, an `Enum`, a `Message`, or a list of one for repeated ones.
        oneof: of these fields there may be one.
        as_declared: the names are those of the declaration, so there is no other spelling.
        declared: names in the declaration that don't follow from those in JSON.
    """

    fields: Mapping[str, Any]
    oneof: frozenset[str] = frozenset()
    as_declared: bool = False
    declared: tuple[tuple[str, str], ...] = ()

    def spellings(self) -> Mapping[str, str]:
        """The field that each of the possible names means."""
        return _spellings(tuple(self.fields), self.as_declared, self.declared)


@cache
def _spellings(
    names: tuple[str, ...],
    as_declared: bool,  # noqa: FBT001  # from one place
    declared: tuple[tuple[str, str], ...],
) -> Mapping[str, str]:
    others = dict(declared)
    found = {name: name for name in names}
    if not as_declared:
        for name in names:
            found.setdefault(others.get(name) or _CAPITAL.sub("_", name).lower(), name)
    return found


def read(data: bytes, message: Message, *, most_values: int = FEW_VALUES) -> dict[str, Any]:
    """The message's fields that are there, by their names in JSON; of an enumeration the name or number.

    Raises:
        DocumentError: not JSON, or not such a message.
    """
    return read_message(parse(data, most_values=most_values), message)


def read_message(document: Document, message: Message) -> dict[str, Any]:
    """Like `read`, of a parsed text.

    Raises:
        DocumentError: not such a message.
    """
    return _message(document.value, message, has_invalid_utf8=document.has_invalid_utf8)


def _message(value: Any, message: Message, *, has_invalid_utf8: bool) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DocumentError("not a message")
    if isinstance(value, Members):
        raise DocumentError("a member that is named twice")
    spellings = message.spellings()
    found: dict[str, Any] = {}
    seen: set[str] = set()
    for given, member in value.items():
        name = spellings.get(given)
        if name is None:
            raise DocumentError(f"unknown member {given[:80]}")
        if name in seen:
            raise DocumentError(f"{name} is named twice")
        seen.add(name)
        if member is not None:
            found[name] = _member(member, message.fields[name], has_invalid_utf8=has_invalid_utf8)
    if len(found.keys() & message.oneof) > 1:
        raise DocumentError("two members of which there may be one")
    return found


def _member(value: Any, wanted: Any, *, has_invalid_utf8: bool) -> Any:
    if isinstance(wanted, Message):
        return _message(value, wanted, has_invalid_utf8=has_invalid_utf8)
    if isinstance(wanted, list):
        if not isinstance(value, list):
            raise DocumentError("not a list")
        return [_member(item, wanted[0], has_invalid_utf8=has_invalid_utf8) for item in value]
    if isinstance(wanted, Enum):
        return _read_enumerated(value, wanted)
    return _scalar(value, wanted, has_invalid_utf8=has_invalid_utf8)


def _scalar(value: Any, wanted: str, *, has_invalid_utf8: bool) -> Any:
    if wanted == STRUCT:
        if reason := protobuf_error(value, has_invalid_utf8=has_invalid_utf8):
            raise DocumentError(reason)
        return value
    if wanted == STRINGS:
        return _strings(value, has_invalid_utf8=has_invalid_utf8)
    if wanted == INT64:
        return _integer(value)
    if type(value) is not str:
        raise DocumentError(f"not of type {wanted}")
    if has_invalid_utf8 and "\ufffd" in value:
        raise DocumentError("invalid UTF-8")
    if wanted == STRING:
        return value
    try:
        return base64text.decode_protobuf(value)
    except base64text.Base64Error as error:
        raise DocumentError(str(error)) from None


def _strings(value: Any, *, has_invalid_utf8: bool) -> dict[str, str]:
    if not isinstance(value, dict) or isinstance(value, Members):
        raise DocumentError("not a map")
    for text in (*value, *value.values()):
        _scalar(text, STRING, has_invalid_utf8=has_invalid_utf8)
    return value


def _read_enumerated(value: Any, wanted: Enum) -> str | int:
    if type(value) is int and -(1 << 31) <= value < 1 << 31:
        return value
    if type(value) is str and value in wanted.names:
        return value
    raise DocumentError("no such name in the enumeration")


def _integer(value: Any) -> int:
    number = None
    if type(value) is str and _INTEGER.fullmatch(value):
        number = int(value)
    elif type(value) is str and _DECIMAL.fullmatch(value):
        number = _whole(float(value))
    elif type(value) is int:
        number = value
    elif type(value) is float:
        number = _whole(value)
    if number is None or not -(1 << 63) <= number < 1 << 63:
        raise DocumentError("not of type int64")
    return number


def _whole(number: float) -> int | None:
    return int(number) if number.is_integer() and abs(number) <= _EXACT else None
