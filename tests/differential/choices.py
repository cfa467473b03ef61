"""Choices that hypothesis makes and shrinks: the first of each kind is the simplest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn

__all__ = ["Choices"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Choices:
    """Draws for one case."""

    draw: DrawFn

    def chance(self, percent: int) -> bool:
        """True in about `percent` of 100 cases; False is simpler."""
        return self.draw(st.integers(0, 99)) >= 100 - percent

    def number(self, least: int, most: int) -> int:
        """From `least`, the simplest, to `most`."""
        return self.draw(st.integers(least, most))

    def pick(self, options: Sequence[_T]) -> _T:
        """One of them; the first is the simplest."""
        return self.draw(st.sampled_from(options))

    def several(self, options: Sequence[_T], most: int) -> list[_T]:
        """Up to `most` of them, with repetitions."""
        return self.draw(st.lists(st.sampled_from(options), max_size=most))

    def distinct(self, options: Sequence[_T], least: int, most: int) -> list[_T]:
        """From `least` to `most` of them, each once, in any order."""
        places = st.lists(st.integers(0, len(options) - 1), min_size=least, max_size=most, unique=True)
        return [options[place] for place in self.draw(places)]
