from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from refimpl.errors import EvaluationError
from refimpl.evaluation.collector import Outcome, ResultCollector
from refimpl.evaluation.rules import RuleSet
from refimpl.evaluation.selection import select
from refimpl.evaluation.specificity import CriteriaMatcher
from refimpl.golang.instant import parse
from refimpl.rego.engine import Annotation, RuleEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refimpl.result import Result

NOW = parse("2030-01-01T00:00:00Z")
FUTURE = "2030-01-01T00:00:00.000000001Z"


def rules(**named: dict[str, Any]) -> RuleSet:
    """Annotated rules of package ``a`` by short name, with the annotation's ``custom`` (and ``description``)."""
    found = RuleSet()
    for name, custom in named.items():
        annotation = Annotation("rule", "", custom.pop("description", ""), {"short_name": name, **custom})
        found.add([RuleEntry("a", "deny", "a.rego", 1, "", (annotation,))])
    return found


def judge(
    *values: Any,
    warnings: Sequence[Any] = (),
    of: RuleSet | None = None,
    include: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
    unscoped: Sequence[str] | None = None,
) -> Outcome:
    """What one package ``a`` says with these values of ``deny`` and of ``warn``."""
    known = of or RuleSet()
    collector = ResultCollector(
        rules=known,
        matcher=CriteriaMatcher(include, exclude),
        selection=select(known, include, exclude, None),
        by_selection=False,
        unscoped=include if unscoped is None else unscoped,
        time_ns=NOW,
    )
    collector.add("a", {"deny": values, "warn": warnings})
    return collector.outcome()


def messages(results: Sequence[Result]) -> list[str]:
    return [result.msg for result in results]


def test_a_failure_with_a_warnings_code_is_a_warning() -> None:
    outcome = judge({"msg": "d", "code": "a.x"}, {"msg": "l", "code": ["a.x"]}, warnings=[{"msg": "w", "code": "a.x"}])
    assert messages(outcome.warnings) == ["w", "d", "l"]
    assert outcome.violations == ()


def test_a_failure_without_code_and_with_a_warnings_message_is_a_warning() -> None:
    outcome = judge("same", {"msg": "same", "code": "a.x"}, warnings=[{"msg": "same", "code": "a.w"}])
    assert [result.code for result in outcome.warnings] == ["a.w", ""]
    assert [result.code for result in outcome.violations] == ["a.x"]


def test_severity_moves_results(caplog: pytest.LogCaptureFixture) -> None:
    outcome = judge(
        {"msg": "d", "severity": "warning"},
        {"msg": "odd", "severity": "x"},
        {"msg": "number", "severity": 5},
        warnings=[{"msg": "w", "severity": "failure"}],
    )
    assert messages(outcome.violations) == ["w", "odd", "number"]
    assert messages(outcome.warnings) == ["d"]
    assert caplog.messages == [
        'Ignoring unexpected "severity" value x',
        'Ignoring non-string "severity" value "5"',
    ]


def test_failures_of_the_future_are_warnings_that_say_so(caplog: pytest.LogCaptureFixture) -> None:
    outcome = judge(
        {"msg": "at once.", "effective_on": "2030-01-01T00:00:00Z"},
        {"msg": "soon..", "effective_on": FUTURE},
        {"msg": "past", "effective_on": "2029-12-31T23:59:59Z"},
        {"msg": "number", "effective_on": 5},
        {"msg": "unreadable", "effective_on": "2031-01-01"},
        warnings=[{"msg": "warning.", "effective_on": FUTURE}],
    )
    assert messages(outcome.warnings) == [
        "warning.",
        "at once. This will become a failure starting on 2030-01-01T00:00:00Z",
        f"soon.. This will become a failure starting on {FUTURE}",
    ]
    assert messages(outcome.violations) == ["past", "number", "unreadable"]
    assert caplog.messages == [
        'Ignoring non-string "effective_on" value "5"',
        'Invalid "effective_on" value map["effective_on":"2031-01-01"]',
    ]


def test_rules_that_report_nothing_succeed() -> None:
    known = rules(x={"solution": "s", "collections": ["c"], "effective_on": "2000-01-01T00:00:00Z"}, y={}, z={})
    outcome = judge({"msg": "m", "code": "a.y"}, {"msg": "m", "code": ["a.z"]}, of=known)
    assert [result.to_json() for result in outcome.successes] == [
        {
            "msg": "Pass",
            "metadata": {"code": "a.x", "collections": ["c"], "effective_on": "2000-01-01T00:00:00Z"},
        },
        {"msg": "Pass", "metadata": {"code": "a.z"}},
    ]


def test_a_rule_whose_only_failure_was_excluded_succeeds() -> None:
    outcome = judge({"msg": "m", "code": "a.x", "term": "t"}, of=rules(x={}), exclude=["a.x:t"])
    assert [result.code for result in outcome.successes] == ["a.x"]
    assert outcome.violations == ()


def test_a_result_is_kept_once_for_each_dependency_that_is_not_reported() -> None:
    known = rules(x={"depends_on": ["a.y", "b.z", "b.w"]}, y={}, p={"depends_on": "a.y"}, q={"depends_on": ["b.z"]})
    outcome = judge({"msg": "x", "code": "a.x"}, {"msg": "y", "code": "a.y"}, of=known)
    assert messages(outcome.violations) == ["x", "x", "y"]
    assert [result.code for result in outcome.successes] == ["a.q"]


def test_dependencies_may_all_be_reported_and_leave_nothing() -> None:
    outcome = judge({"msg": "x", "code": "a.x"}, of=rules(x={"depends_on": ["a.x"]}))
    assert outcome == Outcome()


HINT = "To exclude this rule add {} to the `exclude` section of the policy configuration."


@pytest.mark.parametrize(
    ("term", "what"),
    [
        (None, '"a.x"'),
        ("", '"a.x"'),
        (5, '"a.x"'),
        ([], '"a.x"'),
        ("t", '"a.x:t"'),
        (["", "t", 5], '"a.x:t"'),
        (["t", "u"], 'one or more of "a.x:t", "a.x:u"'),
    ],
)
def test_violations_say_how_to_exclude_them(term: Any, what: str) -> None:
    outcome = judge({"msg": "m", "code": "a.x", "term": term, "description": "Own.."})
    assert outcome.violations[0].metadata["description"] == "Own.. " + HINT.format(what)


@pytest.mark.parametrize("metadata", [{"code": "a.x"}, {"description": "D."}, {"code": ["a.x"], "description": "D."}])
def test_no_hint_without_code_or_description(metadata: dict[str, Any]) -> None:
    assert judge({"msg": "m", **metadata}).violations[0].metadata == metadata


def test_an_empty_description_gets_the_hint_too() -> None:
    outcome = judge({"msg": "m", "code": "a.x", "description": ""})
    assert outcome.violations[0].metadata["description"] == ". " + HINT.format('"a.x"')


def test_copies_repeat_the_hint() -> None:
    known = rules(x={"depends_on": ["b.y", "b.z"], "description": "D."})
    outcome = judge({"msg": "m", "code": "a.x"}, of=known)
    hint = HINT.format('"a.x"')
    assert [result.metadata["description"] for result in outcome.violations] == [f"D. {hint} {hint}"] * 2


def test_warnings_have_no_hint() -> None:
    outcome = judge(warnings=[{"msg": "m", "code": "a.x", "description": "D."}])
    assert outcome.warnings[0].metadata["description"] == "D."


def missing(outcome: Outcome) -> list[str]:
    return [result.msg.split("'")[1] for result in outcome.warnings if result.msg.startswith("Include criterion")]


def test_an_include_that_matches_nothing_is_reported_once() -> None:
    outcome = judge({"msg": "m", "code": "a.x"}, include=["nope", "*", "nope"])
    assert missing(outcome) == ["nope"]
    assert outcome.warnings[0].to_json() == {"msg": "Include criterion 'nope' doesn't match any policy rule"}


def test_an_excluded_result_matches_its_include() -> None:
    outcome = judge({"msg": "m", "code": "a.x"}, "text", include=["a.x"], exclude=["a.x"])
    assert missing(outcome) == []


def test_an_include_for_another_image_is_matched_by_kept_results_only() -> None:
    kept = judge({"msg": "m", "code": "a.x"}, unscoped=["a", "*"])
    excluded = judge({"msg": "m", "code": "a.x"}, "text", exclude=["a.x"], unscoped=["a", "*"])
    assert missing(kept) == []
    assert missing(excluded) == ["a"]


def test_results_without_code_match_the_star() -> None:
    assert missing(judge("text", include=["*"])) == []


@pytest.mark.parametrize("exclude", [[], ["a.x"]])
def test_nothing_reported_is_an_error(exclude: list[str], caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(EvaluationError, match=r"\Ano successes, warnings, or failures, check input\Z"):
        judge(*([{"msg": "m", "code": "a.x"}] if exclude else []), exclude=exclude, include=["*", "nope"])
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", "no successes, warnings, or failures, check input")
    ]
