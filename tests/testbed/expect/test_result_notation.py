"""Results as scenarios list them, in a line and in a table."""

from __future__ import annotations

from typing import Any

import pytest

from ec_acceptance.testbed.expect.report import Report
from ec_acceptance.testbed.expect.result_notation import notation, table


def _result(code: str | None = None, term: Any = None) -> dict[str, Any]:
    metadata = {name: value for name, value in (("code", code), ("term", term)) if value is not None}
    return {"msg": "said", **({"metadata": metadata} if metadata else {})}


def _component(name: str, **results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, **results}


@pytest.mark.parametrize(
    ("results", "wanted"),
    [
        ([], "none"),
        ([_result()], "(no code)"),
        ([_result("a.b")], "a.b"),
        ([_result("a.b", "t")], "a.b (t)"),
        ([_result("a.b", ["t", "u"])], "a.b (t, u)"),
        ([_result(None, "t")], "(no code) (t)"),
        ([_result("b"), _result("a")], "b, a"),
    ],
)
def test_one_component(results: list[dict[str, Any]], wanted: str) -> None:
    report = Report({"components": [_component("app", violations=results)]})
    assert notation(report, "violations") == wanted


def test_several_components_are_named_in_their_order() -> None:
    components = [_component("b", warnings=[_result("x")]), _component("c"), _component("a", warnings=[_result()])]
    assert notation(Report({"components": components}), "warnings") == "b: x; a: (no code)"


def test_successes_leave_the_built_in_checks_out() -> None:
    passed = [_result("a.b"), _result("builtin.image.signature_check")]
    report = Report({"components": [_component("app", successes=passed, violations=passed)]})
    assert notation(report, "successes") == "a.b"
    assert notation(report, "violations") == "a.b, builtin.image.signature_check"


def test_a_report_without_components() -> None:
    assert notation(Report({"components": None}), "violations") == "none"


def test_a_table_has_the_columns_that_are_asked_for() -> None:
    report = Report({"components": [_component("b", violations=[_result("x", ["t", "u"])]), _component("a")]})
    assert table(report, "violations", ["term", "message"]) == [("t, u", "said")]
    assert table(report, "violations", ["component", "code"]) == [("b", "x")]


def test_a_tables_components_are_in_the_order_of_their_names_and_results_in_that_of_the_report() -> None:
    components = [_component("b", warnings=[_result("x")]), _component("a", warnings=[_result("z"), _result("y")])]
    rows = table(Report({"components": components}), "warnings", ["component", "code"])
    assert rows == [("a", "z"), ("a", "y"), ("b", "x")]
