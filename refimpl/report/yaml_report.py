"""The report as YAML: the data of the JSON report with sorted members (specification 24 §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.report import json_report, yaml_emitter

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """The document with a final newline."""
    return yaml_emitter.dumps(json_report.document(report))
