"""Which scenarios there are, and which of them a run is about."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ec_acceptance.conformance.errors import BrokenError, UsageError
from ec_acceptance.conformance.profiles import Place, Profiles
from ec_acceptance.testbed.scenario.claims import UNCLAIMED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

__all__ = ["Scenario", "Suite", "digest_of", "id_of", "take_shard"]

_NAME = "ec-acceptance"
_NOWHERE = Place()
_ID = re.compile(r"[a-z]+(?:_[a-z]+)*-\d{2,}(?:\.\d+)?")
_WORD = re.compile(r"[^\s(),]+")
_OPERATORS = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, an outline's row counting as one.

    Attributes:
        location: ``features/….feature:line``.
        name: its title; a row's has the examples' name behind it.
        feature: the title of its feature.
        tags: all that count for it, without their ``@``.
        place: the part of the contract that it belongs to, the point that it proves, and its weight.
    """

    location: str
    name: str
    tags: tuple[str, ...]
    place: Place = _NOWHERE
    feature: str = ""

    @property
    def refused(self) -> str:
        """The profile that a validator without it must refuse, as this scenario shows; empty of all others."""
        return next((tag.removeprefix(UNCLAIMED) for tag in self.tags if tag.startswith(UNCLAIMED)), "")

    def applies(self, claims: Collection[str]) -> bool:
        """Whether it is about a validator that claims these profiles."""
        if self.refused:
            return self.refused not in claims
        return not self.place.profile or self.place.profile in claims

    @property
    def id(self) -> str:
        """The most exact tag, such as ``cache-02.1``; empty without any."""
        return id_of(self.tags)


@dataclass(frozen=True, slots=True)
class Suite:
    """A folder with features, steps, snapshots and `environment.py`; `name` and `version` are for reports."""

    folder: Path
    name: str
    version: str

    @classmethod
    def installed(cls) -> Suite:
        """Ours: in the installed package, or in the checkout that an editable installation is of.

        Raises:
            BrokenError: it isn't there.
        """
        from importlib import metadata  # takes as long as reading ten features; other commands and workers need none

        package = Path(__file__).parents[1]
        for folder in (package / "suite", package.parent):
            if _is_suite(folder):
                return cls(folder, _NAME, metadata.version(_NAME))
        raise BrokenError(f"the installed package has no scenarios: there is no {package / 'suite'}")

    @classmethod
    def at(cls, folder: Path) -> Suite:
        """Another one, by its folder.

        Raises:
            UsageError: there is none.
        """
        folder = folder.absolute()
        if not _is_suite(folder):
            raise UsageError(f"--suite {folder}: there are no features and environment.py")
        return cls(folder, folder.name, "without a version")

    def profiles(self) -> Profiles:
        """Its table of profiles.

        Raises:
            BrokenError: it can't be read.
        """
        return Profiles.read(self.folder / "features" / "profiles.toml")

    def scenarios(self) -> list[Scenario]:
        """All of them, by features and lines.

        Raises:
            BrokenError: a feature can't be read.
        """
        profiles = self.profiles()
        return [
            scenario
            for path in sorted((self.folder / "features").rglob("*.feature"))
            for scenario in self._of(path, profiles)
        ]

    def select(
        self, scenarios: Sequence[Scenario], paths: Sequence[str], tags: Sequence[str], ids: Sequence[str] = ()
    ) -> list[Scenario]:
        """Those of one of these features or folders, with all of these tags, and of one of these ids.

        Args:
            scenarios: to choose from.
            paths: relative to the working directory, or to the suite; a feature may have ``:line``. None: everything.
            tags: expressions as behave has them, without or with ``@``.
            ids: of scenarios or points, without or with ``@``. None: everything.

        Raises:
            UsageError: a path that isn't there, a tag that nobody has, an expression that can't be read.
        """
        places = [self._place(path) for path in paths]
        chosen = [one for one in scenarios if not places or any(_is_in(one.location, place) for place in places)]
        for text in tags:
            wanted = _expression(text, {tag for one in scenarios for tag in one.tags})
            chosen = [one for one in chosen if wanted.check(list(one.tags))]
        wanted_ids = {text.removeprefix("@") for text in ids}
        if unknown := sorted(wanted_ids - {tag for one in scenarios for tag in one.tags}):
            raise UsageError(f"--only {unknown[0]}: no scenario has this id")
        chosen = [one for one in chosen if not wanted_ids or not wanted_ids.isdisjoint(one.tags)]
        if not chosen:
            raise UsageError("no scenario is selected: none is in these paths and has these tags")
        return chosen

    def _of(self, path: Path, profiles: Profiles) -> Iterator[Scenario]:
        from behave.parser import ParserError, parse_file  # type: ignore[import-untyped]  # behave publishes no types

        try:
            feature = parse_file(str(path))
        except ParserError as error:
            raise BrokenError(f"{path}: {error}") from None
        if feature is None:
            return
        where = path.relative_to(self.folder).as_posix()
        places = profiles.places(where)
        _empty_outlines(feature)
        for one in feature.walk_scenarios():
            location, tags = f"{where}:{one.line}", tuple(map(str, one.effective_tags))
            yield Scenario(location, str(one.name), tags, places.of(tags), str(feature.name))

    def _place(self, text: str) -> str:
        path, colon, line = text.rpartition(":")
        if not (colon and line.isascii() and line.isdigit()):
            path, colon, line = text, "", ""
        for start in (Path.cwd(), self.folder):
            found = (start / path).resolve()
            if found.exists() and found.is_relative_to(self.folder.resolve()):
                return found.relative_to(self.folder.resolve()).as_posix() + colon + line
        raise UsageError(f"{text}: there is no such command, feature or folder in {self.folder}")


def _empty_outlines(container: Any) -> None:
    """Take the steps from outlines: behave copies them for each row, which takes longer than reading all features."""
    for one in container.run_items:
        if hasattr(one, "examples"):
            one.steps = []
        elif hasattr(one, "run_items"):  # a rule
            _empty_outlines(one)


def id_of(tags: Sequence[str]) -> str:
    """The most exact of these tags that is an id, such as ``cache-02.1``, else any of them; empty without any."""
    ids = sorted(filter(_ID.fullmatch, tags), key=lambda tag: "." not in tag)
    return next(iter([*ids, *tags]), "")


def take_shard(scenarios: Sequence[Scenario], number: int, count: int) -> list[Scenario]:
    """One of `count` parts, from 1 on: together they are everything, and no scenario is in two.

    Scenarios that share an id stay together, since an expected failure is of all of them.

    Raises:
        UsageError: there is nothing in it.
    """
    by_id: dict[str, list[Scenario]] = {}
    for one in scenarios:
        by_id.setdefault(one.id or one.location, []).append(one)
    part = [one for together in list(by_id.values())[number - 1 :: count] for one in together]
    if not part:
        raise UsageError(f"--shard {number}/{count}: there are only {len(by_id)} scenarios")
    return part


def digest_of(locations: Iterable[str]) -> str:
    """What tells selections apart: SHA-256 of the locations of their scenarios, in any order, in hexadecimal digits."""
    return hashlib.sha256("\n".join(sorted(locations)).encode()).hexdigest()


def _is_suite(folder: Path) -> bool:
    return (folder / "environment.py").is_file() and (folder / "features").is_dir()


def _is_in(location: str, place: str) -> bool:
    return place == "." or location == place or location.startswith((f"{place}/", f"{place}:"))


class _Expression(Protocol):
    def check(self, tags: list[str]) -> bool: ...


def _expression(text: str, known: set[str]) -> _Expression:
    from behave.tag_expression import make_tag_expression  # type: ignore[import-untyped]  # as above

    try:
        parsed: _Expression = make_tag_expression(text)
    except Exception as error:  # noqa: BLE001  # behave has several kinds, by the form of the expression
        raise UsageError(f"--tags {text}: {error}") from None
    names = {word.lstrip("~-@") for word in _WORD.findall(text)} - _OPERATORS
    unknown = sorted(name for name in names if not any(fnmatchcase(tag, name) for tag in known))
    if unknown:
        raise UsageError(f"--tags {text}: no scenario has the tag @{unknown[0]}")
    return parsed
