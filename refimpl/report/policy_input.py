"""What the rules saw of each component (specification 24 §12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(report: Report) -> bytes:
    """A line of JSON for each component, empty if no rule was evaluated.

    The lines stand in the order of the report. The contract's own order is that of completion: no run repeats it.
    """
    return b"".join(component.policy_input.rstrip(b"\n") + b"\n" for component in report.components)
