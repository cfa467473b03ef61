"""Failures that are known: the file, and what becomes of results by it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.conformance.errors import Exit, UsageError
from ec_acceptance.conformance.expected import judge, read_expected, unmet
from ec_acceptance.conformance.outcome import About, Outcome, ScenarioResult
from ec_acceptance.conformance.preflight import describe_happy_path
from ec_acceptance.conformance.suite import Suite
from ec_acceptance.testbed.validator.adapter import Adapter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ec_acceptance.conformance.expected import ExpectedFailure

_VAGUE = re.compile(
    r".{,7}|the error isn't|standard (output|error) isn't( empty)?|no message is|there is no \w+"
    r"|the output is no JSON.*"
)
_MOMENTARY = re.compile(r"127\.0\.0\.1|/tmp/|date: |\b20[23]\d-\d\d-\d\d|JSONDecodeError|Expecting value")
_TODAY = date(2026, 6, 1)
_ENTRY = """
[[failure]]
id = "a-01"
reason = "it has no cache"
cause = "asked for 5 times"
link = "https://example.test/1"
expires = 2026-06-01
"""


def _read(folder: Path, text: str) -> Mapping[str, ExpectedFailure]:
    path = folder / "expected.toml"
    path.write_text(text)
    return read_expected(path, {"a-01", "a-02"}, _TODAY)


def _result(status: str, message: str = "", name: str = "a-01") -> ScenarioResult:
    return ScenarioResult("features/a.feature:3", "A", "works", (name,), status, 0.5, "Then it works", message)


def _outcome(folder: Path, *results: ScenarioResult) -> Outcome:
    (folder / "expected.toml").write_text(_ENTRY)
    expected = read_expected(folder / "expected.toml", {"a-01"}, _TODAY)
    judged = tuple(judge(result, expected) for result in results)
    about = About("suite 1", len(results), len(results), "x", "v1", "embedded")
    return Outcome(about, judged, unmet=tuple(unmet(judged, expected)))


def test_a_failure_that_was_foretold_is_told_apart(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, _result("failed", "the layer was asked for 5 times"), _result("passed", name="a-02"))
    assert outcome.exit is Exit.AS_EXPECTED
    assert outcome.summary == "1 scenarios passed, 0 failed, 0 broken, 1 failed as expected"
    assert outcome.meaning == "the validator fails where it was expected to, and nowhere else"


def test_another_cause_is_a_failure(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, _result("failed", "it crashed"))
    assert outcome.exit is Exit.NOT_CONFORMANT
    assert "another cause: 'asked for 5 times' isn't said.\nit crashed" in outcome.results[0].message


def test_a_pass_that_was_not_expected_is_a_failure(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, _result("passed"))
    assert outcome.exit is Exit.NOT_CONFORMANT
    assert outcome.unmet == ("@a-01 was to fail (it has no cache), and passed: take it out of the expected failures",)


def test_of_an_outline_one_row_that_fails_is_enough(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, _result("passed"), _result("failed", "asked for 5 times"))
    assert outcome.exit is Exit.AS_EXPECTED


def test_what_broke_the_suite_is_never_expected(tmp_path: Path) -> None:
    assert _outcome(tmp_path, _result("broken", "asked for 5 times")).exit is Exit.BROKEN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_ENTRY.replace("a-01", "b-01"), "entry 1: no scenario has the id b-01"),
        (_ENTRY + _ENTRY, "entry 2: a-01 stands here twice"),
        (_ENTRY.replace("2026-06-01", "2026-05-31"), "entry 1: a-01 expired on 2026-05-31: look at it again"),
        (_ENTRY.replace('reason = "it has no cache"', ""), "entry 1: reason is missing, or is no text"),
        (_ENTRY.replace('"it has no cache"', '" "'), "entry 1: reason is missing, or is no text"),
        (_ENTRY.replace("cause", "because"), "entry 1: because is no member: there are id, ids, reason, cause"),
        (_ENTRY.replace("2026-06-01", "2026-06-01T00:00:00Z"), "entry 1: expires is missing, or is no date"),
        (_ENTRY.replace("id =", "ids ="), "entry 1: id is no text, or ids is no list of texts"),
        (_ENTRY + 'ids = ["a-02"]\n', "entry 1: there are both id and ids"),
        (_ENTRY.replace("id =", "link2 ="), "entry 1: link2 is no member"),
        ("[[failures]]", "failures: there is only [[failure]]"),
        ("failure = 1", "failure: write [[failure]], once for each"),
        ("failure = [1]", "entry 1: it is no table"),
        ("[[", "expected.toml: "),
    ],
)
def test_a_file_that_is_wrong_is_said_at_once(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as told:
        _read(tmp_path, text)
    assert said in str(told.value)


def test_a_file_that_isnt_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: No such file or directory$"):
        read_expected(tmp_path / "none.toml", set(), _TODAY)


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"bytes\.toml: it is no text in UTF-8$"):
        read_expected(tmp_path / "bytes.toml", set(), _TODAY)


def test_a_happy_path_that_fails_as_expected_is_not_called_passed() -> None:
    assert describe_happy_path(_result("expected")) == [
        "check: it doesn't get through the happy path (@a-01), as expected"
    ]


def test_an_entry_may_be_of_several_scenarios_that_fail_in_one_of_several_ways(tmp_path: Path) -> None:
    text = _ENTRY.replace('id = "a-01"', 'ids = ["a-01", "a-02"]').replace('cause = "', 'cause = ["it hangs", "')
    text = re.sub(r"(cause = .*)", r"\1]", text)
    found = _read(tmp_path, text)
    assert found.keys() == {"a-01", "a-02"}
    assert judge(_result("failed", "here it hangs", name="a-02"), found).status == "expected"
    assert judge(_result("wrong-reason", "it crashed", name="a-02"), found).status == "wrong-reason"


def test_the_list_that_comes_with_ec_is_of_what_it_claims() -> None:
    adapter = Adapter.find("ec")
    scenarios = {one.id: one for one in Suite.installed().scenarios()}
    assert adapter.expected_failures is not None
    found = read_expected(adapter.expected_failures, scenarios.keys(), date(2026, 11, 1))
    assert len(found) > 200
    assert [one for one in found if not scenarios[one].applies(adapter.claims or ())] == []


@pytest.mark.parametrize("name", ["ec", "crane"])
def test_causes_say_what_was_seen_and_not_only_what_was_not(name: str) -> None:
    """A cause that any other failure of the scenario has too hides that one; one with a date is of that day alone."""
    path = Adapter.find(name).expected_failures
    assert path is not None
    found = read_expected(path, {one.id for one in Suite.installed().scenarios()}, date.min)
    causes = {cause for one in found.values() for cause in one.causes}
    assert {cause for cause in causes if _VAGUE.fullmatch(cause) or _MOMENTARY.search(cause)} == set()
