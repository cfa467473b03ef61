"""Reports of runs, held against what their readers rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

import ec_acceptance.conformance
from ec_acceptance.conformance.errors import Exit
from ec_acceptance.conformance.outcome import STATUSES, About, Outcome, ScenarioResult
from ec_acceptance.conformance.report import write_report
from ec_acceptance.conformance.suite import Scenario

_SCHEMA: dict[str, Any] = json.loads(
    (Path(ec_acceptance.conformance.__file__).parent / "report.schema.json").read_text(encoding="utf-8")
)
_VALID = jsonschema.Draft202012Validator(_SCHEMA)
_ABOUT = About("s 1", 9, 9, "./it", "v1", "embedded", {"core": "what all need"}, frozenset({"core"}))
_HOSTILE = "<&\x00\x1b[31m\ud800\ufffe]]>"


def _outcome(*statuses: str) -> Outcome:
    results = [
        ScenarioResult(f"features/a.feature:{line}", "A", "n", ("a-01",), status, 0.5, "Then", _HOSTILE, "core")
        for line, status in enumerate(statuses, 1)
    ]
    return Outcome(_ABOUT, tuple(results))


_OUTCOMES = [
    _outcome(*STATUSES),
    _outcome(*["passed"] * 9),
    _outcome(*["passed"] * 8, "expected"),
    _outcome("passed"),
    replace(_outcome("failed"), interrupted="SIGINT", problems=(_HOSTILE,), unmet=("x",)),
    replace(_outcome("passed"), missing=(Scenario("features/a.feature:9", "left out", ("a-02",)),)),
    replace(_outcome(), about=replace(_ABOUT, profiles={}, claims=frozenset(), selected=3)),
]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(_SCHEMA)
    assert set(_SCHEMA["$defs"]["status"]["enum"]) == set(STATUSES)
    exits = {one.name.lower().replace("_", "-") for one in Exit} - {"usage"}
    assert set(_SCHEMA["properties"]["exit"]["enum"]) == exits


@pytest.mark.parametrize("outcome", _OUTCOMES)
def test_reports_are_as_the_schema_says(outcome: Outcome, tmp_path: Path) -> None:
    write_report(outcome, tmp_path / "r.json")
    document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    _VALID.validate(document)
    known = _SCHEMA["properties"].keys()
    assert document.keys() <= known, "a member that the schema doesn't describe"
    for result in document["results"]:
        assert result.keys() <= _SCHEMA["$defs"]["result"]["properties"].keys()


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("exit"),
        lambda document: document.update(exit="usage"),
        lambda document: document.update(format=2),
        lambda document: document["results"][0].update(status="fine"),
        lambda document: document["results"][0].pop("message"),
    ],
)
def test_what_is_no_report_is_told(change: Any, tmp_path: Path) -> None:
    write_report(_OUTCOMES[0], tmp_path / "r.json")
    document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    change(document)
    assert not _VALID.is_valid(document)


@pytest.mark.parametrize("outcome", _OUTCOMES)
def test_junit_is_what_its_readers_take(outcome: Outcome, tmp_path: Path) -> None:
    outcome.write_junit(tmp_path / "r.xml")
    root = ET.parse(tmp_path / "r.xml").getroot()
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        cases = suite.findall("testcase")
        assert len(cases) == len(suite), "a suite has test cases alone"
        for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(name, "")) == sum(case.find(kind) is not None for case in cases)
        assert int(suite.get("tests", "")) == len(cases)
        for case in cases:
            assert case.get("classname")
            assert case.get("name")
            kinds = [part for part in case if part.tag != "properties"]
            assert len(kinds) <= 1
            assert all(part.get("message") is not None for part in kinds)
            assert {part.tag for part in kinds} <= {"failure", "error", "skipped"}
            assert all(one.get("name") and one.get("value") is not None for one in case.iter("property"))


def test_a_real_report_is_as_the_schema_says(tmp_path: Path) -> None:
    report, junit = tmp_path / "r.json", tmp_path / "r.xml"
    given = ["run", "--registry", "embedded", "--tags", "@happy-01", "--report", str(report), "--junit", str(junit)]
    command = [sys.executable, "-m", "ec_acceptance.conformance", *given, "--", "/bin/false"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    document = json.loads(report.read_text(encoding="utf-8"))
    _VALID.validate(document)
    [result] = document["results"]
    assert (tmp_path / "artifacts" / result["evidence"] / "repro.tar.gz").is_file()
    ET.parse(junit)
