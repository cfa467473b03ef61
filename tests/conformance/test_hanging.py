"""Validators that hang: how long a run waits for them in all. Limits are scaled down, and counted in scenarios."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ec_acceptance.conformance.errors import Exit
from ec_acceptance.conformance.outcome import About
from ec_acceptance.conformance.preflight import find_happy_path, look_at
from ec_acceptance.conformance.runner import Run, run
from ec_acceptance.conformance.suite import Suite
from ec_acceptance.testbed.validator.process import Validator

if TYPE_CHECKING:
    from pathlib import Path

    from ec_acceptance.conformance.outcome import Outcome, ScenarioResult

# It answers all that the check asks, and hangs ever after.
_PASSES_THE_CHECK = """#!{python}
import os, pathlib, sys, time
mark = pathlib.Path({mark!r})
if sys.argv[1] != "validate" or not mark.exists():
    if sys.argv[1] == "validate":
        mark.touch()
    os.execv({python!r}, [{python!r}, "-m", "refimpl", *sys.argv[1:]])
time.sleep(3218)
"""


class _Silent:
    """Looks on and says nothing."""

    def tell(self, line: str) -> None: ...

    def begin(self, location: str) -> None: ...

    def end(self, result: ScenarioResult) -> None: ...


def _run(folder: Path, ids: list[str], timeout: float, patience: float) -> Outcome:
    program = folder / "validator"
    program.write_text(_PASSES_THE_CHECK.format(python=sys.executable, mark=str(folder / "mark")), encoding="utf-8")
    program.chmod(0o755)
    assert look_at(Validator(str(program))).problems == ()
    suite = Suite.installed()
    scenarios = suite.scenarios()
    chosen = suite.select(scenarios, [], [], ids)
    options = {"validator": str(program), "timeout": str(timeout), "artifacts": str(folder / "artifacts")}
    about = About("suite 1", len(chosen), len(chosen), str(program), "v1", "embedded")
    happy = find_happy_path(scenarios)
    wanted = Run(suite, chosen, about, options, "embedded", 2, happy_path=happy, patience=patience)
    return run(wanted, _Silent())


def test_one_that_passes_the_check_and_then_hangs_is_not_waited_for_in_each_scenario(tmp_path: Path) -> None:
    outcome = _run(tmp_path, ["happy-01", "happy-02", "input-01", "verdict-01", "verdict-03"], timeout=5, patience=6)
    statuses = {result.id: result.status for result in outcome.results}
    assert statuses.pop("happy-01") == "passed"
    assert set(statuses.values()) == {"hung"}
    lost = sum(result.seconds for result in outcome.results if result.status == "hung")
    assert lost > 6 * 2, "that is what was to be lost at least"
    assert outcome.missing, "what hadn't begun didn't run"
    assert "so the rest wasn't run" in outcome.hung
    assert outcome.exit is Exit.NOT_CONFORMANT
