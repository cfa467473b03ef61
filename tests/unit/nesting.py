"""Values within values, for properties that hold for all JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

__all__ = ["nested"]


def nested(
    leaves: SearchStrategy[Any], inside: Callable[[SearchStrategy[Any]], SearchStrategy[Any]], depth: int = 3
) -> SearchStrategy[Any]:
    """Leaves, and what `inside` makes of such values, up to so many levels.

    As `hypothesis.strategies.recursive`; but that begins anew whenever it has drawn too many leaves, be it ever so
    often: now and then a test takes 40 s instead of one.
    """
    values = leaves
    for _ in range(depth):
        values = leaves | inside(values)
    return values
