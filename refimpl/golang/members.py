"""Members of JSON objects as Go's programs read them: by name in any letter case, the last one of equal names.

Runtimes, builders and `ec` are such programs. A manifest with ``LAYERS`` has layers for all of them, so it must have
the same ones for us: else what is judged isn't what is run. A known member of the wrong type spoils the whole document,
wherever it stands and whatever comes after it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from refimpl.errors import MalformedError
from refimpl.golang.jsontext import SURROGATE, keep_pairs, pairs, refuse_constant, replace_surrogates_in
from refimpl.golang.utf8 import decode_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INT64 = 1 << 63
_BEYOND = 1 << 64


def _fold(name: str) -> str:
    """A name without letter case; of the letters beyond ASCII only K (Kelvin) and ſ (long s) are ASCII then."""
    return name.lower().replace("\u017f", "s")


class Flat:
    """A string, a number, a boolean or what is written as one: ``null`` changes nothing.

    Args:
        what: as an error text names it, such as "a string".
        accepts: whether a value, never None, is one.
        nullable: whether it may be ``null``.
    """

    def __init__(self, what: str, accepts: Callable[[Any], bool], *, nullable: bool = True) -> None:
        self.what = what
        self.accepts = accepts
        self.nullable = nullable


class Mapped:
    """An object with names of its own, such as annotations: equal objects are put together; ``null`` empties it."""

    def __init__(self, element: Shape) -> None:
        self.element = element


class Nested:
    """An object with known members; a second one of the same name is put over the first."""

    def __init__(self, members: Mapping[str, Shape]) -> None:
        proper = {name: (name, kind) for name, kind in members.items()}
        self.names = {_fold(name): named for name, named in proper.items()} | proper


class Optional(Nested):
    """The same; ``null`` takes it away."""


class Listed:
    """A list; a second one of the same name is put over the first, element by element; ``null`` empties it."""

    def __init__(self, element: Shape) -> None:
        self.element = element


Shape = Flat | Mapped | Nested | Listed

ANYTHING = Flat("anything", lambda _: True)
TEXT = Flat("a string", lambda value: isinstance(value, str))
FLAG = Flat("a boolean", lambda value: isinstance(value, bool))
WHOLE = Flat("a 64-bit integer", lambda value: type(value) is int and -_INT64 <= value < _INT64)


def loads(raw: bytes) -> Any:
    """Parse the JSON value that a text begins with, for `canonicalise`: no member is lost, whatever its name.

    What isn't Unicode becomes U+FFFD: bytes one for one, and halves of escaped pairs.

    Raises:
        ValueError: not JSON.
        RecursionError: nested too deeply.
    """
    text = decode_utf8(raw)
    value, _ = FIRST_VALUE.raw_decode(text.lstrip(" \t\r\n"))
    return replace_surrogates_in(value) if SURROGATE.search(text) else value


def canonicalise(value: Any, shape: Nested) -> dict[str, Any]:
    """The same object with each known member once and under its proper name; the others stay as they are.

    Known members have their types, or are None where ``null`` emptied them; elements of lists and maps may be None.

    Args:
        value: made by `loads`.
        shape: the members that are known.

    Raises:
        MalformedError: a known member has the wrong type.
    """
    found: dict[str, Any] | None = _put(None, value, shape, "document")
    return found or {}


def _put(earlier: Any, value: Any, shape: Shape, name: str) -> Any:
    """What becomes of a member that was `earlier` (None: missing or empty) when `value` comes after it."""
    if isinstance(shape, Flat):
        if value is None and shape.nullable:
            return earlier
        if value is None or not shape.accepts(value):
            raise MalformedError(f"invalid {name}: not {shape.what}")
        return value
    if value is None:
        return earlier if type(shape) is Nested else None
    if isinstance(shape, Listed):
        if not isinstance(value, list):
            raise MalformedError(f"invalid {name}: not a list")
        before = earlier or []
        return [
            _put(before[place] if place < len(before) else None, item, shape.element, name)
            for place, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        raise MalformedError(f"invalid {name}: not an object")
    found = dict(earlier or {})
    if isinstance(shape, Mapped):
        for key, item in pairs(value):
            found[key] = _put(None, item, shape.element, f"member of {name}")
        return found
    for key, item in pairs(value):
        known = shape.names.get(key) or shape.names.get(_fold(key))
        if known is None:
            found[key] = item
            continue
        proper, kind = known
        if type(kind) is Flat and item is not None and kind.accepts(item):  # what most are, without another call
            found[proper] = item
        else:
            found[proper] = _put(found.get(proper), item, kind, proper)
    return found


def _integer(text: str) -> int:
    return int(text) if len(text) <= 20 else _BEYOND


#: Reads the first value of a text for `canonicalise`, whatever comes after it, as Go's decoder of streams does.
FIRST_VALUE = json.JSONDecoder(object_pairs_hook=keep_pairs, parse_int=_integer, parse_constant=refuse_constant)
