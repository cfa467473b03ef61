"""The check before all else: can the validator be started, does it answer, does it get through the happy path?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ec_acceptance.conformance.apart import EndedError, apart
from ec_acceptance.conformance.outcome import STATUSES
from ec_acceptance.testbed.validator.process import UNKNOWN, version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ec_acceptance.conformance.outcome import ScenarioResult
    from ec_acceptance.conformance.suite import Scenario
    from ec_acceptance.testbed.validator.process import Invocation, Validator

__all__ = ["HAPPY", "Preflight", "ask_version", "describe_happy_path", "find_happy_path", "look_at"]

HAPPY = "happy-01"
"""The scenario that a validator gets through if it gets through any; suites without it have no happy path."""

_SAID = 3  # lines of a message


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was seen of a validator before any scenario.

    Attributes:
        version: what it calls its version; ``unknown`` if it says none.
        problems: a line each; none of them ends the run.
        hung: it answered neither question in time.
    """

    version: str
    problems: tuple[str, ...] = ()
    hung: bool = False


def look_at(validator: Validator) -> Preflight:
    """Ask it for its version and for help, which is 10 s at most each; if it ends who asks it, that is told.

    Raises:
        ValidatorNotFoundError: it can't be started.
    """
    try:
        return apart(lambda: _look_at(validator))
    except EndedError:
        return Preflight(UNKNOWN, ("it ends the process that asks it for its version and for help",))


def ask_version(validator: Validator) -> str:
    """What it calls its version; unknown if it ends who asks it.

    Raises:
        ValidatorNotFoundError: it can't be started.
    """
    try:
        return apart(validator.version)
    except EndedError:
        return UNKNOWN


def _look_at(validator: Validator) -> Preflight:
    asked = {words: validator.ask(words.split()) for words in ("version --short", "--help")}
    version = version_of(asked["version --short"])
    problems = [f"`{words}` {problem}" for words, said in asked.items() if (problem := _problem(said))]
    if version == UNKNOWN and not _problem(asked["version --short"]):
        problems.append("`version --short` prints no version: one line of printable text is wanted")
    return Preflight(version, tuple(problems), all(said.timed_out for said in asked.values()))


def find_happy_path(scenarios: Sequence[Scenario]) -> Scenario | None:
    """The one of these scenarios that is the happy path."""
    return next((one for one in scenarios if one.id == HAPPY), None)


def describe_happy_path(result: ScenarioResult) -> list[str]:
    """Lines for people."""
    if result.status == "expected":
        return [f"check: it doesn't get through the happy path (@{result.id}), as expected"]
    if result.status == "passed":
        return [f"check: it gets through the happy path (@{result.id}, {result.seconds:.1f} s)"]
    said = [f"  {line}" for line in result.message.splitlines()[:_SAID]]
    return [
        f"check: it doesn't get through the happy path (@{result.id}): {STATUSES[result.status].words}",
        *([f"  {result.step}"] if result.step else []),
        *said,
        "check: most scenarios begin as this one does, so few others will pass",
    ]


def _problem(said: Invocation) -> str:
    if said.timed_out:
        return "gives no answer"
    if said.status < 0:
        return f"is ended by signal {-said.status}"
    if not (said.stdout or said.stderr):
        return "says nothing"
    return ""
