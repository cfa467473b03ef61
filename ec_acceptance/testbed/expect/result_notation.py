"""Results as scenarios list them: in a line, `a.r1 (t1, t2), (no code)`, or in a table with a heading.

Source: specification 11 §11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ec_acceptance.testbed.expect.report import Report

__all__ = ["COLUMNS", "notation", "table"]

COLUMNS = ("component", "code", "term", "message")
"""What a table of results may have; several terms have commas between them."""

_BUILT_IN = "builtin."


def notation(report: Report, kind: str) -> str:
    """All results of a kind ("violations", "warnings" or "successes") in the order of the report; "none" if none.

    Components stand in the report's order with `;` between them; those without results are left out. Successes of the
    built-in checks are left out too: every conforming image has them.
    """
    parts = []
    for component in report.components:
        words = [_word(result) for result in _results(component, kind)]
        if words:
            name = f"{component.get('name')}: " if len(report.components) > 1 else ""
            parts.append(name + ", ".join(words))
    return "; ".join(parts) or "none"


def table(report: Report, kind: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """All results of a kind as rows of these columns, each component's in the order of the report."""
    rows = [
        {
            "component": str(component.get("name")),
            "code": _code(result),
            "term": ", ".join(_terms(result)),
            "message": str(result.get("msg")),
        }
        for component in sorted(report.components, key=lambda one: str(one.get("name")))
        for result in _results(component, kind)
    ]
    return [tuple(row[column] for column in columns) for row in rows]


def _results(component: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = component.get(kind) or []
    return [result for result in found if kind != "successes" or not _code(result).startswith(_BUILT_IN)]


def _code(result: dict[str, Any]) -> str:
    return str((result.get("metadata") or {}).get("code", ""))


def _terms(result: dict[str, Any]) -> list[str]:
    term = (result.get("metadata") or {}).get("term", "")
    return [term] if isinstance(term, str) else [str(one) for one in term]


def _word(result: dict[str, Any]) -> str:
    code = _code(result) or "(no code)"
    terms = ", ".join(_terms(result))
    return f"{code} ({terms})" if terms else code
