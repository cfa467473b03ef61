"""Which of a scenario's tags is its id."""

from __future__ import annotations

import pytest

from ec_acceptance.testbed.scenario.hooks import ScenarioIdError, scenario_id


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        (["happy-01"], "happy-01"),
        (["slow", "layer_cache-12"], "layer_cache-12"),
        (["cache-02", "cache-02.1"], "cache-02.1"),
        (["cache-02.13", "cache-02", "slow"], "cache-02.13"),
    ],
)
def test_the_most_exact_tag_is_the_id(tags: list[str], wanted: str) -> None:
    assert scenario_id(tags) == wanted


@pytest.mark.parametrize(
    "tags",
    [
        [],
        ["slow"],
        ["cache-2"],
        ["happy-01", "happy-02"],
        ["cache-02.1"],
        ["cache-02.1", "cache-03"],
        ["cache-02", "cache-02.1", "cache-02.2"],
        ["cache-02", "cache-03", "cache-02.1"],
    ],
)
def test_none_two_and_a_part_without_its_point_are_refused(tags: list[str]) -> None:
    with pytest.raises(ScenarioIdError):
        scenario_id(tags)
