"""What a validator claims, and the scenarios that are about those that don't claim something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["UNCLAIMED", "claimed_refusal"]

UNCLAIMED = "unclaimed-"
"""How a tag begins: ``@unclaimed-vsa`` is of a scenario in which a validator that doesn't claim ``vsa`` refuses it."""


def claimed_refusal(tags: Iterable[str], claims: Collection[str] | None) -> str:
    """Why a scenario with these tags isn't about the validator; empty if it is.

    Args:
        tags: of the scenario.
        claims: the profiles that the validator claims; None: all of them.
    """
    for tag in tags:
        if tag.startswith(UNCLAIMED) and (claims is None or tag.removeprefix(UNCLAIMED) in claims):
            return f"{tag.removeprefix(UNCLAIMED)} is claimed"
    return ""
