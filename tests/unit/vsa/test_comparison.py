"""Which policies judge alike (specification 24 §16)."""

from __future__ import annotations

from typing import Any

import pytest

from refimpl.errors import VerificationError
from refimpl.policy.config import Policy
from refimpl.vsa.comparison import Differences, Judged, compare

_NOW = 1_700_000_000_000_000_000
_DIGEST = "sha256:" + "ab" * 32
_JUDGED = Judged(f"registry.test/image@{_DIGEST}", "one", _NOW)


def _policy(*sources: Any, **more: Any) -> Policy:
    return Policy.from_json({"sources": list(sources), **more})


def _source(policy: str = "git::host/rules", **more: Any) -> dict[str, Any]:
    return {"policy": [policy], **more}


def _compare(old: Policy, new: Policy) -> tuple[int, int, int]:
    found = compare(old, new, _JUDGED)
    return found.added, found.removed, found.changed


@pytest.mark.parametrize(
    "url",
    [
        "git::host/rules?ref=0123",
        "host/rules#x",
        "https://host/rules",
        " http://host/rules ",
        f"oci::host/rules@{_DIGEST}",
    ],
)
def test_revisions_and_protocols_do_not_count(url: str) -> None:
    assert not compare(_policy(_source()), _policy(_source(url)), _JUDGED)


@pytest.mark.parametrize("url", ["git::host/rules?ref=x//strict", "host/rules//strict", "host/rules?a=b//other"])
def test_folders_count_wherever_they_stand(url: str) -> None:
    assert compare(_policy(_source()), _policy(_source(url)), _JUDGED)
    assert not compare(_policy(_source(url)), _policy(_source(f"git::{url.removeprefix('git::')}")), _JUDGED)


def test_a_folder_is_the_same_before_and_after_the_revision() -> None:
    late, early = _policy(_source("host/rules?ref=x//strict")), _policy(_source("host/rules//strict?ref=y"))
    assert not compare(late, early, _JUDGED)


def test_a_difference_is_false_when_there_is_none() -> None:
    assert not Differences()
    assert Differences(changed=1)


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ([_source()], [_source("git::host/other")], (1, 1, 0)),  # likeness 0.6 + 0.1: one that was changed
        ([_source(data=["a"])], [_source("x", data=["b"])], (1, 1, 0)),  # nothing in common: one added, one removed
        ([_source(data=["a", "b"])], [_source(data=["a", "b", "c"])], (1, 0, 0)),
        ([_source()], [_source(config={"include": ["a.*", "b"]})], (2, 0, 0)),
        ([_source(config={"exclude": ["a"]})], [_source(config={"exclude": ["a.*"]})], (0, 0, 0)),
        ([_source(ruleData={"a": 1})], [_source(ruleData={"a": 1.0})], (0, 0, 0)),
        ([_source(ruleData={"a": 1})], [_source(ruleData={"a": 2})], (0, 0, 1)),
        ([_source(name="x")], [_source("elsewhere", name="x")], (1, 1, 0)),
        ([_source(), _source("b")], [_source("b"), _source()], (0, 0, 0)),
        ([_source()], [_source(), _source("b", data=["c"])], (1, 0, 0)),
        ([_source(config={"include": ["*"]})], [_source()], (0, 0, 0)),
    ],
)
def test_what_differs_is_counted(old: list[Any], new: list[Any], counts: tuple[int, int, int]) -> None:
    assert _compare(_policy(*old), _policy(*new)) == counts


def test_of_groups_with_one_name_each_counts() -> None:
    two = [_source("a", name="x", data=["1"]), _source("b", name="x", data=["2"])]
    assert _compare(_policy(*two), _policy(two[0])) == (0, 1, 0)
    assert _compare(_policy(*two), _policy(two[1])) == (0, 1, 0)


def test_an_exclusion_in_one_group_is_not_one_in_both() -> None:
    excluding = _source(config={"exclude": ["a"]})
    assert compare(_policy(excluding), _policy(excluding, _source()), _JUDGED)
    assert not compare(_policy(excluding, _source()), _policy(_source(), excluding), _JUDGED)


def test_rule_data_of_two_groups_is_not_that_of_one() -> None:
    first, second = _source(ruleData={"a": 1}), _source(ruleData={"a": 2})
    for alone in (first, second):
        assert compare(_policy(first, second), _policy(alone), _JUDGED)


def test_the_old_configuration_counts_with_its_collections() -> None:
    assert _compare(_policy(_source(), configuration={"collections": ["x"]}), _policy(_source())) == (0, 1, 0)
    old = _policy(_source(), configuration={"include": ["a"]})
    assert not compare(old, _policy(_source(config={"include": ["a"]})), _JUDGED)


@pytest.mark.parametrize(
    ("criterion", "counts"),
    [
        ({}, True),
        ({"effectiveUntil": "2020-01-01T00:00:00Z"}, False),
        ({"effectiveOn": "2099-01-01T00:00:00Z"}, False),
        ({"imageDigest": _DIGEST}, True),
        ({"imageUrl": "registry.test/image"}, True),
        ({"imageDigest": "sha256:" + "cd" * 32}, False),
        ({"componentNames": ["one"]}, True),
        ({"componentNames": ["two"]}, False),
    ],
)
def test_volatile_criteria_count_for_this_image_and_time(criterion: dict[str, Any], counts: object) -> None:
    volatile = _source(volatileConfig={"exclude": [{"value": "a", **criterion}]})
    assert bool(compare(_policy(volatile), _policy(_source()), _JUDGED)) is counts


@pytest.mark.parametrize(
    ("data", "kind"), [("a", "string"), ("", "string"), ([], "array"), (5, "number"), (False, "bool")]
)
def test_rule_data_that_is_no_object_cannot_be_compared(data: object, kind: str) -> None:
    odd, plain = _policy(_source(ruleData=data)), _policy(_source())
    words = f"unmarshal ruleData: json: cannot unmarshal {kind} into Go value of type map"
    with pytest.raises(VerificationError, match=f"failed to normalize first policy: failed to normalize: {words}"):
        compare(odd, plain, _JUDGED)
    with pytest.raises(VerificationError, match=f"failed to normalize second policy: failed to normalize: {words}"):
        compare(plain, odd, _JUDGED)
