"""A behave formatter: one JSON line for each scenario that ran."""

from __future__ import annotations

import json
from typing import Any

from behave.formatter.base import Formatter

__all__ = ["Lines"]


class Lines(Formatter):  # type: ignore[misc]  # behave publishes no types
    """Writes location, name, tags, status, duration and the first error of each scenario."""

    name = "lines"
    description = "one JSON line a scenario"

    def __init__(self, stream_opener: Any, config: Any) -> None:
        super().__init__(stream_opener, config)
        self.stream = self.open()
        self._scenario: Any = None

    def scenario(self, scenario: Any) -> None:
        """A scenario begins; the one before it is over."""
        self._flush()
        self._scenario = scenario

    def eof(self) -> None:
        """A feature is over."""
        self._flush()

    def _flush(self) -> None:
        scenario, self._scenario = self._scenario, None
        if scenario is None or scenario.status.name == "untested":
            return
        if scenario.status.name == "skipped" and not scenario.skip_reason:  # it wasn't selected
            return
        fine = {"passed", "skipped", "untested"}
        wrong = next((step for step in scenario.all_steps if step.status.name not in fine), None)
        line = {
            "location": str(scenario.location),
            "feature": scenario.feature.name,
            "name": scenario.name,
            "tags": [str(tag) for tag in scenario.effective_tags],
            "status": scenario.status.name,
            "seconds": round(scenario.duration, 3),
            "step": f"{wrong.keyword} {wrong.name}" if wrong is not None else "",
            "message": scenario.skip_reason or _message(wrong, scenario),
        }
        self.stream.write(json.dumps(line) + "\n")
        self.stream.flush()


def _message(step: Any, scenario: Any) -> str:
    for place in (step, scenario):
        text = getattr(place, "error_message", None)
        if text:
            return str(text)
    return ""
