"""Which criteria speak of a rule, and how loudly (specification 11 §7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def criterion_texts(code: str, terms: Sequence[str] = (), collections: Iterable[str] = ()) -> tuple[str, ...]:
    """The criterion texts that a result or rule answers to, with repetitions.

    Args:
        code: dotted; only its last two parts count. Without a dot, or empty, only ``*`` and the collections match.
        terms: non-empty.
        collections: without their ``@``.
    """
    found: list[str] = []
    package, _, rule = code.rpartition(".")
    package = package.rpartition(".")[2]
    if package:
        own = (package, f"{package}.*", f"{package}.{rule}")
        found += own
        found += (f"{text}:{term}" for term in terms for text in own)
    found.append("*")
    found += (f"@{collection}" for collection in collections)
    return tuple(found)


def score(criterion: str) -> int:
    """The weight of a criterion: the more specific, the heavier."""
    if criterion.startswith("@"):
        return 10
    text, _, term = criterion.partition(":")
    total = 100 if term else 0
    *package, rule = text.split(".")
    if not package:
        return total + (1 if rule == "*" else 10)
    total += 1 if package == ["*"] else 10 * len(package)
    return total if rule in ("", "*") else total + 100


class CriteriaMatcher:
    """Weighs rules by two lists of criteria; equal criteria count each."""

    __slots__ = ("_exclude", "_include", "include")

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        self.include = frozenset(include)
        self._include = _weights(include)
        self._exclude = _weights(exclude)

    def totals(self, texts: Iterable[str]) -> tuple[int, int]:
        """The include and the exclude total of what `criterion_texts` gave."""
        included = excluded = 0
        for text in texts:
            included += self._include.get(text, 0)
            excluded += self._exclude.get(text, 0)
        return included, excluded

    def includes(self, texts: Iterable[str]) -> bool:
        """Whether the include total is greater."""
        included, excluded = self.totals(texts)
        return included > excluded


def _weights(criteria: Sequence[str]) -> Mapping[str, int]:
    weights: dict[str, int] = {}
    for criterion in criteria:
        weights[criterion] = weights.get(criterion, 0) + score(criterion)
    return weights
