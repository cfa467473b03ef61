"""How far a run is, on a terminal: counts, what runs now, the time that is left; above it what went wrong."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live as Region
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from ec_acceptance.conformance.outcome import STATUSES, WRONG
from ec_acceptance.conformance.terminal import describe, harmless

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ec_acceptance.conformance.outcome import ScenarioResult
    from ec_acceptance.conformance.suite import Scenario

__all__ = ["Live"]

_SHOWN = 8  # scenarios that run now
_STYLES = {"passed": "green", "expected": "yellow", "undecided": "yellow"}


class Live:
    """Looks on, and shows it. Colours are left out where `NO_COLOR` is set, as rich has it."""

    def __init__(self, count: int, scenarios: Mapping[str, Scenario], console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False)
        self._scenarios = scenarios
        self._running: dict[str, float] = {}
        self._counts: Counter[str] = Counter()
        self._progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[counts]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("left:", markup=False),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._progress.add_task("", total=count, counts="")
        self._region = Region(get_renderable=self._picture, console=self._console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._region.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._region.stop()

    def tell(self, line: str) -> None:
        """A line for people, above the picture."""
        self._console.print(Text(harmless(line)), soft_wrap=True)

    def begin(self, location: str) -> None:
        """A scenario begins."""
        self._running[location] = time.monotonic()

    def end(self, result: ScenarioResult) -> None:
        """One has ended; it gets a line only if it isn't as it should be."""
        self._running.pop(result.location, None)
        self._counts[result.status] += 1
        counts = ", ".join(f"{self._counts[name]} {STATUSES[name].words}" for name in STATUSES if self._counts[name])
        self._progress.update(self._task, advance=1, counts=counts)
        if result.status in WRONG or result.status not in _STYLES:
            self._console.print(Text(harmless(describe(result)), style="red"), soft_wrap=True)

    def _picture(self) -> Group:
        now = time.monotonic()
        lines = []
        for location, since in list(self._running.items())[:_SHOWN]:
            scenario = self._scenarios.get(location)
            name = f"@{scenario.id}  {scenario.name}" if scenario is not None else location
            line = Text(harmless(f"  {now - since:4.0f} s  {name}"), style="dim")
            line.truncate(self._console.width - 1, overflow="ellipsis")
            lines.append(line)
        return Group(self._progress, *lines)
