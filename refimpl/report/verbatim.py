"""What attestations say and what rules saw, as it was (specification 24 §11 and §12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["join_policy_inputs", "join_statements"]


def join_statements(report: Report) -> bytes:
    """The statements of all attestations exactly as signed, a newline between them, in the order of the report."""
    return b"\n".join(statement for component in report.components for statement in component.statements)


def join_policy_inputs(report: Report) -> bytes:
    """A line of JSON for each component, empty if no rule was evaluated.

    The lines stand in the order of the report. The contract's own order is that of completion: no run repeats it.
    """
    return b"".join(component.policy_input.rstrip(b"\n") + b"\n" for component in report.components)
