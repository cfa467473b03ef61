"""What a scenario comes to, by its steps and by what the hooks saw of the validator."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ec_acceptance.conformance.lines import judge_scenario

_WHEN = ("when", '"validate image" is run', "passed")
_STATUS = ("then", "the exit status should be 1", "passed")


def _scenario(status: str, *steps: tuple[str, str, str], timed_out: bool = False, rejected: bool = False) -> Any:
    all_steps = [
        SimpleNamespace(step_type=kind, name=name, status=SimpleNamespace(name=came)) for kind, name, came in steps
    ]
    return SimpleNamespace(
        status=SimpleNamespace(name=status), all_steps=all_steps, timed_out=timed_out, rejected=rejected
    )


@pytest.mark.parametrize(
    ("scenario", "status"),
    [
        (_scenario("passed", _WHEN), "passed"),
        (_scenario("skipped"), "undecided"),
        (_scenario("error", _WHEN), "broken"),
        (_scenario("hook_error", _WHEN), "broken"),
        (_scenario("undefined", _WHEN), "broken"),
        (_scenario("failed", ("when", "it is run", "failed"), timed_out=True), "hung"),
        (
            _scenario("failed", _WHEN, _STATUS, ("then", "the violations are: a.b", "failed"), rejected=True),
            "wrong-reason",
        ),
        (_scenario("failed", _WHEN, ("then", "the exit status should be 1", "failed"), rejected=True), "wrong-reason"),
        # It let through what was to be rejected.
        (_scenario("failed", _WHEN, ("then", "the exit status should be 1", "failed")), "failed"),
        # It rejected what was to pass.
        (_scenario("failed", _WHEN, ("then", "the exit status should be 0", "failed"), rejected=True), "failed"),
        # It rejected for what may be the right reason, but asked for the wrong things.
        (_scenario("failed", _WHEN, _STATUS, ("then", "no layer was fetched", "failed"), rejected=True), "failed"),
        # The rejection was of another run.
        (
            _scenario("failed", _WHEN, _STATUS, _WHEN, ("then", "the output should match", "failed"), rejected=True),
            "failed",
        ),
    ],
)
def test_what_a_scenario_comes_to(scenario: Any, status: str) -> None:
    assert judge_scenario(scenario) == status
