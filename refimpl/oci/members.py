"""Members of JSON objects as Go's programs read them: by name in any letter case, the last one of equal names.

Runtimes, builders and `ec` are such programs. A manifest with ``LAYERS`` has layers for all of them, so it must have
the same ones for us: else what is judged isn't what is run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FIRST_VALUE", "MANIFEST", "Flat", "Listed", "Mapped", "Nested", "Optional", "Shape", "canonical", "loads"]


def _folded(name: str) -> str:
    """A name without letter case; of the letters beyond ASCII only K (Kelvin) and ſ (long s) are ASCII then."""
    return name.lower().replace("\u017f", "s")


class Flat:
    """A string, a number or a boolean: ``null`` changes nothing."""


class Mapped:
    """An object with names of its own, such as annotations: equal objects are put together; ``null`` empties it."""


class Nested:
    """An object with known members; a second one of the same name is put over the first."""

    def __init__(self, members: Mapping[str, Shape]) -> None:
        self.names = {_folded(name): (name, kind) for name, kind in members.items()}


class Optional(Nested):
    """The same; ``null`` takes it away."""


class Listed:
    """A list; a second one of the same name is put over the first, element by element; ``null`` empties it."""

    def __init__(self, element: Shape) -> None:
        self.element = element


Shape = Flat | Mapped | Nested | Listed


class _Repeated(dict[str, Any]):
    """An object with equal names in it; `pairs` are all of its members."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


_FLAT, _TEXTS, _TEXT_MAP = Flat(), Listed(Flat()), Mapped()
_PLATFORM = Optional(
    {
        "architecture": _FLAT,
        "os": _FLAT,
        "os.version": _FLAT,
        "os.features": _TEXTS,
        "variant": _FLAT,
        "features": _TEXTS,
    }
)
_DESCRIPTOR: dict[str, Shape] = {
    "mediaType": _FLAT,
    "digest": _FLAT,
    "size": _FLAT,
    "data": _FLAT,
    "urls": _TEXTS,
    "annotations": _TEXT_MAP,
    "artifactType": _FLAT,
    "platform": _PLATFORM,
}
#: Manifests and indexes.
MANIFEST = Nested(
    {
        "schemaVersion": _FLAT,
        "mediaType": _FLAT,
        "artifactType": _FLAT,
        "config": Nested(_DESCRIPTOR),
        "layers": Listed(Nested(_DESCRIPTOR)),
        "manifests": Listed(Nested(_DESCRIPTOR)),
        "subject": Optional(_DESCRIPTOR),
        "annotations": _TEXT_MAP,
    }
)


def loads(raw: bytes) -> Any:
    """Parse a JSON text in UTF-8 for `canonical`: no member is lost, whatever its name.

    Raises:
        ValueError: not JSON.
        RecursionError: nested too deeply.
    """
    return json.loads(raw.decode(), object_pairs_hook=_members, parse_constant=_refused)


def canonical(value: Any, shape: Shape) -> Any:
    """The same value with each known member once and under its proper name; the others stay as they are.

    What hasn't the type that it must have is kept, even if a right one comes after it: whoever reads it then refuses
    the whole, as Go does.

    Args:
        value: made by `loads`.
        shape: the members that are known.
    """
    return _put(None, value, shape)


def _put(earlier: Any, value: Any, shape: Shape) -> Any:
    """What becomes of a member that was `earlier` (None: missing or empty) when `value` comes after it."""
    if isinstance(shape, Flat):
        return earlier if value is None else value
    wanted: type[Any] = list if isinstance(shape, Listed) else dict
    if earlier is not None and not isinstance(earlier, wanted):
        return earlier
    if value is None:
        return earlier if type(shape) is Nested else None
    if not isinstance(value, wanted):
        return value
    if isinstance(shape, Listed):
        before = earlier or []
        return [
            _put(before[place] if place < len(before) else None, item, shape.element)
            for place, item in enumerate(value)
        ]
    if isinstance(shape, Mapped):
        return {**(earlier or {}), **value}
    found = dict(earlier or {})
    for name, item in value.pairs if isinstance(value, _Repeated) else value.items():
        proper, kind = shape.names.get(_folded(name), (name, None))
        found[proper] = item if kind is None else _put(found.get(proper), item, kind)
    return found


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated(pairs)


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


#: Reads the first value of a text for `canonical`, whatever comes after it, as Go's decoder of streams does.
FIRST_VALUE = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refused)
