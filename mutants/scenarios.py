"""The scenarios that there are, by their ids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from behave.parser import parse_file  # type: ignore[import-untyped]  # behave publishes no types

from ec_acceptance.testbed.scenario.hooks import scenario_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ROOT", "Scenario", "all_scenarios", "choose"]

ROOT = Path(__file__).resolve().parents[1]
_CACHE = "layer_cache"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, or one row of an outline; rows that share an id are one.

    Attributes:
        id: such as ``cache-02.1``.
        name: its title.
        feature: the file, relative to the features' folder and without its suffix.
        tags: all of them, with the id and, if there is one, the tag of the point.
        places: where it stands, as behave takes it: the file and, after a colon, the line.
    """

    id: str
    name: str
    feature: str
    tags: frozenset[str]
    places: tuple[str, ...] = ()

    @property
    def of_cache(self) -> bool:
        """Whether it speaks of the layer cache, so that some mutant must fail it."""
        return self.feature.startswith(f"{_CACHE}/")


def all_scenarios(features: Path = ROOT / "features") -> Mapping[str, Scenario]:
    """All scenarios by id, in the order of files and lines."""
    found: dict[str, Scenario] = {}
    for path in sorted(features.rglob("*.feature")):
        feature = parse_file(str(path))
        if feature is None:
            continue
        for one in feature.walk_scenarios():
            tags = frozenset(map(str, one.effective_tags))
            name = scenario_id(one.effective_tags)
            where = path.relative_to(features).with_suffix("").as_posix()
            scenario = found.get(name) or Scenario(name, str(one.name).partition(" -- @")[0], where, tags)
            found[name] = replace(scenario, places=(*scenario.places, f"{path}:{one.line}"))
    return found


def choose(scenarios: Mapping[str, Scenario], tags: Iterable[str]) -> tuple[Scenario, ...]:
    """The scenarios that have one of these tags."""
    wanted = set(tags)
    return tuple(scenario for scenario in scenarios.values() if not wanted.isdisjoint(scenario.tags))
