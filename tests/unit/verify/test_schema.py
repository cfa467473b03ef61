from __future__ import annotations

from typing import Any

import pytest
from samples import V02, V1, statement
from test_slsa import _ABSENT, _with

from refimpl.verify.schema import SLSA_V02, SLSA_V1, schema_error

_SCHEMAS = {V02: SLSA_V02, V1: SLSA_V1}
_ALGORITHMS = (
    '"sha256", "sha224", "sha384", "sha512", "sha512_224", "sha512_256", "sha3_224", "sha3_256", "sha3_384", '
    '"sha3_512", "shake128", "shake256", "blake2b", "blake2s", "ripemd160", "sm3", "gost", "sha1", "md5"'
)
_BUILDER = "predicate/properties/builder/properties/id"
_CONFIG = "predicate.invocation.configSource"
_CONFIG_AT = "predicate/properties/invocation/properties/configSource/properties"
_RD = "predicate.buildDefinition.resolvedDependencies"
_RD_AT = "predicate/properties/buildDefinition/properties/resolvedDependencies/items/$ref/properties"


@pytest.mark.parametrize("version", [V02, V1])
def test_good_statements_conform(version: str) -> None:
    assert schema_error(_SCHEMAS[version], _with(version, "extra", 1)) is None


@pytest.mark.parametrize(
    ("version", "path", "value", "pointer", "location", "message"),
    [
        (V02, "predicate", _ABSENT, "", "required", "missing properties: 'predicate'"),
        (
            V02,
            "predicate",
            {},
            "/predicate",
            "properties/predicate/required",
            "missing properties: 'builder', 'buildType'",
        ),
        (V02, "predicate", None, "/predicate", "properties/predicate/type", "expected object, but got null"),
        (
            V02,
            "predicate.builder.id",
            "nouri",
            "/predicate/builder/id",
            f"properties/{_BUILDER}/format",
            "'nouri' is not valid 'uri'",
        ),
        (
            V02,
            "predicate.builder.id",
            'it\'s "q" é\u200b\\',
            "/predicate/builder/id",
            f"properties/{_BUILDER}/format",
            "'it\\'s \"q\" é\\u200b\\\\' is not valid 'uri'",
        ),
        (
            V02,
            "predicate.builder.id",
            None,
            "/predicate/builder/id",
            f"properties/{_BUILDER}/type",
            "expected string, but got null",
        ),
        (
            V02,
            "predicate.builder.id",
            5,
            "/predicate/builder/id",
            f"properties/{_BUILDER}/type",
            "expected string, but got number",
        ),
        (
            V02,
            "predicate.builder.id",
            True,
            "/predicate/builder/id",
            f"properties/{_BUILDER}/type",
            "expected string, but got boolean",
        ),
        (
            V02,
            "predicate.invocation.environment",
            [],
            "/predicate/invocation/environment",
            "properties/predicate/properties/invocation/properties/environment/type",
            "expected object, but got array",
        ),
        (
            V02,
            f"{_CONFIG}.entryPoint",
            "",
            "/predicate/invocation/configSource/entryPoint",
            f"properties/{_CONFIG_AT}/entryPoint/minLength",
            "length must be >= 1, but got 0",
        ),
        (
            V02,
            f"{_CONFIG}.digest",
            {"foo": "00"},
            "/predicate/invocation/configSource/digest/foo",
            f"properties/{_CONFIG_AT}/digest/$ref/propertyNames/enum",
            f"value must be one of {_ALGORITHMS}",
        ),
        (
            V02,
            f"{_CONFIG}.digest",
            {"sha1": "XX"},
            "/predicate/invocation/configSource/digest/sha1",
            f"properties/{_CONFIG_AT}/digest/$ref/additionalProperties/pattern",
            "does not match pattern '^[a-f0-9]+$'",
        ),
        (
            V02,
            f"{_CONFIG}.digest",
            {"sha1": "00\n"},
            "/predicate/invocation/configSource/digest/sha1",
            f"properties/{_CONFIG_AT}/digest/$ref/additionalProperties/pattern",
            "does not match pattern '^[a-f0-9]+$'",
        ),
        (
            V02,
            "predicate.materials",
            [{}, {"digest": {"a/b~c d%é<": "00"}}],
            "/predicate/materials/1/digest/a~1b~0c%20d%25%C3%A9%3C",
            "properties/predicate/properties/materials/items/properties/digest/$ref/propertyNames/enum",
            f"value must be one of {_ALGORITHMS}",
        ),
        (
            V02,
            "predicate.metadata.buildFinishedOn",
            "2021-01-01T00:00:00+01:00",
            "/predicate/metadata/buildFinishedOn",
            "properties/predicate/properties/metadata/properties/buildFinishedOn/$ref/pattern",
            "does not match pattern 'Z$'",
        ),
        (
            V02,
            "predicate.metadata.buildFinishedOn",
            "2021-02-03T4:05:06Z",
            "/predicate/metadata/buildFinishedOn",
            "properties/predicate/properties/metadata/properties/buildFinishedOn/$ref/format",
            "'2021-02-03T4:05:06Z' is not valid 'date-time'",
        ),
        (V02, "subject", [], "/subject", "properties/subject/minItems", "minimum 1 items required, but found 0 items"),
        (
            V02,
            "subject.0.name",
            "",
            "/subject/0/name",
            "properties/subject/items/properties/name/minLength",
            "length must be >= 1, but got 0",
        ),
        (
            V02,
            "subject.0.name",
            _ABSENT,
            "/subject/0",
            "properties/subject/items/required",
            "missing properties: 'name'",
        ),
        (V02, "predicateType", "x", "/predicateType", "properties/predicateType/const", f'value must be "{V02}"'),
        (V02, "_type", "x", "/_type", "properties/_type/const", 'value must be "https://in-toto.io/Statement/v0.1"'),
        (
            V1,
            "_type",
            "x",
            "/_type",
            "properties/_type/enum",
            'value must be one of "https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"',
        ),
        (
            V1,
            _RD,
            [{"digest": {"gitCommit": "XX"}}],
            "/predicate/buildDefinition/resolvedDependencies/0/digest/gitCommit",
            f"properties/{_RD_AT}/digest/$ref/additionalProperties/pattern",
            "does not match pattern '^[a-f0-9]+$'",
        ),
        (
            V1,
            _RD,
            [{"digest": {"foo": "00"}}],
            "/predicate/buildDefinition/resolvedDependencies/0/digest/foo",
            f"properties/{_RD_AT}/digest/$ref/propertyNames/enum",
            f'value must be one of {_ALGORITHMS}, "gitCommit"',
        ),
        (
            V1,
            "predicate.runDetails.metadata.finishedOn",
            "2021-01-01T00:00:00+01:00",
            "/predicate/runDetails/metadata/finishedOn",
            "properties/predicate/properties/runDetails/properties/metadata/properties/finishedOn/$ref/pattern",
            "does not match pattern 'Z$'",
        ),
    ],
)
def test_failures_are_told_by_place_and_rule(  # a row of the table above
    version: str, path: str, value: Any, pointer: str, location: str, message: str
) -> None:
    assert schema_error(_SCHEMAS[version], _with(version, path, value)) == (
        f"jsonschema: '{pointer}' does not validate with {version}#/{location}: {message}"
    )


def test_what_is_not_an_object_fails_at_the_root() -> None:
    assert schema_error(SLSA_V02, []) == (
        f"jsonschema: '' does not validate with {V02}#/type: expected object, but got array"
    )


def test_names_of_git_commits_are_for_version_1_only() -> None:
    digest = {"digest": {"gitCommit": "00"}}
    assert schema_error(SLSA_V1, _with(V1, _RD, [digest])) is None
    assert schema_error(SLSA_V02, _with(V02, "predicate.materials", [digest])) is not None


def test_of_several_failures_the_first_of_the_schema_is_told_every_time() -> None:
    document = statement(V02)
    document["predicate"] = {"buildType": 5, "builder": {"id": "no"}, "materials": 5}
    assert "builder/properties/id/format" in str(schema_error(SLSA_V02, document))


def test_the_predicate_type_may_be_missing() -> None:
    assert schema_error(SLSA_V02, _with(V02, "predicateType", _ABSENT)) is None
