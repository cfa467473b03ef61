"""What can't be asked of a tool that only fetches, and the reasons."""

from __future__ import annotations

from datetime import date

import pytest

from ec_acceptance.conformance.expected import read_expected
from ec_acceptance.conformance.puller import applicable
from ec_acceptance.conformance.puller.applicable import WITH_CACHE, WITHOUT_CACHE, why_not_applicable
from ec_acceptance.conformance.suite import Suite
from ec_acceptance.testbed.validator.adapter import Adapter


@pytest.fixture(scope="module", name="suite")
def _suite() -> Suite:
    return Suite.installed()


def test_each_reason_is_of_scenarios_that_there_are(suite: Suite) -> None:
    tags = {tag for scenario in suite.scenarios() for tag in scenario.tags}
    assert applicable._WHY.keys() <= tags


def test_no_scenario_has_two_reasons(suite: Suite) -> None:
    twice = {one.id for one in suite.scenarios() if len([tag for tag in one.tags if tag in applicable._WHY]) > 1}
    assert not twice


def test_scenarios_outside_of_the_cache_cannot_be_asked(suite: Suite) -> None:
    for scenario in suite.scenarios():
        if not scenario.location.startswith("features/layer_cache/"):
            assert why_not_applicable(scenario.location, scenario.tags)


@pytest.mark.parametrize("name", ["crane", "oras", "skopeo"])
def test_adapters_claim_what_can_be_asked_and_know_failures_of_it(suite: Suite, name: str) -> None:
    adapter = Adapter.find(name)
    claims = set(adapter.claims or ())
    assert claims
    assert claims <= set(WITH_CACHE)
    assert adapter.puller
    asked = {
        one.id for one in suite.scenarios() if one.applies(claims) and not why_not_applicable(one.location, one.tags)
    }
    if adapter.expected_failures:
        assert read_expected(adapter.expected_failures, asked, date(2026, 11, 30))


def test_each_claim_has_scenarios_that_can_be_asked(suite: Suite) -> None:
    asked = {one.place.profile for one in suite.scenarios() if not why_not_applicable(one.location, one.tags)}
    assert asked == set(WITH_CACHE)
    assert set(WITHOUT_CACHE) < asked
