"""The report condensed to the first message of each code (specification 24 §7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.golang import jsontext
from refimpl.report.plain_value import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refimpl.report.model import ComponentResult, Report
    from refimpl.result import Result

__all__ = ["render", "summarised"]


def render(report: Report) -> str:
    """One line of JSON, without a newline; its top-level ``success`` is false whatever the outcome."""
    shown: dict[str, Any] = {}
    if report.snapshot:
        shown["snapshot"] = report.snapshot
    shown["components"] = [summarised(report, component) for component in report.components] or None
    shown["success"] = False
    shown["key"] = report.key
    return jsontext.dumps(shown)


def summarised(report: Report, component: ComponentResult) -> dict[str, Any]:
    """What the summary says of one component."""
    return {
        "name": component.name,
        "success": component.success,
        "violations": _condensed(component.violations),
        "warnings": _condensed(component.warnings),
        "successes": _condensed(component.successes if report.show_successes else ()),
        "total_violations": len(component.violations),
        "total_warnings": len(component.warnings),
        "total_successes": component.success_count,
    }


def _condensed(results: Iterable[Result]) -> dict[str, list[str]]:
    messages: dict[str, list[str]] = {}
    for result in results:
        if "code" in result.metadata:
            messages.setdefault(plain(result.metadata["code"]), []).append(result.msg)
    condensed = {}
    for code, found in sorted(messages.items()):
        condensed[code] = found[:1]
        if len(found) > 1:
            condensed[code].append(f'There are {len(found) - 1} more "{code}" messages')
    return condensed
