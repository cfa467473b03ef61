"""Which scenarios there are, wherever the suite is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Scenario", "Suite", "SuiteError"]


class SuiteError(Exception):
    """The suite cannot be found or loaded."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, an outline's row counting as one: `location` is ``features/….feature:line``."""

    location: str
    name: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """The folder with features, steps, snapshots and `environment.py`."""

    folder: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Suite:
        """The suite of the checkout around `start` (the working directory), else the installed one.

        Raises:
            SuiteError: there is none.
        """
        here = (start or Path.cwd()).absolute()
        installed = Path(__file__).parents[1] / "suite"
        checkout = Path(__file__).parents[2]
        for folder in (here, *here.parents, installed, checkout):
            if (folder / "environment.py").is_file() and (folder / "features").is_dir():
                return cls(folder)
        raise SuiteError(f"no features and environment.py in or above {here}, nor with the installed package")

    def scenarios(self, selection: Sequence[str]) -> list[Scenario]:
        """The scenarios that behave would run with these arguments (paths and ``--tags``).

        Raises:
            SuiteError: behave cannot load the suite; its own words.
        """
        command = [sys.executable, "-m", "behave", "--dry-run", "--no-summary", "--format", "json", *selection]
        answer = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        start = answer.stdout.find("[")
        try:
            features = json.loads(answer.stdout[start : answer.stdout.rfind("]") + 1]) if start >= 0 else []
        except ValueError:
            raise SuiteError(f"behave cannot list the scenarios:\n{answer.stdout}{answer.stderr}") from None
        if answer.returncode not in {0, 1} or (not features and answer.returncode):
            raise SuiteError(f"behave cannot list the scenarios:\n{answer.stdout}{answer.stderr}")
        return [
            Scenario(element["location"], element["name"], tuple(element["tags"]))
            for feature in features
            for element in feature.get("elements", ())
            if element["type"] == "scenario" and element.get("status") != "skipped"
        ]
