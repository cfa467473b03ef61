from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.evaluation.criteria import Criteria
from refimpl.golang.instant import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

DIGEST = f"sha256:{'ab' * 32}"
REF = f"registry.example/acme/app@{DIGEST}"
NOW = parse("2030-01-01T00:00:00Z")


@dataclass
class Entry:
    config: Mapping[str, Any] | None = None
    volatile_config: Mapping[str, Any] | None = None
    rule_data: Mapping[str, Any] | None = None


def criteria(
    config: dict[str, Any] | None = None,
    include: list[dict[str, Any]] | None = None,
    exclude: list[dict[str, Any]] | None = None,
    configuration: dict[str, Any] | None = None,
) -> Criteria:
    group = Entry(config, {"include": include or [], "exclude": exclude or []})
    return Criteria.of(group, configuration, time_ns=NOW)


def test_nothing_includes_everything() -> None:
    assert criteria().select(REF, "one") == (("*",), ())


def test_a_group_without_items_takes_the_policys() -> None:
    found = criteria(configuration={"include": ["a"], "exclude": ["b"], "collections": ["c"]})
    assert found.select(REF, "one") == (("a", "@c"), ("b",))


def test_one_exclusion_of_the_group_hides_the_policys() -> None:
    found = criteria({"exclude": ["z"]}, configuration={"include": ["a"]})
    assert found.select(REF, "one") == (("*",), ("z",))


def test_an_inactive_waiver_does_not_hide_the_policys() -> None:
    found = criteria(exclude=[{"value": "z", "effectiveUntil": "2029-12-31"}], configuration={"include": ["a"]})
    assert found.select(REF, "one") == (("a",), ())


def test_config_comes_before_volatile_and_repeats_stay() -> None:
    found = criteria({"include": ["a", "a"]}, include=[{"value": "a"}])
    assert found.select(REF, "one")[0] == ("a", "a", "a")


def test_an_include_for_others_removes_the_implied_star() -> None:
    found = criteria(include=[{"value": "a", "componentNames": ["other"]}])
    assert found.select(REF, "one") == ((), ())


def test_items_come_by_repository_digest_component_original_and_default() -> None:
    expanded = f"one-{DIGEST}-amd64"
    found = criteria(
        {"include": ["default"]},
        include=[
            {"value": "original", "componentNames": ["x", "one"]},
            {"value": "expanded", "componentNames": [expanded]},
            {"value": "digest", "imageDigest": DIGEST},
            {"value": "ref", "imageRef": DIGEST},
            {"value": "url", "imageUrl": "registry.example/acme/app", "componentNames": ["nobody"]},
            {"value": "tagged", "imageUrl": "registry.example/acme/app:v1"},
        ],
    )
    assert found.select(REF, expanded)[0] == ("url", "digest", "ref", "expanded", "original", "default")
    assert found.select(REF, "")[0] == ("url", "digest", "ref", "default")
    assert found.include.unscoped == ("default", "digest", "ref", "url", "tagged")


@pytest.mark.parametrize(
    "name", ["one-sha256:abc-amd64", f"one-{DIGEST}-", f"one-{DIGEST.upper()}-amd64", f"one-{DIGEST}-a b"]
)
def test_only_names_of_expansion_have_an_original(name: str) -> None:
    found = criteria(include=[{"value": "a", "componentNames": ["one"]}])
    assert found.select(REF, name)[0] == ()


def test_a_reference_that_is_none_has_the_default_items() -> None:
    found = criteria({"include": ["a"]}, include=[{"value": "b", "componentNames": ["one"]}])
    assert found.select("no reference", "one")[0] == ("a",)


def test_the_first_scope_counts() -> None:
    found = criteria(include=[{"value": "a", "imageRef": "sha256:other", "imageUrl": "registry.example/acme/app"}])
    assert found.select(REF, "one")[0] == ()


@pytest.mark.parametrize(
    ("dates", "active"),
    [
        ({}, True),
        ({"effectiveOn": "2030-01-01"}, True),
        ({"effectiveUntil": "2030-01-01T00:00:00Z"}, True),
        ({"effectiveOn": "2030-01-01T00:00:00.000000001Z"}, False),
        ({"effectiveUntil": "2029-12-31T23:59:59.999999999Z"}, False),
        ({"effectiveOn": "2030-01-01T02:00:00+02:00", "effectiveUntil": "2030-01-01"}, True),
        ({"effectiveOn": "2031-01-01", "effectiveUntil": "2029-01-01"}, False),
    ],
)
def test_waivers_have_dates(dates: dict[str, str], active: bool) -> None:  # noqa: FBT001 - a column of the table
    found = criteria(exclude=[{"value": "a", **dates}])
    assert found.select(REF, "one")[1] == (("a",) if active else ())


def test_a_waiver_with_an_unreadable_date_is_skipped_and_said(caplog: pytest.LogCaptureFixture) -> None:
    found = criteria(exclude=[{"value": "a", "effectiveOn": "2029", "effectiveUntil": "also bad"}])
    assert found.select(REF, "one")[1] == ()
    assert caplog.messages == ['skipping volatile criteria "a": unable to parse "2029" as RFC3339 or 2006-01-02']
