"""``ec-conformance``: holds a validator against the contract, and says what came of it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.outcome import Exit
from ec_acceptance.conformance.suite import Suite, SuiteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ec_acceptance.conformance.outcome import ScenarioResult

__all__ = ["main", "run"]

_STATUSES = """exit statuses:
  0  the validator conforms: every scenario passed
  1  it doesn't: scenarios failed
  2  the command line cannot be understood
  3  the suite or the machine is broken, so nothing is said of the validator
  4  not every scenario ran
"""


def run() -> None:
    """The process's entry."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Carry out a command line; the answer is the exit status."""
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    from ec_acceptance.conformance.runner import Run
    from ec_acceptance.conformance.runner import run as carry_out
    from ec_acceptance.testbed.registry.errors import UnavailableError
    from ec_acceptance.testbed.validator import Validator, ValidatorNotFoundError

    started = time.monotonic()
    try:
        validator = Validator(given.validator)
        suite = Suite.find()
        selection = [*given.paths, *(word for tags in given.tags for word in ("--tags", tags))]
        scenarios = suite.scenarios(selection)
        options = {"validator": given.validator, "timeout": str(given.timeout)}
        options["artifacts"] = str(given.artifacts.absolute())
        wanted = Run(
            suite=suite,
            scenarios=scenarios,
            options={name: value for name, value in options.items() if value},
            registry=given.registry,
            jobs=max(1, given.jobs),
            whole=not selection,
            registry_image=given.registry_image,
        )
        _tell(f"validator: {' '.join(validator.command)}")
        outcome = carry_out(wanted, _tell, _show)
    except (SuiteError, UnavailableError, ValidatorNotFoundError, ValueError) as error:
        _tell(f"Error: {error}")
        return Exit.BROKEN
    for scenario in outcome.missing:
        _tell(f"didn't run: {scenario.location} {scenario.name}")
    for problem in outcome.problems:
        _tell(f"problem: {problem}")
    try:
        if given.report is not None:
            outcome.write_json(
                given.report,
                validator=given.validator or "ec-ref",
                version=validator.version(),
                registry=given.registry,
            )
        if given.junit is not None:
            given.junit.parent.mkdir(parents=True, exist_ok=True)
            outcome.write_junit(given.junit)
    except OSError as error:
        _tell(f"Error: the report cannot be written: {error}")
        return Exit.BROKEN
    if any(result.status not in {"passed", "skipped"} for result in outcome.results):
        _tell(f"what the scenarios saw that didn't pass is kept in {options['artifacts']}")
    _tell(f"{outcome.summary}, in {time.monotonic() - started:.1f} s")
    return outcome.exit


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ec-conformance",
        description="Hold a validator of container images against the contract.",
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", metavar="features/…", help="features or folders; all by default")
    parser.add_argument("--validator", default="", help="command line of the validator; ec-ref by default")
    parser.add_argument("--registry", default="auto", help="auto, container, embedded, or a URL (auto)")
    parser.add_argument("--registry-image", default="registry:2", help="of the container (registry:2)")
    parser.add_argument("--tags", action="append", default=[], help="only scenarios with these tags, as behave has it")
    jobs = 2 * (os.cpu_count() or 1)
    parser.add_argument("--jobs", type=int, default=jobs, help=f"scenarios at the same time ({jobs}: two a core)")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one run of the validator (60)")
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder for what failures leave")
    parser.add_argument("--report", type=Path, help="write the results as JSON to this file")
    parser.add_argument("--junit", type=Path, help="write the results as JUnit XML to this file")
    return parser


def _show(result: ScenarioResult) -> None:
    identity = next((tag for tag in result.tags if "." in tag), next(iter(result.tags), ""))
    _tell(f"{result.status:>6}  @{identity}  {result.name}  ({result.seconds:.1f} s)")
    if result.status != "passed":
        _tell(f"        {result.step}\n" + "\n".join(f"        {line}" for line in result.message.splitlines()))


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
