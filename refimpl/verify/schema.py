"""The JSON schemas of SLSA provenance and a validator of just what they use (specification 20 §8).

Draft 2020-12 with formats asserted. Of several failures the first counts, depth first, members in the schema's order.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from refimpl.golang import quoting
from refimpl.golang.document import schema_type, steps
from refimpl.verify.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.golang.document import Place

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_TEXT: Schema = {"type": "string", "minLength": 1}
_OBJECT: Schema = {"type": "object"}
_BOOLEAN: Schema = {"type": "boolean"}
_URI: Schema = {"type": "string", "format": "uri"}
_DIGESTS: Schema = {"$ref": "#/$defs/DigestSet"}
_TIMESTAMP: Schema = {"$ref": "#/$defs/Timestamp"}
_ALGORITHMS = [
    *(
        "sha256",
        "sha224",
        "sha384",
        "sha512",
        "sha512_224",
        "sha512_256",
        "sha3_224",
        "sha3_256",
        "sha3_384",
        "sha3_512",
    ),
    *("shake128", "shake256", "blake2b", "blake2s", "ripemd160", "sm3", "gost", "sha1", "md5"),
]


def _object(*required: str, **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": list(required)} if required else schema


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _statement(base: str, types: Schema, predicate: Schema, algorithms: list[str], **definitions: Schema) -> Schema:
    subject = _array(_object("name", "digest", name=_TEXT, digest=_DIGESTS))
    properties = {
        "_type": types,
        "subject": {**subject, "minItems": 1},
        "predicateType": {"const": base},
        "predicate": predicate,
    }
    digest_set = {
        "type": "object",
        "propertyNames": {"enum": algorithms},
        "additionalProperties": {"type": "string", "pattern": "^[a-f0-9]+$"},
    }
    timestamp = {"type": "string", "format": "date-time", "pattern": "Z$"}
    return {
        "$id": base,
        "type": "object",
        "required": ["_type", "subject", "predicate"],
        "properties": properties,
        "$defs": {"DigestSet": digest_set, "Timestamp": timestamp, **definitions},
    }


SLSA_V02: Schema = _statement(
    "https://slsa.dev/provenance/v0.2",
    {"const": "https://in-toto.io/Statement/v0.1"},
    _object(
        "builder",
        "buildType",
        builder=_object("id", id=_URI),
        buildType=_STRING,
        invocation=_object(
            configSource=_object(uri=_STRING, digest=_DIGESTS, entryPoint=_TEXT),
            parameters=_OBJECT,
            environment=_OBJECT,
        ),
        metadata=_object(
            buildInvocationId=_TEXT,
            buildStartedOn=_TIMESTAMP,
            buildFinishedOn=_TIMESTAMP,
            completeness=_object(parameters=_BOOLEAN, environment=_BOOLEAN, materials=_BOOLEAN),
            reproducible=_BOOLEAN,
        ),
        buildConfig=_OBJECT,
        materials=_array(_object(uri=_STRING, digest=_DIGESTS)),
    ),
    _ALGORITHMS,
)

_DESCRIPTORS = _array({"$ref": "#/$defs/ResourceDescriptor"})

SLSA_V1: Schema = _statement(
    "https://slsa.dev/provenance/v1",
    {"enum": ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]},
    _object(
        "buildDefinition",
        "runDetails",
        buildDefinition=_object(
            "buildType",
            "externalParameters",
            buildType=_TEXT,
            externalParameters=_OBJECT,
            internalParameters=_OBJECT,
            resolvedDependencies=_DESCRIPTORS,
        ),
        runDetails=_object(
            "builder",
            builder=_object("id", id=_URI, builderDependencies=_DESCRIPTORS, version=_OBJECT),
            metadata=_object(invocationId=_TEXT, startedOn=_TIMESTAMP, finishedOn=_TIMESTAMP),
            byproducts=_DESCRIPTORS,
        ),
    ),
    [*_ALGORITHMS, "gitCommit"],
    ResourceDescriptor=_object(
        uri=_STRING,
        digest=_DIGESTS,
        name=_STRING,
        downloadLocation=_STRING,
        mediaType=_STRING,
        content=_STRING,
        annotations=_OBJECT,
    ),
)


def schema_error(schema: Mapping[str, Any], value: Any) -> str | None:
    """The first failure as ``jsonschema: '<pointer>' does not validate with <location>: <message>``, or None."""
    failure = _failure(schema, schema, value, None, None)
    if failure is None:
        return None
    pointer = "".join(f"/{_token(name)}" for name in steps(failure.pointer))
    location = "".join(f"/{name}" for name in steps(failure.keywords))
    where = f"{schema['$id']}#{location}"
    return f"jsonschema: {_quote_singly(pointer)} does not validate with {where}: {failure.message}"


class Failure(NamedTuple):
    """A failure: the steps to the value and through the schema's keywords, and what is wrong."""

    pointer: Place
    keywords: Place
    message: str


def _failure(
    root: Mapping[str, Any], schema: Mapping[str, Any], value: Any, pointer: Place, at: Place
) -> Failure | None:
    """The first failure of `value` under `schema`; `at` are the keywords walked so far."""
    wanted = schema.get("type")
    if wanted is not None and (found := schema_type(value)) != wanted:
        return Failure(pointer, (at, "type"), f"expected {wanted}, but got {found}")
    if len(schema) == 1 and wanted is not None:
        return None
    if "const" in schema and value != schema["const"]:
        return Failure(pointer, (at, "const"), f"value must be {json.dumps(schema['const'])}")
    if "enum" in schema and value not in schema["enum"]:
        choice = ", ".join(map(json.dumps, schema["enum"]))
        return Failure(pointer, (at, "enum"), f"value must be one of {choice}")
    failure = None
    if isinstance(value, str):
        failure = _text_failure(schema, value, pointer, at)
    elif isinstance(value, dict):
        failure = _object_failure(root, schema, value, pointer, at)
    elif isinstance(value, list):
        failure = _list_failure(root, schema, value, pointer, at)
    if failure is None and "$ref" in schema:
        definition = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        return _failure(root, definition, value, pointer, (at, "$ref"))
    return failure


def _text_failure(schema: Mapping[str, Any], value: str, pointer: Place, at: Place) -> Failure | None:
    if "format" in schema and not FORMATS[schema["format"]](value):
        return Failure(pointer, (at, "format"), f"{_quote_singly(value)} is not valid '{schema['format']}'")
    least = schema.get("minLength", 0)
    if len(value) < least:
        return Failure(pointer, (at, "minLength"), f"length must be >= {least}, but got {len(value)}")
    if "pattern" in schema and not re.search(schema["pattern"].replace("$", r"\Z"), value):
        return Failure(pointer, (at, "pattern"), f"does not match pattern '{schema['pattern']}'")
    return None


def _object_failure(
    root: Mapping[str, Any], schema: Mapping[str, Any], value: Mapping[str, Any], pointer: Place, at: Place
) -> Failure | None:
    if "required" in schema and (missing := [name for name in schema["required"] if name not in value]):
        names = ", ".join(f"'{name}'" for name in missing)
        return Failure(pointer, (at, "required"), f"missing properties: {names}")
    within = (at, "properties")
    for name, member in schema.get("properties", {}).items():
        if name in value and (failure := _failure(root, member, value[name], (pointer, name), (within, name))):
            return failure
    if "propertyNames" in schema:
        for name in value:
            if failure := _failure(root, schema["propertyNames"], name, (pointer, name), (at, "propertyNames")):
                return failure
    if "additionalProperties" in schema:
        wanted = schema["additionalProperties"]
        for name, member in value.items():
            if failure := _failure(root, wanted, member, (pointer, name), (at, "additionalProperties")):
                return failure
    return None


def _list_failure(
    root: Mapping[str, Any], schema: Mapping[str, Any], value: list[Any], pointer: Place, at: Place
) -> Failure | None:
    least = schema.get("minItems", 0)
    if len(value) < least:
        return Failure(pointer, (at, "minItems"), f"minimum {least} items required, but found {len(value)} items")
    for index, item in enumerate(value) if "items" in schema else ():
        if failure := _failure(root, schema["items"], item, (pointer, str(index)), (at, "items")):
            return failure
    return None


def _token(name: str) -> str:
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="$&+=:@~")


def _quote_singly(text: str) -> str:
    inner = quoting.quote(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"
