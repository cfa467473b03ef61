"""YAML texts that are small and made to take much time or memory when they are read."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["GROWING_TEXTS"]


def _bomb() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in itertools.pairwise("abcdefghi")]
    return "\n".join(lines)


def _merged() -> str:
    return "\n".join(["m0: &m0 {k: 1}", *(f"m{n}: &m{n} {{<<: *m{n - 1}, k{n}: 1}}" for n in range(1, 20_000))])


def _directives(count: int) -> str:
    return "".join(f"%TAG !t{number}! tag:example.com,:\n" for number in range(count)) + "---\na: 1\n"


GROWING_TEXTS: Mapping[str, Callable[[], str]] = {
    "a bomb of aliases": _bomb,
    "maps that are merged into one another": _merged,
    "nested 100,000 levels deep": lambda: "[" * 100_000,
    "101 directives": lambda: _directives(101),
    "a million directives": lambda: _directives(1_000_000),
}
"""What makes each, by the words that scenarios use."""
