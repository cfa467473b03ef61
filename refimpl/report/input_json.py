"""The report on files as one line of JSON (docs/commands.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.golang import jsontext

if TYPE_CHECKING:
    from refimpl.report.model import ComponentResult, Report

__all__ = ["document", "render"]


def document(report: Report) -> dict[str, Any]:
    """The report as JSON data, members in the contract's order."""
    return {
        "success": report.success,
        "filepaths": [_file(report, file) for file in report.components],
        "policy": report.policy,
        "ec-version": report.ec_version,
        "effective-time": report.effective_time,
    }


def render(report: Report) -> str:
    """The line, without a newline."""
    return jsontext.dumps(document(report))


def _file(report: Report, file: ComponentResult) -> dict[str, Any]:
    return {
        "filepath": file.name,
        "violations": [result.to_json() for result in file.violations],
        "warnings": [result.to_json() for result in file.warnings] if report.show_warnings else None,
        "successes": [result.to_json() for result in file.successes] if report.show_successes else None,
        "success": file.success,
        "success-count": file.success_count,
    }
