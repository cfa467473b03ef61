"""Faults on the wire in the words of scenarios, and what they are for the gate (docs/cache-scenarios.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ec_acceptance.testbed.gate.rules import (
    Answer,
    Close,
    Delay,
    EarlyEnd,
    FlipBit,
    Hold,
    Rate,
    Replace,
    Reset,
    ShortLength,
    Stall,
    Verb,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ec_acceptance.testbed.gate.log import RequestFilter
    from ec_acceptance.testbed.registry.routes import Kind

__all__ = ["Artifact", "UnknownPhraseError", "parse_nth", "parse_place", "parse_verb"]

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_PLACES = (
    "before the head",
    "at the start",
    "in the middle",
    "within a file",
    "at an entry boundary",
    "before the last byte",
)
_WORD = b'"first"'
_STOPS: dict[str, Callable[[int | None], Verb]] = {
    "held": Hold,
    "stalled forever": Stall,
    "reset": Reset,
    "closed": Close,
}
_CHANGES: dict[str, Callable[[int], Verb]] = {
    "cut by a short length": ShortLength,
    "ended early": EarlyEnd,
    "changed by one bit": FlipBit,
}


class UnknownPhraseError(Exception):
    """A scenario uses words that mean nothing here."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something that the registry is asked for by its digest.

    `title` is what scenarios call it; without a `repository` it is meant in all of them. `body` is the true answer; a
    layer's `boundaries` are the places at which its archive's entries end.
    """

    title: str
    kind: Kind
    digest: str
    body: bytes = field(repr=False)
    boundaries: tuple[int, ...] = field(default=(), repr=False)
    repository: str | None = None

    @property
    def request_filter(self) -> RequestFilter:
        """Selects the requests that fetch it."""
        return {"method": "GET", "kind": self.kind, "repository": self.repository, "reference": self.digest}


def parse_nth(words: str) -> int | range | None:
    """Which requests are meant: `every`, `first` to `sixth`, or `later` for all but the first."""
    if words == "every":
        return None
    if words == "later":
        return range(2, 1 << 31)
    if words not in _ORDINALS:
        raise UnknownPhraseError(f"no number of a request: {words!r}")
    return _ORDINALS.index(words) + 1


def parse_place(words: str, artifact: Artifact) -> int | None:
    """A place in the body as a rule counts it; None is before the head.

    The entry boundary is the one behind the layer's first file that policies read: a reader that takes the cut for the
    archive's end sees that file and misses the later ones. The place within a file is in a word that policies see.
    """
    match words:
        case "before the head":
            return None
        case "at the start":
            return 0
        case "in the middle":
            return len(artifact.body) // 2
        case "within a file" if _WORD in artifact.body:
            return artifact.body.index(_WORD) + 1
        case "before the last byte":
            return len(artifact.body) - 1
        case "at an entry boundary" if len(artifact.boundaries) > 2:
            return artifact.boundaries[1]
        case _:
            raise UnknownPhraseError(f"there is no place {words!r} in {artifact.title}")


def parse_verb(words: str, artifact: Artifact, other: Callable[[str], Artifact]) -> Verb:
    """The verb that `words` mean for `artifact`; `other` finds the artifact that takes its place.

    Raises:
        UnknownPhraseError: they mean nothing.
    """
    if found := re.fullmatch(rf"(?P<what>.+) (?P<place>{'|'.join(_PLACES)})", words):
        at = parse_place(found["place"], artifact)
        if stop := _STOPS.get(found["what"]):
            return stop(at)
        if (change := _CHANGES.get(found["what"])) and at is not None:
            return change(at)
    elif found := re.fullmatch(r"replaced by (the .+)", words):
        return Replace(other(found[1]).body)
    elif found := re.fullmatch(r"answered with status (\d{3})(?: and Retry-After (\d+))?", words):
        return Answer(int(found[1]), (("Retry-After", found[2]),) if found[2] else ())
    elif found := re.fullmatch(r"slowed to ([\d.]+) MB/s", words):
        return Rate(float(found[1]) * 1_000_000)
    elif found := re.fullmatch(r"delayed by ([\d.]+) s", words):
        return Delay(float(found[1]))
    raise UnknownPhraseError(f"no fault: {words!r}")
