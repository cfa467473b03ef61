"""Sums, order and outcome of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reports import component, report, result

if TYPE_CHECKING:
    from refimpl.report.model import Report

_BAD, _WARN, _GOOD = result("v", "a.v"), result("w", "a.w"), result("Pass", "a.s")


def test_components_stand_by_descending_reference_and_equal_ones_as_they_came() -> None:
    made = report(component("r/a", "1"), component("r/b", "2"), component("r/a", "3"), component("r/A", "4"))
    assert [one.name for one in made.components] == ["2", "1", "3", "4"]


def test_a_component_succeeds_without_violations() -> None:
    assert component(warnings=(_WARN,)).success
    assert not component(violations=(_BAD,), successes=(_GOOD,)).success


def test_sums_go_over_all_components() -> None:
    made = report(
        component(violations=(_BAD, _BAD), successes=(_GOOD,)),
        component(warnings=(_WARN,), successes=(_GOOD, _GOOD)),
    )
    assert (made.violation_count, made.warning_count, made.success_count) == (2, 1, 3)
    assert not made.success


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (report(), "SKIPPED"),
        (report(component()), "SKIPPED"),
        (report(component(successes=(_GOOD,))), "SUCCESS"),
        (report(component(successes=(_GOOD,), warnings=(_WARN,))), "WARNING"),
        (report(component(warnings=(_WARN,)), component(violations=(_BAD,))), "FAILURE"),
    ],
)
def test_the_outcome_is_that_of_the_worst_result(made: Report, outcome: str) -> None:
    assert made.outcome == outcome


def test_no_component_at_all_is_a_success() -> None:
    assert report().success
