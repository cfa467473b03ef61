"""``ec-conformance compare``: the same scenarios on two validators, and what differs between what they do."""

from __future__ import annotations

import itertools
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.conclusion import why_unwritable
from ec_acceptance.conformance.errors import BrokenError, Exit, UsageError
from ec_acceptance.conformance.options import adapter_of, add_jobs, seconds_of
from ec_acceptance.conformance.outcome import About, Outcome, replace_file
from ec_acceptance.conformance.preflight import ask_version
from ec_acceptance.conformance.puller.applicable import command_of, why_not_applicable
from ec_acceptance.conformance.suite import Suite
from ec_acceptance.conformance.terminal import print_line, watching
from ec_acceptance.testbed.trees import temporary_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ec_acceptance.conformance.comparison import Pair
    from ec_acceptance.conformance.suite import Scenario
    from ec_acceptance.testbed.validator.adapter import Adapter
    from ec_acceptance.testbed.validator.process import Validator

__all__ = ["add_arguments", "main"]

_SHOWN = 12  # lines of one difference
_STATUSES = """A difference is one of verdict, code, message, order, requests. What the scenarios demand counts
for nothing here: `run` says that.

exit statuses:
  0  they do the same in all scenarios
  1  they differ
  2  the command line cannot be understood, or there is no such validator or adapter
  3  the suite or the machine is at fault, or a scenario showed nothing of one of them
  5  interrupted
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.epilog = _STATUSES
    parser.usage = (
        "%(prog)s compare [option …] [features/… …] -- validator … -- other validator …\n"
        "       %(prog)s compare --adapter ec --other-adapter ec-ref [option …] [features/… …]"
    )
    parser.add_argument("paths", nargs="*", metavar="features/…", help="features or folders; all by default")
    parser.add_argument("--adapter", metavar="FILE|NAME", help="how the first validator is started, as of run")
    parser.add_argument("--other-adapter", metavar="FILE|NAME", help="how the other one is started")
    parser.add_argument(
        "--claims",
        metavar="PROFILE,…",
        help="only scenarios for validators that claim these profiles; those that both adapters claim, by default",
    )
    parser.add_argument("--suite", type=Path, help="folder of another suite; the installed one by default")
    parser.add_argument("--tags", action="append", default=[], help="only scenarios with these tags, as behave has it")
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="only this scenario, or all of this point"
    )
    parser.add_argument("--registry", default="embedded", help="auto, container, embedded, or a URL (embedded)")
    add_jobs(parser)
    parser.add_argument("--timeout", type=seconds_of, default=60.0, help="seconds for one run of a validator (60)")
    parser.add_argument("--html", type=Path, help="write the differences as one page of HTML to this file")


def main(given: argparse.Namespace) -> int:
    """Carry it out; the answer is the exit status.

    Raises:
        ConformanceError: nothing could be run.
    """
    from ec_acceptance.conformance.comparison import Pair, compare, read_side
    from ec_acceptance.conformance.comparison_page import comparison_page

    if given.html is not None and (why := why_unwritable(given.html)):
        raise UsageError(f"--html {given.html}: {why}")
    adapters = (adapter_of(given.adapter), adapter_of(given.other_adapter, "--other-adapter"))
    validators = _validators(given.rest, adapters)
    suite = Suite.at(given.suite) if given.suite is not None else Suite.installed()
    profiles = suite.profiles()
    claims = frozenset.intersection(*(profiles.claimed(given.claims, adapter) for adapter in adapters))
    chosen = [
        one
        for one in suite.select(suite.scenarios(), given.paths, given.tags, given.only)
        if one.applies(claims) and not _fetches_only(one, adapters)
    ]
    if not chosen:
        raise UsageError("none of the scenarios that are selected is about what both validators claim")
    print_line(f"suite: {suite.name} {suite.version}, {len(chosen)} scenarios on two validators")
    with temporary_folder("ec-acceptance-compare-") as scratch:
        folders = [scratch / "one", scratch / "other"]
        outcomes = []
        for validator, folder in zip(validators, folders, strict=True):
            print_line(f"\nvalidator: {shlex.join(validator.command)}")
            outcomes.append(_run(given, suite, chosen, validator, folder, claims))
            if outcomes[-1].interrupted:
                print_line(f"Error: {outcomes[-1].meaning}")
                return Exit.INTERRUPTED
        pairs = []
        results = [{result.location: result for result in outcome.results} for outcome in outcomes]
        for scenario in chosen:
            both = [found.get(scenario.location) for found in results]
            sides = [
                read_side(folder / one.evidence) if one is not None and one.evidence else None
                for one, folder in zip(both, folders, strict=True)
            ]
            statuses = tuple(one.status if one is not None else "didn't run" for one in both)
            left, right = sides
            found = None if left is None or right is None else tuple(compare(left, right))
            pairs.append(Pair(scenario.id, scenario.name, (statuses[0], statuses[1]), found))
    _print_pairs(pairs)
    if given.html is not None:
        try:
            replace_file(given.html, comparison_page(pairs, [shlex.join(one.command) for one in validators]))
        except OSError as error:
            raise BrokenError(f"the page cannot be written: {error}") from error
    return _conclude(pairs)


def _validators(rest: Sequence[str], adapters: Sequence[Adapter]) -> list[Validator]:
    """Both of them. A command line takes the place of an adapter's own; one alone is that of whom no adapter names.

    Raises:
        UsageError: it isn't clear which two are meant, or one can't be had.
    """
    from ec_acceptance.testbed.validator.process import Validator, ValidatorNotFoundError

    commands = [list(words) for last, words in itertools.groupby(rest, "--".__eq__) if not last]
    unnamed = [number for number, adapter in enumerate(adapters) if not adapter.command]
    places = unnamed if len(commands) == len(unnamed) else [0, 1]
    dashes = list(rest).count("--")
    if len(commands) != len(places) or dashes != max(0, len(commands) - 1):
        raise UsageError("name two validators: ec-conformance compare -- validator … -- other validator …")
    given = dict(zip(places, commands, strict=True))
    try:
        return [
            Validator(shlex.join(given.get(number) or command_of(adapter)), adapter)
            for number, adapter in enumerate(adapters)
        ]
    except ValidatorNotFoundError as error:
        raise UsageError(str(error)) from error


def _fetches_only(scenario: Scenario, adapters: Sequence[Adapter]) -> bool:
    """Whether one of them is a tool of which the scenario can't be asked."""
    pullers = any(adapter.puller for adapter in adapters)
    return pullers and bool(why_not_applicable(scenario.location, scenario.tags))


def _run(
    given: argparse.Namespace,
    suite: Suite,
    chosen: Sequence[Scenario],
    validator: Validator,
    folder: Path,
    claims: frozenset[str],
) -> Outcome:
    from ec_acceptance.conformance.runner import Run, run
    from ec_acceptance.testbed.registry.errors import UnavailableError, UnreachableError
    from ec_acceptance.testbed.validator.process import ValidatorNotFoundError

    command = shlex.join(validator.command)
    try:
        version = ask_version(validator)
        options = {
            "validator": command,
            "adapter": str(validator.adapter.source.absolute()) if validator.adapter.source else "",
            "claims": ",".join(sorted(claims)),
            "timeout": str(given.timeout),
            "artifacts": str(folder),
            "keep": "all",
            "version": version,
        }
        options = {name: value for name, value in options.items() if value}
        about = About(suite.name, len(chosen), len(chosen), command, version, given.registry)
        with watching(len(chosen), {one.location: one for one in chosen}) as watcher:
            return run(Run(suite, chosen, about, options, given.registry, given.jobs), watcher)
    except ValueError as error:
        raise UsageError(str(error)) from error
    except ValidatorNotFoundError as error:
        raise UsageError(str(error)) from error
    except UnreachableError as error:
        raise UsageError(f"--registry: {error}") from error
    except UnavailableError as error:
        raise BrokenError(str(error)) from error


def _print_pairs(pairs: Sequence[Pair]) -> None:
    print_line("")
    for pair in pairs:
        if pair.differences is None:
            print_line(f"@{pair.id}  {pair.name}: nothing to compare ({', '.join(pair.statuses)})")
        elif pair.differences:
            print_line(f"@{pair.id}  {pair.name}  ({', '.join(pair.statuses)})")
            for difference in pair.differences:
                print_line(f"  {difference.kind}: {difference.place}")
                for line in difference.lines[:_SHOWN]:
                    print_line(f"    {line}")
                if len(difference.lines) > _SHOWN:
                    print_line(f"    … and {len(difference.lines) - _SHOWN} lines more")


def _conclude(pairs: Sequence[Pair]) -> int:
    from ec_acceptance.conformance.comparison import KINDS

    kinds = Counter(kind for pair in pairs for kind in {one.kind for one in pair.differences or ()})
    same = sum(pair.differences == () for pair in pairs)
    lost = sum(pair.differences is None for pair in pairs)
    parts = [f"{kinds[kind]} in {kind}" for kind in KINDS if kinds[kind]]
    print_line(f"{len(pairs)} scenarios: {same} the same, {len(pairs) - same - lost} differ, {lost} not compared")
    if parts:
        print_line(f"they differ {', '.join(parts)}")
    if lost:
        return Exit.BROKEN
    return Exit.NOT_CONFORMANT if same < len(pairs) else Exit.CONFORMANT
