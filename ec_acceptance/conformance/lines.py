"""A behave formatter: a JSON line when a scenario begins, and one when it has ended, with what it came to."""

from __future__ import annotations

import json
import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from behave.formatter.base import Formatter

from ec_acceptance.conformance.cpu import used_so_far
from ec_acceptance.testbed.errors import is_about_form

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Lines", "judge_scenario"]

_REJECTION = re.compile(
    r"exit status should be [1-9]|^the validation fails|command line is rejected|is rejected (for|because)"
    r"|^the violations are|fails because of|does not pass|is not accessible|^every (image|bundle) fails|, and the cause"
)
"""Steps that demand that the validator rejects something."""
_REASON = re.compile(rf"{_REJECTION.pattern}|snapshot|message|standard error|warnings are|the log has|output|says")
"""Steps about what it says when it does so."""


class Lines(Formatter):  # type: ignore[misc]  # behave publishes no types
    """Writes ``{"begins": location}``; then location, name, tags, status, duration and the first error."""

    name = "lines"
    description = "JSON lines for programs"

    def __init__(self, stream_opener: Any, config: Any) -> None:
        super().__init__(stream_opener, config)
        self.stream = self.open()
        self._scenario: Any = None

    def scenario(self, scenario: Any) -> None:
        """A scenario begins; the one before it is over."""
        self._flush()
        self._scenario = scenario
        self._write({"begins": str(scenario.location)})

    def eof(self) -> None:
        """A feature is over."""
        self._flush()

    def close(self) -> None:
        """The run is over: what it and its validators took of the processors."""
        if self.stream is not None and (used := used_so_far()) is not None:
            self._write({"cpu": {"suite": used.suite, "validator": used.validator}})
        super().close()

    def _flush(self) -> None:
        scenario, self._scenario = self._scenario, None
        if scenario is None or scenario.status.name == "untested":
            return
        if scenario.status.name == "skipped" and not scenario.skip_reason:  # it wasn't selected
            return
        wrong = _first_wrong(scenario.all_steps)
        self._write(
            {
                "location": str(scenario.location),
                "feature": scenario.feature.name,
                "name": scenario.name,
                "tags": [str(tag) for tag in scenario.effective_tags],
                "status": judge_scenario(scenario),
                "seconds": round(scenario.duration, 3),
                "step": f"{wrong.keyword} {wrong.name}" if wrong is not None else "",
                "message": scenario.skip_reason or _message(wrong, scenario),
                "evidence": getattr(scenario, "evidence", ""),
            }
        )

    def _write(self, line: dict[str, Any]) -> None:
        self.stream.write(json.dumps(line) + "\n")
        self.stream.flush()


def judge_scenario(scenario: Any) -> str:
    """What a scenario of behave's came to: a status of `outcome.STATUSES`.

    An assertion that failed is the validator's fault; any other exception is the suite's or the machine's. The hooks
    say whether a run of the validator was ended for its time, and whether the last one ended with an error.
    """
    match scenario.status.name:
        case "passed":
            return "passed"
        case "skipped":
            return "undecided"
        case "failed" if getattr(scenario, "timed_out", False):
            return "hung"
        case "failed":
            steps = list(scenario.all_steps)
            return "wrong-reason" if getattr(scenario, "rejected", False) and _is_about_reason(steps) else "failed"
        case _:
            return "broken"


def _is_about_reason(steps: Sequence[Any]) -> bool:
    """Whether a rejection was demanded of the run whose assertion failed, and that assertion is about what it says."""
    wrong = _first_wrong(steps)
    if wrong is None or wrong.step_type != "then" or not _REASON.search(wrong.name):
        return False
    at = next(number for number, step in enumerate(steps) if step is wrong)
    before = list(takewhile(lambda step: step.step_type == "then", reversed(steps[:at])))
    after = list(takewhile(lambda step: step.step_type == "then", steps[at:]))
    return any(_REJECTION.search(step.name) for step in before + after)


def _first_wrong(steps: Sequence[Any]) -> Any:
    fine = {"passed", "skipped", "untested"}
    return next((step for step in steps if step.status.name not in fine), None)


def _message(step: Any, scenario: Any) -> str:
    error = getattr(step, "exception", None)
    if getattr(step, "error_message", None) and scenario.status.name == "failed" and is_about_form(error):
        return f"the validator gave something of another form than this step reads: {type(error).__name__}: {error}"
    for place in (step, scenario):
        text = getattr(place, "error_message", None)
        if text:
            return str(text)
    return ""
