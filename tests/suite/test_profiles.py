"""The table of profiles is whole: each scenario has its place, and each line of the table has scenarios."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import pytest

from ec_acceptance.conformance.errors import BrokenError, UsageError
from ec_acceptance.conformance.profiles import MUST, SHOULD, Place, Profiles, read_claims
from ec_acceptance.conformance.suite import Suite
from ec_acceptance.testbed.scenario.claims import OPTIONAL

_SUITE = Suite.installed()
_PROFILES = _SUITE.profiles()
_SCENARIOS = _SUITE.scenarios()
_CONTRACT = Path(__file__).parents[2] / "docs" / "contract"


def test_each_profile_has_scenarios_that_must_pass() -> None:
    assert {one.place.profile for one in _SCENARIOS if one.place.weight == MUST} == set(_PROFILES.names)


def test_each_pattern_of_the_table_fits_something() -> None:
    fitting = {
        (path, tag)
        for feature, scenarios in groupby(_SCENARIOS, lambda one: one.location.rpartition(":")[0])
        for tags in [{tag for one in scenarios for tag in one.tags}]
        for line in _PROFILES.places(feature).lines
        for path, tag in line.patterns
        if not tag or tag in tags
    }
    idle = [pattern for line in _PROFILES.lines for pattern in line.patterns if pattern not in fitting]
    assert idle == []


def test_each_point_is_a_section_of_the_contract() -> None:
    chapters = {path.name[:2]: path.read_text(encoding="utf-8") for path in _CONTRACT.glob("[0-9]*.md")}
    for point in {one.place.point for one in _SCENARIOS}:
        chapter, section = re.fullmatch(r"(\d\d) §(\w[\w.]*)", point).groups()  # type: ignore[union-attr]
        assert re.search(rf"^##+ {re.escape(section)}[ ,]", chapters[chapter], re.MULTILINE), point


def test_a_point_of_the_cache_is_its_sections_number() -> None:
    assert _PROFILES.places("features/layer_cache/crashes.feature").of(["cache-14", "cache-14.3"]) == Place(
        "C4", "40 §14"
    )


def test_what_stands_below_counts_more(tmp_path: Path) -> None:
    table = tmp_path / "profiles.toml"
    table.write_text(
        "[profiles]\na = 'A'\nb = 'B'\n[[scenarios]]\nof = ['x']\nprofile = 'a'\npoint = '1 §1'\n"
        "[[scenarios]]\nof = ['x/y @one']\nprofile = 'b'\nweight = 'should'\n"
    )
    profiles = Profiles.read(table)
    assert profiles.places("features/x/y.feature").of(["one"]) == Place("b", "1 §1", SHOULD)
    assert profiles.places("features/x/y.feature").of(["two"]) == Place("a", "1 §1", MUST)
    assert profiles.places("features/xx.feature").of(["one"]) == Place()


@pytest.mark.parametrize(
    "text", ["[", "[[scenarios]]\nof = ['a b']", "[[scenarios]]\nof = ['a']\nprofile = 'x'", "[[scenarios]]\nwho = 1"]
)
def test_a_table_that_is_wrong_is_the_suites_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "profiles.toml").write_text(text)
    with pytest.raises(BrokenError, match=r"profiles\.toml: "):
        Profiles.read(tmp_path / "profiles.toml")


def test_claims_are_known_profiles() -> None:
    assert read_claims(["core", "C0"], _PROFILES.names, "x") == {"core", "C0"}
    assert read_claims(["all"], _PROFILES.names, "x") == set(_PROFILES.names)
    assert set(_PROFILES.names) - _PROFILES.usual == {"dask"}
    with pytest.raises(UsageError, match=r"--claims: 'C9' is no profile: there are core, "):
        read_claims(["C9"], _PROFILES.names, "--claims")
    with pytest.raises(UsageError, match="nothing is claimed"):
        read_claims([], _PROFILES.names, "--claims")


def test_what_is_optional_by_its_tag_is_so_by_the_table() -> None:
    """Else a run in which it isn't claimed says of it that it is undecided."""
    tagged = {one.id: tag for one in _SCENARIOS for tag in one.tags if tag.startswith(OPTIONAL)}
    placed = {
        one.id: f"{OPTIONAL}{one.place.profile}" for one in _SCENARIOS if one.place.profile not in _PROFILES.usual
    }
    assert tagged == placed


def test_what_isnt_claimed_is_to_be_refused_and_nothing_else_of_it_applies() -> None:
    few = {"core", "C0"}
    refusals = [one for one in _SCENARIOS if one.refused]
    assert {one.refused for one in refusals} == {"policy", "keyless", "vsa", "outputs", "server", "scale"}
    assert all(one.applies(few) and not one.applies(set(_PROFILES.names)) for one in refusals)
    assert {one.place.profile for one in _SCENARIOS if one.applies(few)} == few
