"""What a policy configuration may hold, and both ways in which it is checked (specification 10 §3.2).

`decode` reads a document as a typed record: unknown members are dropped, names match whatever their case, scalars
become text where text is wanted, and a container of the wrong kind is an error. `check` then holds the same document
against the closed schema: nothing unknown, nothing null, text only where text is wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.golang.numbers import format_json, normalised
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["POLICY", "RESOURCE", "DecodeError", "SchemaError", "check", "decode"]

_BASE = "https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#"


class DecodeError(ValueError):
    """A container of the wrong kind; the text begins ``json: cannot unmarshal ``."""


class SchemaError(ValueError):
    """The document doesn't fit the closed schema; the text begins ``jsonschema: ``."""


@record
class Shape:
    """The form of a value; `type_name` is what error texts call it."""

    type_name: str


@record
class Text(Shape):
    """A string; unless `strict`, other scalars are converted."""

    type_name: str = "string"
    strict: bool = False


@record
class Sequence(Shape):
    """An array of equal shapes."""

    item: Shape


@record
class Record(Shape):
    """An object with known members, in the report's order."""

    members: Mapping[str, Shape]
    required: tuple[str, ...] = ()

    @property
    def short_name(self) -> str:
        """The type's name without its package, as error texts show the holder of a member."""
        return self.type_name.rpartition(".")[2]


@record
class Anything(Shape):
    """An object with any members; decoding takes any value."""

    type_name: str = "v1.JSON"


@record
class _Opaque(Shape):
    """An object whose members are of no interest."""

    type_name: str = "v1.ObjectMeta"


def _list(item: Shape) -> Sequence:
    return Sequence("[]" + item.type_name, item)


_TEXT = Text()
_TEXTS = _list(_TEXT)
_CONFIG = Record("v1alpha1.SourceConfig", {"exclude": _TEXTS, "include": _TEXTS})
_CRITERIA = _list(
    Record(
        "v1alpha1.VolatileCriteria",
        {
            "value": _TEXT,
            "effectiveOn": _TEXT,
            "effectiveUntil": _TEXT,
            "imageRef": _TEXT,
            "imageDigest": _TEXT,
            "imageUrl": _TEXT,
            "componentNames": _TEXTS,
            "reference": _TEXT,
        },
        required=("value",),
    )
)
_SOURCE = Record(
    "v1alpha1.Source",
    {
        "name": _TEXT,
        "policy": _TEXTS,
        "data": _TEXTS,
        "ruleData": Anything(),
        "config": _CONFIG,
        "volatileConfig": Record("v1alpha1.VolatileSourceConfig", {"exclude": _CRITERIA, "include": _CRITERIA}),
    },
)
POLICY = Record(
    "v1alpha1.EnterpriseContractPolicySpec",
    {
        "name": _TEXT,
        "description": _TEXT,
        "sources": _list(_SOURCE),
        "configuration": Record(
            "v1alpha1.EnterpriseContractPolicyConfiguration",
            {"exclude": _TEXTS, "include": _TEXTS, "collections": _TEXTS},
        ),
        "rekorUrl": _TEXT,
        "publicKey": _TEXT,
        "identity": Record(
            "v1alpha1.Identity", dict.fromkeys(("subject", "subjectRegExp", "issuer", "issuerRegExp"), _TEXT)
        ),
    },
)
RESOURCE = Record(
    "v1alpha1.EnterpriseContractPolicy",
    {
        "kind": Text(strict=True),
        "apiVersion": Text(strict=True),
        "metadata": _Opaque(),
        "spec": POLICY,
        "status": _Opaque("v1alpha1.EnterpriseContractPolicyStatus"),
    },
)


def decode(shape: Shape, value: Any) -> Any:
    """`value` in the form of `shape`: records have just their known, given members, in the shape's order.

    Empty texts and lists are left out of records unless required, empty records and objects stay. Null reads as not
    given; a null list item as an empty one.

    Raises:
        DecodeError: the first container of the wrong kind, members taken in the order of their names.
    """
    return _decode(shape, value, _Place())


def check(value: Any) -> None:
    """Hold a document against the closed schema of a policy specification.

    Raises:
        SchemaError: the first problem, inner ones before the outer ones.
    """
    for pointer, path, problem in _problems(POLICY, value, "", ""):
        raise SchemaError(f"jsonschema: '{pointer}' does not validate with {_BASE}{path}: {problem}")


@record
class _Place:
    """Where decoding is: the record that holds the value, and the members from the top."""

    holder: str = ""
    path: tuple[str, ...] = ()

    def wrong(self, value: Any, shape: Shape) -> DecodeError:
        where = f"Go struct field {self.holder}.{'.'.join(self.path)}" if self.path else "Go value"
        return DecodeError(f"json: cannot unmarshal {_decoded_kind(value)} into {where} of type {shape.type_name}")


def _decode(shape: Shape, value: Any, place: _Place) -> Any:
    match shape:
        case Text():
            return _decode_text(shape, value, place)
        case Sequence():
            if not isinstance(value, list | None):
                raise place.wrong(value, shape)
            return [_decode(shape.item, item, place) for item in value or ()]
        case Record():
            return _decode_record(shape, value, place)
        case Anything():
            return None if value is None else normalised(value)
        case _:
            if not isinstance(value, dict | None):
                raise place.wrong(value, shape)
            return value


def _decode_text(shape: Text, value: Any, place: _Place) -> str:
    if isinstance(value, str | None):
        return value or ""
    if isinstance(value, dict | list) or shape.strict:
        raise place.wrong(value, shape)
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_json(value) if isinstance(value, float) else str(value)


def _decode_record(shape: Record, value: Any, place: _Place) -> dict[str, Any]:
    if not isinstance(value, dict | None):
        raise place.wrong(value, shape)
    names = {name.lower(): name for name in shape.members}
    found: dict[str, Any] = {}
    for key, item in sorted((value or {}).items()):
        name = key if key in shape.members else names.get(key.lower())
        if name is None or item is None:
            continue
        inner = _Place(shape.short_name, (*place.path, name))
        found[name] = _decode(shape.members[name], item, inner)
    given = {name: item for name, item in found.items() if item not in ("", [], None)}
    given |= {name: "" for name in shape.required if name not in given}
    return {name: given[name] for name in shape.members if name in given}


def _problems(shape: Shape, value: Any, pointer: str, path: str) -> Iterator[tuple[str, str, str]]:
    """JSON pointer, schema path and text of each problem, in the order in which the contract's validator meets them."""
    if isinstance(shape, Record | Anything):
        path += "/$ref"
    wanted = "string" if isinstance(shape, Text) else "array" if isinstance(shape, Sequence) else "object"
    if (kind := _kind(value)) != wanted:
        yield pointer, f"{path}/type", f"expected {wanted}, but got {kind}"
    elif isinstance(shape, Sequence):
        for index, item in enumerate(value):
            yield from _problems(shape.item, item, f"{pointer}/{index}", f"{path}/items")
    elif isinstance(shape, Record):
        if missing := [name for name in shape.required if name not in value]:
            yield pointer, f"{path}/required", f"missing properties: {_names(missing)}"
        for name, member in shape.members.items():
            if name in value:
                yield from _problems(member, value[name], f"{pointer}/{name}", f"{path}/properties/{name}")
        if unknown := sorted(key for key in value if key not in shape.members):
            yield pointer, f"{path}/additionalProperties", f"additionalProperties {_names(unknown)} not allowed"


def _names(names: list[str]) -> str:
    return ", ".join("'" + name.replace("'", "\\'") + "'" for name in names)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, dict) else "number"


def _decoded_kind(value: Any) -> str:
    return "bool" if isinstance(value, bool) else _kind(value)
