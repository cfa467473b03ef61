"""The features as behave reads them, and which step each of their sentences is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from behave.model import Step  # type: ignore[import-untyped]
from behave.parser import parse_file  # type: ignore[import-untyped]
from behave.runner_util import load_step_modules  # type: ignore[import-untyped]
from behave.step_registry import registry  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FEATURES = ROOT / "features"
_BACKGROUND = re.compile(r"^ +Background:.*\n((?: {4,}\S.*\n)+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A step of a scenario, with the outline's values in it."""

    step: Any
    scenario: Any

    @property
    def definition(self) -> Any:
        """What the steps say it is; None if nothing."""
        return _definition(self.step.step_type, self.step.name)

    def __str__(self) -> str:
        return f"{self.step.location}: {self.step.keyword} {self.step.name}"


@cache
def _definition(kind: str, text: str) -> Any:
    """Sentences are said again and again, and each is held against all steps of its kind until one matches."""
    return registry.find_step_definition(Step("", 0, kind.title(), kind, text))


def files() -> list[Path]:
    """All features."""
    return sorted(FEATURES.rglob("*.feature"))


def long_rows(most: int) -> list[str]:
    """The rows of tables that have more characters."""
    lines = ((path, *one) for path in files() for one in enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    return [f"{path}:{number}" for path, number, line in lines if line.lstrip().startswith("|") and len(line) > most]


def long_backgrounds(most: int) -> list[str]:
    """The Backgrounds that have more lines."""
    found = ((path, one) for path in files() for one in _BACKGROUND.findall(path.read_text(encoding="utf-8")))
    return [f"{path}:\n{background}" for path, background in found if len(background.splitlines()) > most]


@cache
def scenarios() -> tuple[Any, ...]:
    """All scenarios of all features, each row of an outline as one."""
    return tuple(scenario for path in files() for scenario in parse_file(str(path)).walk_scenarios())


def sentences() -> Iterator[Sentence]:
    """All steps of all scenarios, those of their Backgrounds too."""
    for scenario in scenarios():
        for step in scenario.all_steps:
            yield Sentence(step, scenario)


def load_steps() -> None:
    """Register the steps."""
    load_step_modules([str(ROOT / "steps")])


def definitions() -> Iterator[Any]:
    """All steps that there are."""
    yield from (definition for kind in registry.steps.values() for definition in kind)


def place(definition: Any) -> str:
    """Where a step is defined; that of `@step` is one step for each keyword."""
    return f"{definition.location}"
