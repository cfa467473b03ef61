"""``ec-conformance run``: holds a validator against the contract, and says what came of it."""

from __future__ import annotations

import argparse
import random
import shlex
import signal
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.attestation import Signing, digest_program
from ec_acceptance.conformance.conclusion import STATUSES, add_report_options, check_reports, conclude
from ec_acceptance.conformance.errors import BrokenError, Exit, UsageError
from ec_acceptance.conformance.expected import read_expected
from ec_acceptance.conformance.options import adapter_of, add_jobs, count_of, seconds_of
from ec_acceptance.conformance.outcome import About, Outcome, ScenarioResult, Shard, combine
from ec_acceptance.conformance.preflight import Preflight, ask_version, find_happy_path, look_at
from ec_acceptance.conformance.puller.applicable import WITH_CACHE, WITHOUT_CACHE, command_of, why_not_applicable
from ec_acceptance.conformance.puller.template import Template, TemplateError
from ec_acceptance.conformance.suite import Suite, digest_of, take_shard
from ec_acceptance.conformance.terminal import leave_terminal, print_line, watching
from ec_acceptance.testbed.validator.process import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from ec_acceptance.conformance.expected import ExpectedFailure
    from ec_acceptance.conformance.runner import Run
    from ec_acceptance.conformance.suite import Scenario
    from ec_acceptance.testbed.validator.adapter import Adapter

__all__ = ["add_arguments", "main"]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a command line comes to, before anything is started."""

    suite: Suite
    adapter: Adapter
    claims: frozenset[str]
    scenarios: Sequence[Scenario]
    chosen: Sequence[Scenario]
    expected: Mapping[str, ExpectedFailure]
    shard: Shard | None = None

    @property
    def wanted(self) -> list[Scenario]:
        """Those of the chosen ones that are about what is claimed."""
        return [one for one in self.chosen if not self._why_not(one)]

    @property
    def not_applicable(self) -> tuple[ScenarioResult, ...]:
        """Results for the others."""
        return tuple(
            ScenarioResult.without_run(one, "not-applicable", why) for one in self.chosen if (why := self._why_not(one))
        )

    def _why_not(self, scenario: Scenario) -> str:
        """Why a scenario isn't about this validator; empty if it is."""
        if self.adapter.puller and (why := why_not_applicable(scenario.location, scenario.tags)):
            return why
        if scenario.applies(self.claims):
            return ""
        return f"{scenario.refused} is claimed" if scenario.refused else f"{scenario.place.profile} isn't claimed"


def main(given: argparse.Namespace) -> int:
    """Carry it out; the answer is the exit status.

    Raises:
        ConformanceError: nothing could be run.
    """
    from ec_acceptance.testbed.registry.errors import UnavailableError, UnreachableError
    from ec_acceptance.testbed.validator.process import ValidatorNotFoundError

    check_reports(given)
    if given.rest and given.validator:
        raise UsageError("--validator and -- both name a validator")
    given.validator = given.validator or shlex.join(given.rest)
    plan = _plan(given)
    if given.list:
        for scenario in plan.chosen:
            print_line(f"@{scenario.id}  {scenario.name}  ({scenario.location})")
        return 0
    try:
        return _carry_out(given, plan)
    except ValueError as error:
        raise UsageError(str(error)) from error
    except UnavailableError as error:
        if given.skip_unavailable:
            print_line(f"nothing ran: {error}")
            return Exit.CONFORMANT
        if isinstance(error, UnreachableError):  # it was named wrongly, and this machine is fine
            raise UsageError(f"--registry: {error}") from error
        raise BrokenError(str(error)) from error
    except ValidatorNotFoundError as error:
        raise UsageError(str(error)) from error


def _plan(given: argparse.Namespace) -> _Plan:
    from ec_acceptance.testbed.validator.adapter import Adapter

    adapter = adapter_of(given.adapter)
    if given.puller:
        if given.adapter or given.validator:
            raise UsageError("--puller names what is tested: leave out --adapter, --validator and --")
        adapter = Adapter.of_puller(given.puller)
    suite = Suite.at(given.suite) if given.suite is not None else Suite.installed()
    scenarios = suite.scenarios()
    chosen = suite.select(scenarios, given.paths, given.tags, given.only)
    if given.seed is not None:
        random.Random(given.seed).shuffle(chosen)  # noqa: S311  # an order, no secret
    shard = None
    if given.shard is not None:
        number, count = given.shard
        shard = Shard(number, count, len(chosen), digest_of(one.location for one in chosen))
        chosen = take_shard(chosen, number, count)
    profiles = suite.profiles()
    claims = profiles.claimed(given.claims, adapter)
    if adapter.puller:
        claims = _puller_claims(adapter, claims, given)
        given.validator = shlex.join(command_of(adapter, claims))
    expected: Mapping[str, ExpectedFailure] = {}
    file = given.expected_failures or adapter.expected_failures
    if file is not None:
        expected = read_expected(file, {scenario.id for scenario in scenarios}, datetime.now(UTC).date())
    return _Plan(suite, adapter, claims, scenarios, chosen, expected, shard)


def _puller_claims(adapter: Adapter, claims: frozenset[str], given: argparse.Namespace) -> frozenset[str]:
    """What a tool that only fetches is held to: what is claimed for it, else what its template lets one ask."""
    try:
        template = Template.parse(adapter.puller)
    except TemplateError as error:
        raise UsageError(f"{adapter.source or '--puller'}: {error}") from None
    if given.validator:
        raise UsageError(f"{adapter.source} names a tool that fetches images: leave out --validator and --")
    if given.claims is not None or adapter.claims is not None:
        return claims
    return frozenset(WITH_CACHE if template.uses("cache") else WITHOUT_CACHE)


def _carry_out(given: argparse.Namespace, plan: _Plan) -> int:
    from ec_acceptance.conformance.runner import Run, ending
    from ec_acceptance.testbed.validator.process import Validator

    started = time.monotonic()
    suite, wanted = plan.suite, plan.wanted
    name = f"{suite.name} {suite.version}"
    print_line(f"suite: {name}, {_counts(plan)}")
    names = suite.profiles().names
    if names.keys() != plan.claims:
        print_line(f"claims: {', '.join(one for one in names if one in plan.claims)}")
    if given.seed is not None:
        print_line(f"order: --seed {given.seed}")
    validator = Validator(given.validator, plan.adapter)
    shown = shlex.join(validator.command)
    if given.dry_run:
        print_line(f"validator: {shown}")
        for scenario in wanted:
            print_line(f"@{scenario.id}  {scenario.name}  ({scenario.location})")
        print_line("nothing was run (--dry-run)")
        return Exit.CONFORMANT
    tool = Template.parse(plan.adapter.puller).words[0] if plan.adapter.puller else validator.command[0]
    program = digest_program(tool)
    signing = None
    if given.attest is not None:
        signing = Signing.read(given.attest_subject, Path(tool).name, program, given.attest_key)
    preflight, interrupted = Preflight(UNKNOWN), ""
    try:
        with ending(_interrupt):
            preflight = look_at(validator) if given.check else Preflight(ask_version(validator))
    except _InterruptedError as error:
        interrupted = str(error)
    print_line(f"validator: {shown} ({preflight.version})")
    for problem in preflight.problems:
        print_line(f"check: {problem}")
    options = {
        "validator": shown if given.validator else "",  # behave runs elsewhere: its path must be whole
        "adapter": str(plan.adapter.source.absolute()) if plan.adapter.source else "",
        "claims": ",".join(sorted(plan.claims)),
        "timeout": str(given.timeout),
        "artifacts": str(given.artifacts.absolute()),
        "version": preflight.version,
        "keep": "failed" if given.keep else "none",
    }
    run = Run(
        suite=suite,
        scenarios=wanted,
        about=About(
            suite=name,
            scenarios=len(plan.scenarios),
            selected=len(plan.chosen),
            validator=given.validator or shown,
            version=preflight.version,
            registry=given.registry,
            profiles=names,
            claims=plan.claims,
            strict=given.strict,
            adapter=given.adapter or "",
            program=program,
            expected=tuple(sorted(plan.expected)),
            shard=plan.shard,
            began=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        ),
        options={name: value for name, value in options.items() if value},
        registry=given.registry,
        jobs=given.jobs,
        failures=given.fail_fast,
        expected=plan.expected,
        registry_image=given.registry_image,
        not_applicable=plan.not_applicable,
        happy_path=find_happy_path([one for one in plan.scenarios if one.applies(plan.claims)])
        if given.check
        else None,
        silent=preflight.hung,
    )
    signals: list[str] = []
    with ending(lambda number, _: _postpone(number, signals)):
        if interrupted:
            outcome = Outcome(run.about, run.not_applicable, tuple(wanted), interrupted=interrupted)
        else:
            outcome = _run(run, given.repeat, {one.location: one for one in plan.scenarios}, signals)
        folders = [given.artifacts.absolute()] if given.keep else []
        how = f"in {time.monotonic() - started:.1f} s"
        return conclude(given, replace(outcome, check=preflight.problems), folders, how, signing)


def _run(run: Run, repeat: int, scenarios: Mapping[str, Scenario], signals: Sequence[str]) -> Outcome:
    """What all turns come to, until one of them, or a signal between two, ends it."""
    from ec_acceptance.conformance.runner import run as carry_out

    outcomes = []
    for turn in range(1, repeat + 1):
        if repeat > 1:
            print_line(f"run {turn} of {repeat}")
        with watching(len(run.scenarios), scenarios) as watcher:
            outcomes.append(carry_out(run, watcher))
        run = replace(run, happy_path=None)
        if signals and turn < repeat:
            outcomes[-1] = replace(outcomes[-1], interrupted=signals[0])
        if outcomes[-1].interrupted or outcomes[-1].hung:
            break
    return combine(outcomes)


class _InterruptedError(Exception):
    """A signal came; its name is the text."""


def _interrupt(number: int, _: FrameType | None) -> None:
    if number == getattr(signal, "SIGHUP", None):
        leave_terminal()
    raise _InterruptedError(signal.Signals(number).name)


def _postpone(number: int, before: list[str]) -> None:
    """Let the reports be written, which takes a moment: only a second signal ends that."""
    if number == getattr(signal, "SIGHUP", None):
        leave_terminal()
    elif before:
        raise KeyboardInterrupt
    before.append(signal.Signals(number).name)


def _counts(plan: _Plan) -> str:
    parts = [f"{len(plan.scenarios)} scenarios"]
    if len(plan.chosen) != len(plan.scenarios):
        parts.append(f"{len(plan.chosen)} of them selected")
    if beside := len(plan.chosen) - len(plan.wanted):
        parts.append(f"{beside} of them not applicable")
    return ", ".join(parts)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``run``."""
    parser.epilog = STATUSES
    parser.add_argument("paths", nargs="*", metavar="features/…", help="features or folders; all by default")
    parser.add_argument("--validator", default="", help="command line of the validator as one text; ec-ref by default")
    parser.add_argument(
        "--adapter",
        metavar="FILE|NAME",
        help="how a validator with a command line of its own is started; ec, ec-ref, crane, oras, skopeo",
    )
    parser.add_argument(
        "--puller",
        default="",
        metavar="TEMPLATE",
        help="a tool that only fetches images, such as 'crane pull --cache_path {cache} {ref} {destination}'",
    )
    parser.add_argument(
        "--claims",
        metavar="PROFILE,…",
        help="the profiles that it claims, or all; by default those of the adapter, or all but optional ones",
    )
    parser.add_argument("--suite", type=Path, help="folder of another suite; the installed one by default")
    parser.add_argument("--registry", default="auto", help="auto, container, embedded, or a URL (auto)")
    parser.add_argument("--registry-image", default="registry:2", help="of the container (registry:2)")
    parser.add_argument(
        "--skip-unavailable", action="store_true", help="exit with 0 when the registry that is asked for can't be had"
    )
    parser.add_argument("--tags", action="append", default=[], help="only scenarios with these tags, as behave has it")
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="only this scenario, or all of this point"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="run them in another order, always the same for one N")
    parser.add_argument("--dry-run", action="store_true", help="say what would run, with which validator; run nothing")
    parser.add_argument("--list", action="store_true", help="list the scenarios, and run none")
    add_jobs(parser)
    parser.add_argument("--timeout", type=seconds_of, default=60.0, help="seconds for one run of the validator (60)")
    parser.add_argument("--shard", type=_shard, metavar="I/N", help="only the I-th of N parts of what is selected")
    parser.add_argument(
        "--repeat", type=count_of, default=1, metavar="N", help="run all N times: what differs is flaky"
    )
    parser.add_argument("--fail-fast", type=count_of, metavar="N", help="run no more after N scenarios that failed")
    parser.add_argument(
        "--expected-failures", type=Path, metavar="FILE", help="failures that are known, in TOML (docs/conformance.md)"
    )
    parser.add_argument(
        "--no-check", dest="check", action="store_false", help="don't try the happy path before all else"
    )
    parser.add_argument("--strict", action="store_true", help="a failed recommendation (should) counts as a failure")
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder for what failures leave")
    parser.add_argument(
        "--no-artifacts", dest="keep", action="store_false", help="keep nothing of what failed scenarios saw"
    )
    add_report_options(parser)


def _shard(text: str) -> tuple[int, int]:
    first, _, count = text.partition("/")
    if not (all(part.isascii() and part.isdigit() for part in (first, count)) and 1 <= int(first) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is no part, such as 1/3")
    return int(first), int(count)
