"""Profiles: the parts of the contract that a validator may claim, and to which of them each scenario belongs.

The table is ``features/profiles.toml`` of the suite. A suite without one has a single part, without a name.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ec_acceptance.conformance.errors import BrokenError, UsageError
from ec_acceptance.testbed.scenario.claims import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ec_acceptance.testbed.validator.adapter import Adapter

__all__ = ["MUST", "SHOULD", "Place", "Places", "Profiles", "read_claims"]

MUST, SHOULD = "must", "should"
_PATTERN = re.compile(r"(?P<path>[\w/-]+)?(?: ?@(?P<tag>[\w.-]+))?")
_POINT = re.compile(r"cache-(\d+)")
_FEATURE = re.compile(r"features/(.*)\.feature")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scenario belongs.

    Attributes:
        profile: its part; empty in a suite without a table.
        point: chapter and section of the contract, such as ``20 §4.2``.
        weight: `MUST` or `SHOULD`.
    """

    profile: str = ""
    point: str = ""
    weight: str = MUST


@dataclass(frozen=True, slots=True)
class _Line:
    patterns: tuple[tuple[str, str], ...]
    given: Mapping[str, str]

    def within(self, feature: str) -> _Line | None:
        """What of it is about scenarios of this feature; None: nothing is."""
        patterns = [(path, tag) for path, tag in self.patterns if not path or f"{feature}/".startswith(f"{path}/")]
        return _Line(tuple(patterns), self.given) if patterns else None

    def fits(self, tags: Iterable[str]) -> bool:
        return any(not tag or tag in tags for _, tag in self.patterns)


@dataclass(frozen=True, slots=True)
class Profiles:
    """The table.

    Attributes:
        names: each profile's description.
        lines: what belongs where.
        optional: profiles that a validator isn't held to unless it claims them.
    """

    names: Mapping[str, str]
    lines: tuple[_Line, ...] = ()
    optional: frozenset[str] = frozenset()

    @property
    def usual(self) -> frozenset[str]:
        """What a validator is held to that claims nothing itself."""
        return frozenset(self.names) - self.optional

    def claimed(self, text: str | None, adapter: Adapter) -> frozenset[str]:
        """What a validator is held to: what `--claims` says, else its adapter, else all but the optional ones.

        Raises:
            UsageError: there is no such profile, or none is claimed.
        """
        if text is not None:
            return read_claims(filter(None, text.split(",")), self.names, "--claims")
        if adapter.claims is not None:
            return read_claims(adapter.claims, self.names, f"{adapter.source}: claims")
        return self.usual

    @classmethod
    def read(cls, path: Path) -> Profiles:
        """Of a file; without one there are none.

        Raises:
            BrokenError: it can't be read: the suite is at fault.
        """
        if not path.exists():
            return cls({})
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BrokenError(f"{path}: {error}") from None
        names = document.get("profiles", {})
        lines = tuple(_read_line(path, entry, names) for entry in document.get("scenarios", ()))
        return cls(names, lines, frozenset(document.get("optional", ())))

    def places(self, path: str) -> Places:
        """Those of the scenarios in a feature, by its path (``features/….feature``)."""
        feature = _FEATURE.fullmatch(path)
        lines = [line.within(feature[1]) for line in self.lines] if feature else []
        return Places(tuple(filter(None, lines)))


@dataclass(frozen=True, slots=True)
class Places:
    """Where the scenarios of one feature belong; `lines` are those of the table that are about any of them."""

    lines: tuple[_Line, ...]

    def of(self, tags: Sequence[str]) -> Place:
        """That of a scenario, by its tags; the last line that fits counts."""
        found: dict[str, str] = {}
        for line in self.lines:
            if line.fits(tags):
                found.update(line.given)
        for tag in tags:
            if point := _POINT.fullmatch(tag):
                found["point"] = f"40 §{int(point[1])}"
        return Place(**found)


def read_claims(words: Iterable[str], known: Mapping[str, str], source: str) -> frozenset[str]:
    """The profiles that a validator claims.

    Args:
        words: their names; ``all`` for all of them.
        known: those that there are.
        source: who says so, for the error.

    Raises:
        UsageError: there is no such profile, or none is claimed.
    """
    claims = frozenset(words)
    if claims == {ALL}:
        return frozenset(known)
    if unknown := sorted(claims - known.keys()):
        raise UsageError(f"{source}: {unknown[0]!r} is no profile: there are {', '.join(known)}")
    if not claims:
        raise UsageError(f"{source}: nothing is claimed: there are {', '.join(known)}")
    return claims


def _read_line(path: Path, entry: Mapping[str, Any], names: Mapping[str, str]) -> _Line:
    patterns = []
    for text in entry.get("of", ()):
        match = _PATTERN.fullmatch(text)
        if not text or match is None:
            raise BrokenError(f"{path}: {text!r} names no folder, feature or tag")
        patterns.append((match["path"] or "", match["tag"] or ""))
    given = {name: value for name, value in entry.items() if name != "of"}
    if unknown := sorted(given.keys() - {"profile", "point", "weight"}):
        raise BrokenError(f"{path}: {unknown[0]} is no member of [[scenarios]]")
    if given.get("profile", next(iter(names), "")) not in names or given.get("weight", MUST) not in {MUST, SHOULD}:
        raise BrokenError(f"{path}: {entry}: there is no such profile or weight")
    return _Line(tuple(patterns), given)
