from __future__ import annotations

import json
from typing import Any

import pytest
from samples import V02, V1, statement

from refimpl.errors import VerificationError
from refimpl.golang.document import parse
from refimpl.verify.slsa import PROVENANCE

_ABSENT = object()


def _with(version: str, path: str, value: Any) -> dict[str, Any]:
    """A good statement whose member at the dotted path is replaced, or left out."""
    document: Any = statement(version)
    if version == V1:
        document["_type"] = "https://in-toto.io/Statement/v1"
    *parents, last = (int(part) if part.isdecimal() else part for part in path.split("."))
    at = document
    for part in parents:
        at = at.setdefault(part, {}) if isinstance(at, dict) else at[part]
    if value is _ABSENT:
        del at[last]
    else:
        at[last] = value
    return dict(document)


def _read(version: str, path: str, value: Any) -> str:
    return PROVENANCE[version].read(parse(json.dumps(_with(version, path, value)).encode()))


def _reason(version: str, path: str, value: Any) -> str:
    with pytest.raises(VerificationError) as caught:
        _read(version, path, value)
    return str(caught.value)


def test_the_build_type_is_read() -> None:
    assert _read(V02, "extra", 5) == "a:b"
    assert _read(V1, "extra", 5) == "b"


_TIME = 'as "2006-01-02T15:04:05Z07:00"'


@pytest.mark.parametrize(
    ("version", "path", "value", "reason"),
    [
        (V02, "predicate.builder", "x", "ProvenancePredicate.predicate.builder of type common.ProvenanceBuilder"),
        (V02, "predicate.builder.id", 5, "ProvenanceBuilder.predicate.builder.id of type string"),
        (V02, "predicate.buildType", [], "ProvenancePredicate.predicate.buildType of type string"),
        (V02, "predicate.invocation", 5, "ProvenancePredicate.predicate.invocation of type v02.ProvenanceInvocation"),
        (
            V02,
            "predicate.invocation.configSource.digest",
            "x",
            "ConfigSource.predicate.invocation.configSource.digest of type common.DigestSet",
        ),
        (
            V02,
            "predicate.invocation.configSource.digest.sha1",
            5,
            "ConfigSource.predicate.invocation.configSource.digest of type string",
        ),
        (
            V02,
            "predicate.invocation.configSource.entryPoint",
            True,
            "ConfigSource.predicate.invocation.configSource.entryPoint of type string",
        ),
        (V02, "predicate.metadata", 5, "ProvenancePredicate.predicate.metadata of type v02.ProvenanceMetadata"),
        (
            V02,
            "predicate.metadata.buildInvocationId",
            5,
            "ProvenanceMetadata.predicate.metadata.buildInvocationID of type string",
        ),
        (
            V02,
            "predicate.metadata.completeness.parameters",
            "x",
            "ProvenanceComplete.predicate.metadata.completeness.parameters of type bool",
        ),
        (
            V02,
            "predicate.metadata.reproducible",
            "x",
            "ProvenanceMetadata.predicate.metadata.reproducible of type bool",
        ),
        (V02, "predicate.materials", 5, "ProvenancePredicate.predicate.materials of type []common.ProvenanceMaterial"),
        (
            V02,
            "predicate.materials",
            ["x"],
            "ProvenancePredicate.predicate.materials of type common.ProvenanceMaterial",
        ),
        (V02, "predicate.materials", [{"uri": 5}], "ProvenanceMaterial.predicate.materials.uri of type string"),
        (
            V1,
            "predicate.buildDefinition",
            5,
            "ProvenancePredicate.predicate.buildDefinition of type v1.ProvenanceBuildDefinition",
        ),
        (
            V1,
            "predicate.buildDefinition.resolvedDependencies",
            [{"content": 5}],
            "ResourceDescriptor.predicate.buildDefinition.resolvedDependencies.content of type []uint8",
        ),
        (
            V1,
            "predicate.buildDefinition.resolvedDependencies",
            [{"annotations": 5}],
            (
                "ResourceDescriptor.predicate.buildDefinition.resolvedDependencies.annotations of type "
                "map[string]interface {}"
            ),
        ),
        (V1, "predicate.runDetails", 5, "ProvenancePredicate.predicate.runDetails of type v1.ProvenanceRunDetails"),
        (
            V1,
            "predicate.runDetails.builder.version",
            5,
            "Builder.predicate.runDetails.builder.version of type map[string]string",
        ),
        (
            V1,
            "predicate.runDetails.metadata.invocationID",
            5,
            "BuildMetadata.predicate.runDetails.metadata.invocationId of type string",
        ),
        (
            V1,
            "predicate.runDetails.byproducts",
            [{"name": 5}],
            "ResourceDescriptor.predicate.runDetails.byproducts.name of type string",
        ),
    ],
)
def test_wrong_types_are_told_by_struct_and_path(version: str, path: str, value: Any, reason: str) -> None:
    found = value[0] if isinstance(value, list) and value else value
    found = next(iter(found.values())) if isinstance(found, dict) else found
    if path.endswith("materials") and value == ["x"]:
        found = "x"
    kinds = {int: "number", str: "string", bool: "bool", list: "array"}
    label = "SLSA v0.2" if version == V02 else "SLSA v1"
    assert _reason(version, path, value) == (
        f"unable to parse as {label}: malformed attestation data: "
        f"json: cannot unmarshal {kinds[type(found)]} into Go struct field {reason}"
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("garbage", f'parsing time "garbage" {_TIME}: cannot parse "garbage" as "2006"'),
        ("2021-13-01T00:00:00Z", 'parsing time "2021-13-01T00:00:00Z": month out of range'),
        ("2021-02-03", f'parsing time "2021-02-03" {_TIME}: cannot parse "" as "T"'),
        ('a"b\n', f'parsing time "a\\\\\\"b\\\\n" {_TIME}: cannot parse "a\\\\\\"b\\\\n" as "2006"'),
        (5, "Time.UnmarshalJSON: input is not a JSON string"),
        ({}, "Time.UnmarshalJSON: input is not a JSON string"),
    ],
)
def test_times_that_cannot_be_read_are_told(value: Any, reason: str) -> None:
    assert _reason(V02, "predicate.metadata.buildStartedOn", value) == (
        f"unable to parse as SLSA v0.2: malformed attestation data: {reason}"
    )


def test_a_time_is_told_before_a_type_that_comes_first() -> None:
    document = _with(V02, "predicate.builder.id", 5)
    document["predicate"]["metadata"] = {"buildStartedOn": "x"}
    with pytest.raises(VerificationError, match='parsing time "x"'):
        PROVENANCE[V02].read(parse(json.dumps(document).encode()))


def test_broken_base64_is_told() -> None:
    assert _reason(V1, "predicate.buildDefinition.resolvedDependencies", [{"content": "!"}]) == (
        "unable to parse as SLSA v1: malformed attestation data: illegal base64 data at input byte 0"
    )


@pytest.mark.parametrize(
    ("version", "value", "shown"),
    [
        (V02, "x", "x"),
        (V02, "https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v1"),
        (V02, _ABSENT, ""),
        (V1, "x", "x"),
        (V1, _ABSENT, ""),
    ],
)
def test_other_statement_types_are_refused(version: str, value: Any, shown: str) -> None:
    label = "SLSA v0.2" if version == V02 else "SLSA v1"
    assert _reason(version, "_type", value) == f"unable to parse as {label}: unsupported attestation type: {shown}"


def test_provenance_1_may_come_in_an_old_statement() -> None:
    assert _read(V1, "_type", "https://in-toto.io/Statement/v0.1") == "b"


def test_schema_errors_name_the_version() -> None:
    assert _reason(V1, "predicate", {}) == (
        "unable to parse as SLSA v1: attestation does not conform to SLSA v1.0 schema: "
        "jsonschema: '/predicate' does not validate with https://slsa.dev/provenance/v1#/properties/predicate/required"
        ": missing properties: 'buildDefinition', 'runDetails'"
    )


def test_names_match_in_any_case_and_null_is_no_value() -> None:
    document = _with(V02, "extra", 1)
    document["Predicate"] = {"BUILDTYPE": "again"}
    assert PROVENANCE[V02].read(parse(json.dumps(document).encode())) == "again"
    document["predicate"]["buildType"] = "b"
    document["Predicate"] = None
    assert PROVENANCE[V02].read(parse(json.dumps(document).encode())) == ""
