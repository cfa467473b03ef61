"""The statements of all attestations exactly as signed (specification 24 §11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(report: Report) -> bytes:
    """The statements, a newline between them, in the order of the report."""
    return b"\n".join(statement for component in report.components for statement in component.statements)
