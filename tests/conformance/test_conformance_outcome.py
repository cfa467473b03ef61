"""Exit statuses and reports of the runner."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from ec_acceptance.conformance.errors import Exit
from ec_acceptance.conformance.outcome import About, Outcome, ScenarioResult, combine
from ec_acceptance.conformance.report import write_report
from ec_acceptance.conformance.suite import Scenario

if TYPE_CHECKING:
    from pathlib import Path

_WHOLE = About("suite 1", 1, 1, "x --y", "v1", "embedded")
_PART = About("suite 1", 9, 1, "x --y", "v1", "embedded")
_MISSING = (Scenario("features/a.feature:9", "left out", ("a-02",)),)


def _result(status: str) -> ScenarioResult:
    message = "expected \x1b[31m<this>" if status != "passed" else ""
    return ScenarioResult("features/a.feature:3", "A", "works", ("a-01",), status, 0.5, "Then it works", message)


@pytest.mark.parametrize(
    ("statuses", "outcome", "meaning"),
    [
        (["passed"], Outcome(_WHOLE, ()), Exit.CONFORMANT),
        (["undecided"], Outcome(_WHOLE, ()), Exit.INCOMPLETE),
        (["passed"], Outcome(_PART, ()), Exit.INCOMPLETE),
        (["passed", "failed"], Outcome(_WHOLE, ()), Exit.NOT_CONFORMANT),
        (["failed"], Outcome(_PART, ()), Exit.NOT_CONFORMANT),
        (["passed", "broken"], Outcome(_WHOLE, ()), Exit.BROKEN),
        (["failed", "broken"], Outcome(_WHOLE, ()), Exit.BROKEN),
        (["passed"], Outcome(_WHOLE, (), (), ("a shard died",)), Exit.BROKEN),
        (["passed"], Outcome(_WHOLE, (), _MISSING), Exit.INCOMPLETE),
        (["failed"], Outcome(_WHOLE, (), _MISSING), Exit.NOT_CONFORMANT),
        ([], Outcome(_WHOLE, ()), Exit.INCOMPLETE),
        (["passed"], Outcome(_WHOLE, (), (), (), "SIGINT"), Exit.INTERRUPTED),
    ],
)
def test_exit_statuses(statuses: list[str], outcome: Outcome, meaning: Exit) -> None:
    assert replace(outcome, results=tuple(map(_result, statuses))).exit is meaning


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(_WHOLE, (_result("passed"),)), "every scenario passed"),
        (Outcome(_PART, (_result("passed"),)), "a part of the suite was selected, so nothing is said of the whole"),
        (Outcome(_WHOLE, (_result("undecided"),)), "not every scenario ran, so nothing is said of the whole"),
        (Outcome(_WHOLE, (), (), (), "SIGTERM"), "the run was ended by SIGTERM"),
    ],
)
def test_what_it_means_is_said_in_words(outcome: Outcome, words: str) -> None:
    assert words in outcome.meaning


def test_the_numbers_of_the_statuses_stay() -> None:
    assert [int(status) for status in Exit] == [0, 1, 2, 3, 4, 5, 6]


def test_junit_counts_what_ran_and_shows_what_failed(tmp_path: Path) -> None:
    outcome = Outcome(_WHOLE, tuple(map(_result, ["passed", "failed", "broken"])), _MISSING)
    outcome.write_junit(tmp_path / "report.xml")
    suites = {suite.get("name"): suite for suite in ET.parse(tmp_path / "report.xml").iter("testsuite")}
    assert {name: suites["A"].get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "0",
    }
    [failure] = suites["A"].iter("failure")
    assert failure.text == "expected �[31m<this>"
    assert suites["run"].get("errors") == "1"


def test_junit_says_that_a_part_is_a_part(tmp_path: Path) -> None:
    Outcome(_PART, (_result("passed"),)).write_junit(tmp_path / "report.xml")
    run = next(suite for suite in ET.parse(tmp_path / "report.xml").iter("testsuite") if suite.get("name") == "run")
    assert [skipped.get("message") for skipped in run.iter("skipped")] == ["a part was selected: 1 of 9 scenarios"]


def test_json_has_everything(tmp_path: Path) -> None:
    outcome = Outcome(_PART, (_result("failed"),), _MISSING, ("p",))
    write_report(outcome, tmp_path / "new" / "report.json")
    document = json.loads((tmp_path / "new" / "report.json").read_text())
    assert {name: document[name] for name in ("suite", "scenarios", "selected", "partial")} == {
        "suite": "suite 1",
        "scenarios": 9,
        "selected": 1,
        "partial": True,
    }
    assert document["exit"] == "broken"
    assert document["missing"] == ["features/a.feature:9"]
    assert document["results"][0]["tags"] == ["a-01"]
    assert document["validator"] == "x --y"


def test_of_several_runs_the_worst_counts_and_what_differs_is_flaky() -> None:
    runs = [Outcome(_WHOLE, (_result(status),)) for status in ("passed", "failed", "passed")]
    combined = combine(runs)
    assert combined.exit is Exit.NOT_CONFORMANT
    assert combined.results[0].message.startswith("It is flaky: failed in 1 of 3 runs.\n")
    assert combine(runs[::2]).exit is Exit.CONFORMANT
    assert combine([Outcome(_WHOLE, (_result("failed"),)), Outcome(_WHOLE, (), (), ("died",))]).exit is Exit.BROKEN
    assert "flaky" not in combine([Outcome(_WHOLE, (_result("failed"),))] * 2).results[0].message


_PROFILES = {"core": "the core", "vsa": "summaries", "C3": "processes"}
_CLAIMED = About("suite 1", 2, 2, "x", "v1", "embedded", _PROFILES, frozenset({"core", "vsa"}))


def _of(status: str, profile: str = "core", weight: str = "must") -> ScenarioResult:
    return replace(_result(status), profile=profile, weight=weight)


@pytest.mark.parametrize(
    ("results", "exit_", "words", "profiles"),
    [
        ([_of("passed"), _of("passed", "vsa")], Exit.CONFORMANT, "conforms to core, vsa: every", "conforms|conforms"),
        # A claim of which nothing was shown is no conformance.
        ([_of("passed"), _of("passed")], Exit.INCOMPLETE, "is claimed of vsa", "conforms|not shown"),
        ([_of("passed"), _of("undecided", "vsa")], Exit.INCOMPLETE, "is claimed of vsa", "conforms|incomplete"),
        ([_of("passed"), _of("not-applicable", "vsa")], Exit.INCOMPLETE, "claimed of vsa", "conforms|not shown"),
        ([_of("hung"), _of("passed", "vsa")], Exit.NOT_CONFORMANT, "doesn't conform", "doesn't conform|conforms"),
        (
            [_of("passed"), _of("failed", "vsa", "should"), _of("passed", "vsa")],
            Exit.INCOMPLETE,  # there is one more than the suite has
            "",
            "conforms|conforms, but for recommendations",
        ),
        (
            [_of("passed"), _of("expected", "vsa"), _of("passed", "vsa")],
            Exit.INCOMPLETE,
            "",
            "conforms|conforms, but for failures that are known",
        ),
    ],
)
def test_a_verdict_is_of_what_is_claimed(results: list[ScenarioResult], exit_: Exit, words: str, profiles: str) -> None:
    outcome = Outcome(_CLAIMED, tuple(results))
    assert outcome.exit is exit_
    assert words in outcome.meaning
    assert "|".join(one.meaning for one in outcome.profiles) == f"{profiles}|not claimed"


def test_a_recommendation_counts_as_a_demand_only_for_who_is_strict() -> None:
    results = (_of("passed"), _of("failed", "vsa", "should"))
    outcome = Outcome(replace(_CLAIMED, claims=frozenset({"core"})), results)
    assert outcome.exit is Exit.CONFORMANT
    assert "all but 1 that are recommendations" in outcome.meaning
    assert replace(outcome, about=replace(outcome.about, strict=True)).exit is Exit.NOT_CONFORMANT


def test_of_a_part_no_profile_conforms() -> None:
    outcome = Outcome(replace(_CLAIMED, scenarios=9), (_of("passed"), _of("passed", "vsa")))
    assert [one.meaning for one in outcome.profiles] == ["a part of it passed", "a part of it passed", "not claimed"]


def test_a_part_says_that_recommendations_failed_in_it() -> None:
    outcome = Outcome(replace(_CLAIMED, scenarios=9), (_of("passed"), _of("failed", "core", "should")))
    assert outcome.profiles[0].meaning == "a part of it passed, but for recommendations"


def test_the_profiles_stand_in_the_reports(tmp_path: Path) -> None:
    outcome = Outcome(_CLAIMED, (_of("passed"), _of("failed", "vsa")))
    write_report(outcome, tmp_path / "r.json")
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["claims"] == ["core", "vsa"]
    assert document["profiles"][1] == {
        "name": "vsa",
        "description": "summaries",
        "claimed": True,
        "meaning": "doesn't conform",
        "counts": {"failed": 1},
        "recommended": 0,
        "missing": 0,
    }
    assert document["results"][0]["profile"] == "core"
    outcome.write_junit(tmp_path / "r.xml")
    suite = next(one for one in ET.parse(tmp_path / "r.xml").iter("testsuite") if one.get("name") == "profiles")
    assert [(case.get("name"), [child.tag for child in case]) for case in suite] == [
        ("core: the core", []),
        ("vsa: summaries", ["failure"]),
        ("C3: processes", ["skipped"]),
    ]
    properties = {one.get("name"): one.get("value") for one in ET.parse(tmp_path / "r.xml").iter("property")}
    assert properties == {"profile": "vsa", "point": "", "weight": "must"}
