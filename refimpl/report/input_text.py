"""The report on files for people (docs/commands.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.report.text import counts, rendered

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(
    report: Report, *, show_successes: bool, show_warnings: bool, show_policy_docs_link: bool, color: bool
) -> str:
    """The whole text; nothing to judge by is a success here."""
    return rendered(
        report,
        _files(report),
        "FilePath",
        outcome="SUCCESS" if report.outcome == "SKIPPED" else report.outcome,
        show_successes=show_successes,
        show_warnings=show_warnings,
        show_policy_docs_link=show_policy_docs_link,
        color=color,
    )


def _files(report: Report) -> str:
    if len(report.components) == 1:
        return f"Input File: {report.components[0].name}\n\n"
    blocks = [
        f"- FilePath: {file.name}\n  {counts(len(file.violations), len(file.warnings), file.success_count)}\n\n"
        for file in report.components
    ]
    return "\nInput Files:\n" + "".join(blocks)
