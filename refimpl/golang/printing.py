"""JSON values as the contract's log lines and labels spell them: Go's ``%v`` and ``%q``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.golang import quoting
from refimpl.golang.jsontext import Number
from refimpl.golang.numbers import format_float

if TYPE_CHECKING:
    from collections.abc import Callable


def format_value(value: Any) -> str:
    """As ``%v``: strings bare, ``<nil>``, ``[a b]``, ``map[k:v]`` sorted by key, floats such as ``1e+06``."""
    if isinstance(value, str | Number):
        return str(value)
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_float(value)
    if isinstance(value, int):
        return str(value)
    return _format_nested(value, format_value)


def format_quoted(value: Any) -> str:
    """As ``%q``: strings and numbers of JSON in quotes, also inside lists and maps."""
    if isinstance(value, str):
        return quoting.quote(value)
    if value is None:
        return "%!q(<nil>)"
    if isinstance(value, bool):
        return f"%!q(bool={format_value(value)})"
    if isinstance(value, int | float | Number):
        return f'"{format_value(value)}"'
    return _format_nested(value, lambda item: "<nil>" if item is None else format_quoted(item))


def _format_nested(value: Any, spell: Callable[[Any], str]) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(map(spell, value)) + "]"
    return "map[" + " ".join(f"{spell(key)}:{spell(item)}" for key, item in sorted(value.items())) + "]"
