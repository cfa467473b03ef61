"""The list of mutants: name, fault, kind, and the scenarios that must find it."""

from __future__ import annotations

import enum
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from refimpl.record import record  # `dataclasses` take 8 ms, and each run of a validator loads this module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CONTROL", "Kind", "Mutant", "all_mutants", "find", "mutant"]

CONTROL = "unchanged"
"""The name of the one that is no mutant: the reference validator itself, run in the same way."""

_THEMES = (
    "flight",
    "transfer",
    "entries",
    "names",
    "directory",
    "processes",
    "switch",
    "images",
    "verdict",
    "criteria",
    "sources",
    "injection",
    "wire",
    "credentials",
    "trust",
    "vsa",
    "bundles",
    "referrers",
    "bundle_evidence",
    "keyless",
    "chains",
    "roots",
    "timestamps",
    "mirrors",
    "repositories",
    "undecided",
    "truncation",
    "inputs",
    "interruption",
    "scale",
    "streams",
    "dask",
    "server",
    "outputs",
    "nothing",
)


class Kind(enum.Enum):
    """What part of a validator the fault is in."""

    FLIGHT = "sharing within a process"
    TRANSFER = "transfers"
    ENTRIES = "what is kept and believed"
    NAMES = "names"
    DIRECTORY = "the directory"
    PROCESSES = "several processes"
    SWITCH = "switch and limits"
    IMAGES = "images"
    VERDICT = "verdicts"
    CRITERIA = "which rules count"
    SOURCES = "rules and data"
    INJECTION = "content that speaks for the validator"
    WIRE = "connections, redirects and encodings"
    CREDENTIALS = "who gets which credentials"
    TRUST = "what is believed of signatures"
    VSA = "verification summaries"
    KEYLESS = "what is believed of certificates"
    TRUNCATION = "what is read to its end"
    INPUTS = "references, images and files given"
    INTERRUPTION = "how a run ends"
    SCALE = "many images"
    SERVER = "answering requests"
    OUTPUTS = "formats for other tools"
    NOTHING = "does nothing"

    @property
    def works(self) -> bool:
        """Whether such a validator still does its work: the plain happy path must pass then."""
        return self is not Kind.NOTHING

    @property
    def of_layers(self) -> bool:
        """Whether the fault is in how layers are fetched, kept or shared."""
        return self in _OF_LAYERS


_OF_LAYERS = frozenset(
    {Kind.FLIGHT, Kind.TRANSFER, Kind.ENTRIES, Kind.NAMES, Kind.DIRECTORY, Kind.PROCESSES, Kind.SWITCH, Kind.IMAGES}
)


@record
class Mutant:
    """A validator that is wrong.

    Attributes:
        name: what it is called on the command line.
        fault: one sentence.
        kind: where the fault is.
        scenarios: tags; of the scenarios that have one of them, at least one must fail for each tag.
        apply: puts the fault in; called once, before the command line is carried out.
    """

    name: str
    fault: str
    kind: Kind
    scenarios: tuple[str, ...]
    apply: Callable[[], None]


_found: dict[str, Mutant] = {}


class DuplicateError(Exception):
    """Two mutants have one name."""


def mutant(name: str, fault: str, kind: Kind, scenarios: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Put the decorated function's fault into the list; `scenarios` are tags without their ``@``, parted by spaces."""

    def declare(apply: Callable[[], None]) -> Callable[[], None]:
        if name in _found:
            raise DuplicateError(name)
        _found[name] = Mutant(name, fault, kind, tuple(scenarios.split()), apply)
        return apply

    return declare


def find(name: str) -> Mutant | None:
    """The mutant of this name; None when there is none.

    Validators are started thousands of times, so only the theme is loaded that has the name in its source.
    """
    for theme in _THEMES:
        if f'"{name}"' in Path(__file__).with_name(f"{theme}.py").read_text(encoding="utf-8"):
            importlib.import_module(f"mutants.{theme}")
            if name in _found:
                return _found[name]
    return None


def all_mutants() -> Mapping[str, Mutant]:
    """All mutants by name, in the order of their declaration."""
    for theme in _THEMES:
        importlib.import_module(f"mutants.{theme}")
    return _found
