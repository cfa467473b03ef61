"""Results in the notation of the contract: `a.r1(t1)` is a code with its term, `-` a result without a code.

Source: specification 11 §11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ec_acceptance.testbed.expect.report import Report

__all__ = ["notation"]

_BUILT_IN = "builtin."


def notation(report: Report, kind: str) -> str:
    """All results of a kind ("violations", "warnings" or "successes") in the order of the report; "none" if none.

    Components stand in the report's order with `;` between them; those without results are left out. Successes of the
    built-in checks are left out too: every conforming image has them.
    """
    parts = []
    for component in report.components:
        words = [_word(result.get("metadata") or {}) for result in component.get(kind) or []]
        words = [word for word in words if kind != "successes" or not word.startswith(_BUILT_IN)]
        if words:
            name = f"{component.get('name')}: " if len(report.components) > 1 else ""
            parts.append(name + " ".join(words))
    return "; ".join(parts) or "none"


def _word(metadata: dict[str, Any]) -> str:
    code = str(metadata.get("code", "")) or "-"
    term = metadata.get("term", "")
    terms = term if isinstance(term, str) else ",".join(map(str, term))
    return f"{code}({terms})" if terms else code
