"""The whole run as a verification summary, format ``vsa`` (specification 24 §13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.golang import jsontext
from refimpl.vsa.predicate import snapshot_predicate

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """One line of JSON, without a newline."""
    return jsontext.dumps(snapshot_predicate(report))
