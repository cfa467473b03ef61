"""A small Markdown table of sums (specification 24 §8)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """The table; its time is UTC."""
    violations, warnings, successes = report.violation_count, report.warning_count, report.success_count
    rows = (
        f"| Time | {report.created.astimezone(UTC):%Y-%m-%d %H:%M:%S} |  |",
        f"| Successes | {successes} | {_icon(good=successes > 0 and not violations)} |",
        f"| Failures | {violations} | {_icon(good=not violations)} |",
        f"| Warnings | {warnings} | {_icon(good=not warnings)} |",
        f"| Result |  | {_icon(good=report.success)} |",
    )
    return "\n".join(("| Field     | Value |Status|", "|-----------|-------|-------|", *rows)) + "\n"


def _icon(*, good: bool) -> str:
    return ":white_check_mark:" if good else ":x:"
