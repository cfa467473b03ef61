"""Sums for a pipeline's test result, formats ``appstudio`` and ``hacbs`` (specification 24 §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.golang import jsontext

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """One line of JSON, without a newline."""
    return jsontext.dumps(
        {
            "timestamp": str(int(report.created.timestamp())),
            "namespace": "",
            "successes": report.success_count,
            "failures": report.violation_count,
            "warnings": report.warning_count,
            "result": report.outcome,
        }
    )
