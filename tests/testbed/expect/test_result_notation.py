"""The short notation of results."""

from __future__ import annotations

from typing import Any

import pytest

from ec_acceptance.testbed.expect.report import Report
from ec_acceptance.testbed.expect.result_notation import notation


def _result(code: str | None = None, term: Any = None) -> dict[str, Any]:
    metadata = {name: value for name, value in (("code", code), ("term", term)) if value is not None}
    return {"msg": "said", **({"metadata": metadata} if metadata else {})}


def _component(name: str, **results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, **results}


@pytest.mark.parametrize(
    ("results", "wanted"),
    [
        ([], "none"),
        ([_result()], "-"),
        ([_result("a.b")], "a.b"),
        ([_result("a.b", "t")], "a.b(t)"),
        ([_result("a.b", ["t", "u"])], "a.b(t,u)"),
        ([_result(None, "t")], "-(t)"),
        ([_result("b"), _result("a")], "b a"),
    ],
)
def test_one_component(results: list[dict[str, Any]], wanted: str) -> None:
    report = Report({"components": [_component("app", violations=results)]})
    assert notation(report, "violations") == wanted


def test_several_components_are_named_in_their_order() -> None:
    components = [_component("b", warnings=[_result("x")]), _component("c"), _component("a", warnings=[_result()])]
    assert notation(Report({"components": components}), "warnings") == "b: x; a: -"


def test_successes_leave_the_built_in_checks_out() -> None:
    passed = [_result("a.b"), _result("builtin.image.signature_check")]
    report = Report({"components": [_component("app", successes=passed, violations=passed)]})
    assert notation(report, "successes") == "a.b"
    assert notation(report, "violations") == "a.b builtin.image.signature_check"


def test_a_report_without_components() -> None:
    assert notation(Report({"components": None}), "violations") == "none"
