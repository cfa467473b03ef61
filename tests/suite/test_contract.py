"""What cites the contract finds what it names, and each point of the layer cache lists the scenarios that prove it."""

from __future__ import annotations

import contract


def test_every_citation_names_a_section_that_is_there() -> None:
    there = contract.sections()
    cited = list(contract.citations())
    assert len(cited) > 300
    assert [str(one) for one in cited if one.section not in there.get(one.chapter, ())] == []


def test_points_list_their_scenarios() -> None:
    assert contract.page() == contract.POINTS.read_text(encoding="utf-8"), "run: python tests/suite/contract.py"


def test_every_point_has_scenarios_and_every_scenario_a_point() -> None:
    assert {one.point for one in contract.scenarios()} == set(range(1, 31))
    assert {str(point) for point in range(1, 31)} < contract.sections()["40"]


def test_each_scenario_stands_under_the_rule_of_its_point() -> None:
    points = contract.points()
    assert [str(one) for one in contract.scenarios() if one.rule != points[one.point]] == []
