"""What a validator claims, and the scenarios that are about those that don't claim something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

__all__ = ["ALL", "OPTIONAL", "UNCLAIMED", "reason_to_skip"]

ALL = "all"
"""The word that claims each profile."""
UNCLAIMED = "unclaimed-"
"""How a tag begins: ``@unclaimed-vsa`` is of a scenario in which a validator that doesn't claim ``vsa`` refuses it."""
OPTIONAL = "optional-"
"""How a tag begins: ``@optional-dask`` is of a scenario for those alone that claim ``dask`` by its name, or all."""


def reason_to_skip(tags: Iterable[str], claims: AbstractSet[str] | None) -> str:
    """Why a scenario with these tags isn't about the validator; empty if it is.

    Args:
        tags: of the scenario.
        claims: the profiles that the validator claims; None: all but the optional ones.
    """
    for tag in tags:
        if tag.startswith(UNCLAIMED) and (claims is None or not claims.isdisjoint((tag.removeprefix(UNCLAIMED), ALL))):
            return f"{tag.removeprefix(UNCLAIMED)} is claimed"
        if tag.startswith(OPTIONAL) and (claims is None or claims.isdisjoint((tag.removeprefix(OPTIONAL), ALL))):
            return f"{tag.removeprefix(OPTIONAL)} isn't claimed (-D claims=)"
    return ""
