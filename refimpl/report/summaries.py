"""The report condensed: sums for a pipeline, messages by code, a Markdown table (specification 24 §6, §7 and §8)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from refimpl.golang.jsontext import dumps
from refimpl.golang.printing import format_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refimpl.report.model import ComponentResult, Report
    from refimpl.result import Result


def render_appstudio(report: Report) -> str:
    """The sums as a line of JSON, without a newline."""
    return dumps(
        {
            "timestamp": str(int(report.created.timestamp())),
            "namespace": "",
            "successes": report.success_count,
            "failures": report.violation_count,
            "warnings": report.warning_count,
            "result": report.outcome,
        }
    )


def render_images(report: Report) -> str:
    """The first message of each code, as a line of JSON; its top-level ``success`` is false whatever the outcome."""
    shown: dict[str, Any] = {"snapshot": report.snapshot} if report.snapshot else {}
    shown["components"] = [_summarise(report, component) for component in report.components] or None
    return dumps({**shown, "success": False, "key": report.key})


def render_files(report: Report) -> str:
    """The same of a report on files (docs/commands.md)."""
    files = [_summarise(report, file) for file in report.components]
    return dumps({"filepaths": files, "success": False, "key": report.key})


def render_markdown(report: Report) -> str:
    """The table of sums; its time is UTC."""
    violations, warnings, successes = report.violation_count, report.warning_count, report.success_count
    rows = (
        f"| Time | {report.created.astimezone(UTC):%Y-%m-%d %H:%M:%S} |  |",
        f"| Successes | {successes} | {_icon(good=successes > 0 and not violations)} |",
        f"| Failures | {violations} | {_icon(good=not violations)} |",
        f"| Warnings | {warnings} | {_icon(good=not warnings)} |",
        f"| Result |  | {_icon(good=report.success)} |",
    )
    return "\n".join(("| Field     | Value |Status|", "|-----------|-------|-------|", *rows)) + "\n"


def _summarise(report: Report, component: ComponentResult) -> dict[str, Any]:
    return {
        "name": component.name,
        "success": component.success,
        "violations": _condense(component.violations),
        "warnings": _condense(component.warnings),
        "successes": _condense(component.successes if report.show_successes else ()),
        "total_violations": len(component.violations),
        "total_warnings": len(component.warnings),
        "total_successes": component.success_count,
    }


def _condense(results: Iterable[Result]) -> dict[str, list[str]]:
    messages: dict[str, list[str]] = {}
    for result in results:
        if "code" in result.metadata:
            messages.setdefault(format_value(result.metadata["code"]), []).append(result.msg)
    condensed = {}
    for code, found in sorted(messages.items()):
        condensed[code] = found[:1]
        if len(found) > 1:
            condensed[code].append(f'There are {len(found) - 1} more "{code}" messages')
    return condensed


def _icon(*, good: bool) -> str:
    return ":white_check_mark:" if good else ":x:"
