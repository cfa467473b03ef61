"""Exit statuses and reports of the runner."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from ec_acceptance.conformance.outcome import Exit, Outcome, ScenarioResult
from ec_acceptance.conformance.suite import Scenario

if TYPE_CHECKING:
    from pathlib import Path

_MISSING = (Scenario("features/a.feature:9", "left out", ("a-02",)),)


def _result(status: str) -> ScenarioResult:
    message = "expected \x1b[31m<this>" if status != "passed" else ""
    return ScenarioResult("features/a.feature:3", "A", "works", ("a-01",), status, 0.5, "Then it works", message)


@pytest.mark.parametrize(
    ("statuses", "missing", "problems", "meaning"),
    [
        (["passed"], (), (), Exit.CONFORMANT),
        (["passed", "skipped"], (), (), Exit.CONFORMANT),
        (["passed", "failed"], (), (), Exit.NOT_CONFORMANT),
        (["passed", "error"], (), (), Exit.BROKEN),
        (["failed", "hook_error"], (), (), Exit.BROKEN),
        (["passed"], (), ("a shard died",), Exit.BROKEN),
        (["passed"], _MISSING, (), Exit.INCOMPLETE),
        (["failed"], _MISSING, (), Exit.NOT_CONFORMANT),
        ([], (), (), Exit.INCOMPLETE),
    ],
)
def test_exit_statuses(
    statuses: list[str], missing: tuple[Scenario, ...], problems: tuple[str, ...], meaning: Exit
) -> None:
    assert Outcome(tuple(map(_result, statuses)), missing, problems).exit is meaning


def test_the_numbers_of_the_statuses_stay() -> None:
    assert [int(status) for status in Exit] == [0, 1, 2, 3, 4]


def test_junit_counts_what_ran_and_shows_what_failed(tmp_path: Path) -> None:
    outcome = Outcome(tuple(map(_result, ["passed", "failed", "error"])), _MISSING, ())
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


def test_json_has_everything(tmp_path: Path) -> None:
    outcome = Outcome((_result("failed"),), _MISSING, ("p",))
    outcome.write_json(tmp_path / "report.json", validator="x --y", version="v1", registry="embedded")
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["exit"] == "broken"
    assert document["missing"] == ["features/a.feature:9"]
    assert document["results"][0]["tags"] == ["a-01"]
    assert document["validator"] == "x --y"
