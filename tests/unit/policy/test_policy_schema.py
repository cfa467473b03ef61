from __future__ import annotations

from typing import Any

import pytest

from refimpl.golang.document import DocumentError
from refimpl.policy.schema import POLICY, SchemaError, check, decode

BASE = "https://github.com/conforma/crds/api/v1alpha1/enterprise-contract-policy-spec#"
SOURCE = "/$ref/properties/sources/items/$ref"
VOLATILE = f"{SOURCE}/properties/volatileConfig/$ref/properties"


# What the real command says of each document, word by word.
@pytest.mark.parametrize(
    ("document", "pointer", "path", "problem"),
    [
        ({"zz": 1, "aa": 2}, "", "/$ref/additionalProperties", "additionalProperties 'aa', 'zz' not allowed"),
        ({"a'b": 1}, "", "/$ref/additionalProperties", r"additionalProperties 'a\'b' not allowed"),
        (
            {"sources": [{}, {"policyy": []}]},
            "/sources/1",
            f"{SOURCE}/additionalProperties",
            "additionalProperties 'policyy' not allowed",
        ),
        ({"publicKey": 5}, "/publicKey", "/$ref/properties/publicKey/type", "expected string, but got number"),
        ({"name": True}, "/name", "/$ref/properties/name/type", "expected string, but got boolean"),
        ({"rekorUrl": None}, "/rekorUrl", "/$ref/properties/rekorUrl/type", "expected string, but got null"),
        ({"sources": None}, "/sources", "/$ref/properties/sources/type", "expected array, but got null"),
        ({"sources": [None]}, "/sources/0", f"{SOURCE}/type", "expected object, but got null"),
        (
            {"sources": [{"ruleData": [1]}]},
            "/sources/0/ruleData",
            f"{SOURCE}/properties/ruleData/$ref/type",
            "expected object, but got array",
        ),
        (
            {"sources": [{"config": {"include": [1]}}]},
            "/sources/0/config/include/0",
            f"{SOURCE}/properties/config/$ref/properties/include/items/type",
            "expected string, but got number",
        ),
        (
            {"sources": [{"volatileConfig": {"exclude": [{"effectiveOn": 5}]}}]},
            "/sources/0/volatileConfig/exclude/0",
            f"{VOLATILE}/exclude/items/$ref/required",
            "missing properties: 'value'",
        ),
        (
            {"sources": [{"volatileConfig": {"include": [{"value": "a", "componentNames": [5]}]}}]},
            "/sources/0/volatileConfig/include/0/componentNames/0",
            f"{VOLATILE}/include/items/$ref/properties/componentNames/items/type",
            "expected string, but got number",
        ),
        (
            {"identity": {"foo": 1}},
            "/identity",
            "/$ref/properties/identity/$ref/additionalProperties",
            "additionalProperties 'foo' not allowed",
        ),
        (
            {"configuration": {"collections": ["x", 1]}},
            "/configuration/collections/1",
            "/$ref/properties/configuration/$ref/properties/collections/items/type",
            "expected string, but got number",
        ),
        (
            {"sources": [{"policy": [5], "foo": 1}], "bar": 1},
            "/sources/0/policy/0",
            f"{SOURCE}/properties/policy/items/type",
            "expected string, but got number",
        ),
    ],
)
def test_the_first_problem_is_named_by_place_and_rule(
    document: dict[str, Any], pointer: str, path: str, problem: str
) -> None:
    with pytest.raises(SchemaError) as told:
        check(document)
    assert str(told.value) == f"jsonschema: '{pointer}' does not validate with {BASE}{path}: {problem}"


def test_a_whole_policy_passes() -> None:
    texts = ["a", "b"]
    criteria = {
        "value": "v",
        "effectiveOn": "",
        "effectiveUntil": "",
        "imageRef": "",
        "imageDigest": "",
        "imageUrl": "",
        "reference": "",
        "componentNames": texts,
    }
    source = {
        "name": "n",
        "policy": texts,
        "data": texts,
        "ruleData": {"any": [None]},
        "config": {"exclude": texts, "include": texts},
        "volatileConfig": {"exclude": [criteria], "include": [criteria]},
    }
    check(
        {
            "name": "n",
            "description": "d",
            "rekorUrl": "r",
            "publicKey": "k",
            "sources": [source],
            "configuration": {"exclude": texts, "include": texts, "collections": texts},
            "identity": {"subject": "a", "subjectRegExp": "b", "issuer": "c", "issuerRegExp": "d"},
        }
    )


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ([], "array into Go value of type v1alpha1.EnterpriseContractPolicySpec"),
        (
            {"sources": {}},
            "object into Go struct field EnterpriseContractPolicySpec.sources of type []v1alpha1.Source",
        ),
        ({"sources": [5]}, "number into Go struct field EnterpriseContractPolicySpec.sources of type v1alpha1.Source"),
        ({"sources": [{"policy": "x"}]}, "string into Go struct field Source.sources.policy of type []string"),
        ({"sources": [{"policy": [{}]}]}, "object into Go struct field Source.sources.policy of type string"),
        (
            {"sources": [{"config": {"include": 5}}]},
            "number into Go struct field SourceConfig.sources.config.include of type []string",
        ),
        (
            {"sources": [{"volatileConfig": {"include": [{"value": []}]}}]},
            "array into Go struct field VolatileCriteria.sources.volatileConfig.include.value of type string",
        ),
        ({"sources": True}, "bool into Go struct field EnterpriseContractPolicySpec.sources of type []v1alpha1.Source"),
        (
            {"sources": {}, "publicKey": []},  # members are met in the order of their names
            "array into Go struct field EnterpriseContractPolicySpec.publicKey of type string",
        ),
    ],
)
def test_a_container_of_the_wrong_kind_is_named(document: Any, error: str) -> None:
    with pytest.raises(DocumentError) as told:
        decode(POLICY, document)
    assert str(told.value) == f"json: cannot unmarshal {error}"


def test_decoding_orders_drops_and_converts() -> None:
    document = {
        "publicKey": 5,
        "unknown": 1,
        "NAME": True,
        "identity": {},
        "sources": [
            {"volatileConfig": {"include": [{"effectiveOn": "x"}], "exclude": []}, "policy": [1.5], "data": []}
        ],
    }
    assert list(decode(POLICY, document).items()) == [
        ("name", "true"),
        ("sources", [{"policy": ["1.5"], "volatileConfig": {"include": [{"value": "", "effectiveOn": "x"}]}}]),
        ("publicKey", "5"),
        ("identity", {}),
    ]


def test_lists_that_exclude_are_shown_before_those_that_include() -> None:
    texts: dict[str, Any] = {"include": ["a"], "exclude": ["b"]}
    criteria: dict[str, Any] = {"include": [{"value": "a"}], "exclude": [{"value": "b"}]}
    shown = decode(
        POLICY,
        {"sources": [{"config": texts, "volatileConfig": criteria}], "configuration": {**texts, "collections": []}},
    )
    [source] = shown["sources"]
    for lists in (source["config"], source["volatileConfig"], shown["configuration"]):
        assert list(lists)[:2] == ["exclude", "include"]
