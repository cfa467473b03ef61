"""JSON decoded into types as Go does it, with its error texts (specification 10 §3.2; 20 §4.1, §5.2, §5.5).

Member names match in any case, unknown members are skipped, null leaves a member unset. The first wrong type is the
error, but a time or a predicate that cannot be read is reported at once.

Signed documents, policies and snapshots are read so. What `golang.members` does is different: a manifest stays the
document that it is, with members that nobody knows and with equal ones put together.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from refimpl.golang import base64text, jsontext
from refimpl.golang.document import KINDS, Document, DocumentError, kind, protobuf_error, steps, unreadable_number
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.golang.document import Place


class _Reading:
    """One document while it is decoded; `wrong` is its first error."""

    def __init__(self, document: Document) -> None:
        self.has_invalid_utf8 = document.has_invalid_utf8
        self.has_huge_numbers = document.has_huge_numbers
        self.wrong = ""

    def mismatch(self, found: str, wanted: Type, holder: str, path: Place) -> None:
        place = f"Go struct field {holder}.{'.'.join(steps(path))} of type" if path else "Go value of type"
        self.wrong = self.wrong or f"json: cannot unmarshal {found} into {place} {wanted.name}"


@record
class Type:
    """What a value must be; `name` is what error texts call it. One of no kind below takes anything."""

    name: str

    def read(self, value: Any, reading: _Reading, holder: str, path: Place) -> Any:
        """The decoded value, None when it is null or wrong; `holder` and `path` say where it stands."""
        if reading.has_huge_numbers and (number := unreadable_number(value)) is not None:
            reading.mismatch(f"number {number}", _FLOAT, holder, path)
        return value


class Scalar(Type):
    """A string, bool or integer."""

    __slots__ = ()

    def read(self, value: Any, reading: _Reading, holder: str, path: Place) -> Any:  # noqa: D102 - see Type
        if value is None:
            return None
        if KINDS[type(value)] != _SCALARS[self.name]:
            return reading.mismatch(kind(value), self, holder, path)
        if self is INTEGER and not (type(value) is int and -(1 << 63) <= value < 1 << 63):
            return reading.mismatch(f"number {value}", self, holder, path)
        return value


class Text(Scalar):
    """A string, or another scalar, which is converted: what YAML is decoded into."""

    __slots__ = ()

    def read(self, value: Any, reading: _Reading, holder: str, path: Place) -> Any:  # noqa: D102 - see Type
        if value is None or isinstance(value, dict | list | str):
            return super().read(value, reading, holder, path)
        return jsontext.dumps(value)


class Bytes(Type):
    """Bytes as standard base64."""

    __slots__ = ()

    def read(self, value: Any, reading: _Reading, holder: str, path: Place) -> Any:  # noqa: D102 - see Type
        if value is None:
            return None
        if not isinstance(value, str):
            return reading.mismatch(kind(value), self, holder, path)
        try:
            return base64text.decode(value)
        except base64text.Base64Error as error:
            reading.wrong = reading.wrong or str(error)
            return None


class Time(Type):
    """An RFC 3339 time; decodes to its text."""

    __slots__ = ()

    def read(self, value: Any, reading: _Reading, holder: str, path: Place) -> Any:  # noqa: ARG002, D102 - see Type
        return None if value is None else _time(value)


class Protobuf(Type):
    """An object that protobuf can carry."""

    __slots__ = ()

    def read(self, value: Any, reading: _Reading, holder: str, path: Place) -> Any:  # noqa: ARG002, D102 - see Type
        if value is not None and (reason := protobuf_error(value, has_invalid_utf8=reading.has_invalid_utf8)):
            raise DocumentError(reason)
        return value


@record
class Items(Type):
    """A list of one type."""

    item: Type

    def read(self, value: Any, reading: _Reading, holder: str, path: Place) -> Any:  # noqa: D102 - see Type
        if isinstance(value, list):
            return [self.item.read(item, reading, holder, path) for item in value]
        return None if value is None else reading.mismatch(kind(value), self, holder, path)


def list_of(item: Type) -> Items:
    """The list of a type, by Go's name for it."""
    return Items(f"[]{item.name}", item)


@record
class Table(Type):
    """An object with any names and values of one type."""

    item: Type

    def read(self, value: Any, reading: _Reading, holder: str, path: Place) -> Any:  # noqa: D102 - see Type
        if isinstance(value, dict):
            return {name: self.item.read(member, reading, holder, path) for name, member in jsontext.pairs(value)}
        return None if value is None else reading.mismatch(kind(value), self, holder, path)


@record
class Field:
    """A member of a `Struct`: `path` is what error texts add for it, usually just its name."""

    name: str
    type: Type
    path: str


@record
class Struct(Type):
    """An object with known members, by lower-case name; the `required` ones are shown even when they aren't given."""

    fields: Mapping[str, Field]
    required: tuple[str, ...] = ()
    holder: str = field(init=False, compare=False)
    by_own_name: Mapping[str, Field] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """What error texts call the struct (its name without the package), and the members by their own spelling."""
        object.__setattr__(self, "holder", self.name.rpartition(".")[2])
        object.__setattr__(self, "by_own_name", {**self.fields, **{each.name: each for each in self.fields.values()}})

    @classmethod
    def of(cls, name: str, /, **types: Type) -> Struct:
        """A struct by its name with package, and its members' types."""
        return cls(name, {}).plus(**types)

    @classmethod
    def embedding(cls, name: str, path: str, /, **types: Type) -> Struct:
        """The same with members that error texts show behind `path`."""
        return cls(name, {key.lower(): Field(key, value, f"{path}.{key}") for key, value in types.items()})

    def plus(self, **types: Type) -> Struct:
        """The same with more members, which aren't embedded."""
        more = {key.lower(): Field(key, value, key) for key, value in types.items()}
        return Struct(self.name, {**self.fields, **more}, self.required)

    def requiring(self, *names: str) -> Struct:
        """The same with members that must be there."""
        return Struct(self.name, self.fields, names)

    def read(self, value: Any, reading: _Reading, holder: str, path: Place) -> Any:  # noqa: D102 - see Type
        if not isinstance(value, dict):
            return None if value is None else reading.mismatch(kind(value), self, holder, path)
        decoded: dict[str, Any] = {}
        for name, member in jsontext.pairs(value):
            field = self.by_own_name.get(name) or self._find_folded(name)
            if field is None:
                continue
            if field.type is STRING and type(member) is str:  # what most are, without another call
                decoded[field.name] = member
                continue
            got = field.type.read(member, reading, self.holder, (path, field.path))
            if got is not None:
                decoded[field.name] = got
            elif not isinstance(field.type, Scalar):
                decoded.pop(field.name, None)
        return decoded

    def _find_folded(self, name: str) -> Field | None:
        """The field that a member name in other letter case means."""
        folded = name.casefold()
        return self.fields.get(folded) if len(folded) == len(name) else None


STRING = Scalar("string")
TEXT = Text("string")
BOOL = Scalar("bool")
INTEGER = Scalar("int64")
BYTES = Bytes("[]uint8")
TIME = Time("time.Time")
ANY = Type("interface {}")
_FLOAT = Type("float64")

_SCALARS = {"string": "string", "bool": "bool", "int64": "number"}


def decode(document: Document, wanted: Type) -> Any:
    """The document's value as `wanted`: structs are dicts by field name that hold only what was given.

    Raises:
        DocumentError: a value of the wrong type.
    """
    reading = _Reading(document)
    value = wanted.read(document.value, reading, "", None)
    if reading.wrong:
        raise DocumentError(reading.wrong)
    return value


def decode_struct(document: Document, wanted: Struct) -> dict[str, Any]:
    """The same of a struct, which ``null`` leaves without members.

    Raises:
        DocumentError: a value of the wrong type.
    """
    return decode(document, wanted) or {}


def _time(value: Any) -> str:
    from refimpl.golang import instant  # only SLSA provenance needs it

    if not isinstance(value, str):
        raise DocumentError("Time.UnmarshalJSON: input is not a JSON string")
    try:
        instant.parse_rfc3339(json.dumps(value, ensure_ascii=False)[1:-1])  # the text between the quotes, as it stands
    except instant.TimeSyntaxError as error:
        raise DocumentError(str(error)) from None
    return value
