"""What a policy configuration may hold, and both ways in which it is checked (specification 10 §3.2).

`decode` reads a document as a typed record: unknown members are dropped, names match whatever their case, scalars
become text where text is wanted, and a container of the wrong kind is an error. `check` then holds the same document
against the closed schema: nothing unknown, nothing null, text only where text is wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.golang import typed
from refimpl.golang.document import Document, schema_type
from refimpl.golang.numbers import normalise
from refimpl.golang.typed import ANY, STRING, TEXT, Items, Struct, Table, Type, list_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_BASE = "https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#"


class SchemaError(ValueError):
    """The document doesn't fit the closed schema; the text begins ``jsonschema: ``."""


#: Any value; the closed schema wants an object.
JSON = Type("v1.JSON")
_TEXTS = list_of(TEXT)
_CRITERIA = list_of(
    Struct.of(
        "v1alpha1.VolatileCriteria",
        value=TEXT,
        effectiveOn=TEXT,
        effectiveUntil=TEXT,
        imageRef=TEXT,
        imageDigest=TEXT,
        imageUrl=TEXT,
        componentNames=_TEXTS,
        reference=TEXT,
    ).requiring("value")
)
_SOURCE = Struct.of(
    "v1alpha1.Source",
    name=TEXT,
    policy=_TEXTS,
    data=_TEXTS,
    ruleData=JSON,
    config=Struct.of("v1alpha1.SourceConfig", exclude=_TEXTS, include=_TEXTS),
    volatileConfig=Struct.of("v1alpha1.VolatileSourceConfig", exclude=_CRITERIA, include=_CRITERIA),
)
POLICY = Struct.of(
    "v1alpha1.EnterpriseContractPolicySpec",
    name=TEXT,
    description=TEXT,
    sources=list_of(_SOURCE),
    configuration=Struct.of(
        "v1alpha1.EnterpriseContractPolicyConfiguration", exclude=_TEXTS, include=_TEXTS, collections=_TEXTS
    ),
    rekorUrl=TEXT,
    publicKey=TEXT,
    identity=Struct.of("v1alpha1.Identity", subject=TEXT, subjectRegExp=TEXT, issuer=TEXT, issuerRegExp=TEXT),
)
RESOURCE = Struct.of(
    "v1alpha1.EnterpriseContractPolicy",
    kind=STRING,
    apiVersion=STRING,
    metadata=Table("v1.ObjectMeta", ANY),
    spec=POLICY,
    status=Table("v1alpha1.EnterpriseContractPolicyStatus", ANY),
)


def decode(wanted: Type, value: Any) -> Any:
    """`value` as `wanted`: structs have just their known, given members, in the type's order.

    Empty texts and lists are left out of structs unless required, or any JSON will do; empty structs and objects stay.
    Null reads as not given; a null list item as an empty one.

    Raises:
        DocumentError: the first container of the wrong kind, members taken in the order of their names.
    """
    return _compact(wanted, typed.decode(Document(normalise(value)), wanted))


def check(value: Any) -> None:
    """Hold a document against the closed schema of a policy specification.

    Raises:
        SchemaError: the first problem, inner ones before the outer ones.
    """
    for pointer, path, problem in _problems(POLICY, value, "", ""):
        raise SchemaError(f"jsonschema: '{pointer}' does not validate with {_BASE}{path}: {problem}")


def _compact(wanted: Type, value: Any) -> Any:
    if isinstance(wanted, Items):
        return [_compact(wanted.item, item) for item in value or ()]
    if not isinstance(wanted, Struct):
        return "" if value is None else value
    shown = {}
    for field in wanted.fields.values():
        item = (value or {}).get(field.name)
        if item is not None:
            item = _compact(field.type, item)
        if item is not None and (field.type is JSON or item not in ("", [])):
            shown[field.name] = item
        elif field.name in wanted.required:
            shown[field.name] = ""
    return shown


def _problems(shape: Type, value: Any, pointer: str, path: str) -> Iterator[tuple[str, str, str]]:
    """JSON pointer, schema path and text of each problem, in the order in which the contract's validator meets them."""
    if isinstance(shape, Struct) or shape is JSON:
        path += "/$ref"
    wanted = "string" if shape is TEXT else "array" if isinstance(shape, Items) else "object"
    if (found := schema_type(value)) != wanted:
        yield pointer, f"{path}/type", f"expected {wanted}, but got {found}"
    elif isinstance(shape, Items):
        for index, item in enumerate(value):
            yield from _problems(shape.item, item, f"{pointer}/{index}", f"{path}/items")
    elif isinstance(shape, Struct):
        if missing := [name for name in shape.required if name not in value]:
            yield pointer, f"{path}/required", f"missing properties: {_names(missing)}"
        known = {field.name: field.type for field in shape.fields.values()}
        for name, member in known.items():
            if name in value:
                yield from _problems(member, value[name], f"{pointer}/{name}", f"{path}/properties/{name}")
        if unknown := sorted(value.keys() - known.keys()):
            yield pointer, f"{path}/additionalProperties", f"additionalProperties {_names(unknown)} not allowed"


def _names(names: list[str]) -> str:
    return ", ".join("'" + name.replace("'", "\\'") + "'" for name in names)
