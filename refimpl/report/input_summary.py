"""The report on files condensed to the first message of each code (docs/commands.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.golang import jsontext
from refimpl.report.summary import summarised

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """One line of JSON, without a newline; its top-level ``success`` is false whatever the outcome."""
    files = [summarised(report, file) for file in report.components]
    return jsontext.dumps({"filepaths": files, "success": False, "key": report.key})
