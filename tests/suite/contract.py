"""The contract's pages: their sections, who cites them, and the scenarios of each point of the layer cache.

Run as a program it writes the lists of scenarios into ``docs/contract/40-layer-cache.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from behave.parser import parse_file  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "contract"
POINTS = PAGES / "40-layer-cache.md"
_CITING = ("refimpl", "ec_acceptance", "steps", "features", "mutants", "tests", "benchmarks", "docs")
_SUFFIXES = {".py", ".go", ".feature", ".md", ".rego"}

_HEADING = re.compile(r"^#+ (?:Part )?((?:[AB]?\d+(?:\.\d+)*)(?:, [AB]?\d+)*)\b", re.MULTILINE)
_PART = r"§[AB]?\d+(?:\.\d+)?|#\d+|A\d|[1-4]\d(?![\d.%])"
_CITATION = re.compile(rf"specification ([1-4]\d(?:(?:,? (?:and )?|[-–])(?:{_PART}|\d+\.\d+))*)")
_PARTS = re.compile(rf"{_PART}|(?<=[-–])\d+\.\d+")
_LIST = re.compile(r"\n\*Scenarios\*\n\n(?:- .*\n(?:  .*\n)*)+")
_TAG = re.compile(r"cache-(\d\d)\.(\d+)")


@dataclass(frozen=True, slots=True, order=True)
class Citation:
    """A place of the contract that a text names, such as 20 §4.2."""

    chapter: str
    section: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}: specification {self.chapter} §{self.section}"


@dataclass(frozen=True, slots=True, order=True)
class Scenarios:
    """A scenario of the layer cache, or an outline: its point, the numbers of its rows, where it stands."""

    point: int
    numbers: tuple[int, ...]
    name: str
    feature: str
    rule: str

    def __str__(self) -> str:
        tags = ", ".join(f"`@cache-{self.point:02}.{number}`" for number in self.numbers)
        name = re.sub("(<.+?>)", r"`\1`", self.name)
        return f"- {tags}: {name} ([{self.feature}](../../features/layer_cache/{self.feature}.feature))\n"


def sections() -> dict[str, set[str]]:
    """The numbers of all headings by chapter."""
    found: dict[str, set[str]] = {}
    for page in PAGES.glob("[0-9]*.md"):
        numbers = {one for text in _HEADING.findall(page.read_text(encoding="utf-8")) for one in text.split(", ")}
        found[page.name[:2]] = {page.name[:2], *numbers}
    return found


def citations() -> Iterator[Citation]:
    """Each place of the contract that code, features and documentation name."""
    for path in _citing_files():
        text = path.read_text(encoding="utf-8")
        for found in _CITATION.finditer(" ".join(line.strip().lstrip("#/ ") for line in text.splitlines())):
            chapter = ""
            for part in _PARTS.findall(found[1]):
                if part[0].isdigit() and "." not in part:
                    chapter = part
                yield Citation(chapter, part.lstrip("§#"), str(path.relative_to(ROOT)))


def points() -> dict[int, str]:
    """The heading of each point, ``7 Nothing damaged under a final name``, by its number."""
    headings = re.findall(r"(?m)^## ((\d+) .+)$", POINTS.read_text(encoding="utf-8"))
    return {int(number): heading for heading, number in headings}


def scenarios() -> list[Scenarios]:
    """The scenarios and outlines of ``features/layer_cache``, by point and number."""
    found: list[Scenarios] = []
    for path in sorted((ROOT / "features" / "layer_cache").glob("*.feature")):
        for scenario in parse_file(str(path)).walk_scenarios(with_outlines=True):
            if " -- @" in scenario.name:  # a row of the outline before it
                continue
            rows = getattr(scenario, "scenarios", [scenario])
            tags = [match for row in rows for tag in row.effective_tags if (match := _TAG.fullmatch(tag))]
            numbers = tuple(sorted(int(match[2]) for match in tags))
            found.append(Scenarios(int(tags[0][1]), numbers, scenario.name, path.stem, scenario.parent.name))
    return sorted(found)


def page() -> str:
    """The page of the points with each one's scenarios, as it should be."""
    bare = _LIST.sub("", POINTS.read_text(encoding="utf-8"))
    head, *points = re.split(r"(?m)^(?=## \d+ )", bare)
    proved = scenarios()
    parts = [head]
    for text in points:
        proofs = "".join(str(one) for one in proved if one.point == int(text.split()[1]))
        parts.append(f"{text.rstrip()}\n\n*Scenarios*\n\n{proofs}\n")
    return "".join(parts).rstrip() + "\n"


def _citing_files() -> Iterator[Path]:
    for folder in _CITING:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in _SUFFIXES and PAGES not in path.parents:
                yield path


if __name__ == "__main__":
    POINTS.write_text(page(), encoding="utf-8")
