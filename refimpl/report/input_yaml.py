"""The report on files as YAML: the data of the JSON report with sorted members (docs/commands.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.report import input_json, yaml_emitter

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """The document with a final newline."""
    return yaml_emitter.dumps(input_json.document(report))
