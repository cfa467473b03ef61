"""``ec-conformance replay``: runs what a failed scenario ran, on what it was served; is it the same?"""

from __future__ import annotations

import difflib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.errors import Exit, UsageError
from ec_acceptance.conformance.options import adapter_of, seconds_of
from ec_acceptance.conformance.puller.applicable import command_of
from ec_acceptance.conformance.terminal import print_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ec_acceptance.conformance.replay import Replay, Seen
    from ec_acceptance.testbed.repro.archive import Bundle

__all__ = ["add_arguments", "main"]

_SHOWN = 40  # lines of a stream or a difference
_STATUSES = """A scenario that failed makes a bundle: artifacts/<scenario id>/repro.tar.gz. What it holds is
checked, and the program that runs is ec-ref, the adapter's or the one after --, never one that the bundle names.

exit statuses:
  0  all is as it was: exit statuses, streams and requests
  1  something differs
  2  the command line or the bundle cannot be used, or there is no such validator or adapter
  3  the machine is at fault
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.epilog = _STATUSES
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the archive")
    parser.add_argument(
        "--adapter", metavar="FILE|NAME", help="how a validator with a command line of its own is started, as of run"
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="the bundle is yours: it may name files anywhere, set any variable, and choose the validator",
    )
    parser.add_argument("--timeout", type=seconds_of, default=60.0, help="seconds for one run of the validator (60)")


def main(given: argparse.Namespace) -> int:
    """Carry it out; the answer is the exit status.

    Raises:
        ConformanceError: nothing could be run.
    """
    from ec_acceptance.conformance.replay import replay
    from ec_acceptance.testbed.repro.archive import read_bundle
    from ec_acceptance.testbed.repro.document import BundleError
    from ec_acceptance.testbed.validator.process import Validator, ValidatorNotFoundError

    adapter = adapter_of(given.adapter)
    try:
        bundle = read_bundle(given.bundle)
        command = given.rest or list(command_of(adapter))
        if not command:
            command = _read_record(bundle, given.bundle, trusted=given.trust)
        validator = Validator(shlex.join(command), adapter)
        _print_scenario(bundle)
        print_line(f"validator now: {shlex.join(validator.command)}")
        same = True
        for number, one in enumerate(replay(bundle, validator, trusted=given.trust, timeout=given.timeout), 1):
            same &= _print_replay(one, number)
    except BundleError as error:
        raise UsageError(f"{given.bundle}: {error}") from None
    except ValidatorNotFoundError as error:
        raise UsageError(str(error)) from error
    print_line("")
    print_line("it is the same" if same else "it differs")
    return Exit.CONFORMANT if same else Exit.NOT_CONFORMANT


def _read_record(bundle: Bundle, path: Path, *, trusted: bool) -> list[str]:
    """The validator of then, if it may be run.

    Raises:
        UsageError: nobody has said so.
    """
    validator = bundle.document["validator"]
    if validator["default"].flag():
        return []
    command = validator["command"].texts()
    if not trusted:
        raise UsageError(
            f"the validator was {shlex.join(command)[:400]}; a bundle chooses no program: to run this one, write "
            f"ec-conformance replay {path} -- {shlex.join(command)[:400]}"
        )
    return command


def _print_scenario(bundle: Bundle) -> None:
    scenario = bundle.document["scenario"]
    validator = bundle.document["validator"]
    print_line(f"scenario: @{scenario['id'].text()}  {scenario['name'].text()}  ({scenario['location'].text()})")
    if step := scenario["step"].text():
        print_line(f"it failed at: {step}")
    print_line(f"seen by: {bundle.document['suite'].text()}, Python {bundle.document['python'].text()}")
    print_line(f"validator then: {shlex.join(validator['command'].texts())} ({validator['version'].text()})")
    for line in bundle.document["left_out"].texts()[:_SHOWN]:
        print_line(f"not in the bundle: {line}")


def _print_replay(one: Replay, number: int) -> bool:
    from ec_acceptance.conformance.replay import list_differences

    same = True
    for place, (then, now) in enumerate(zip(one.then, one.now, strict=True), 1):
        print_line(f"\nrun {number}{f'.{place}' if len(one.then) > 1 else ''}: {shlex.join(then.invocation.command)}")
        differences = {difference.what: difference for difference in list_differences(then, now)}
        same &= not differences
        for what in ("exit status", "standard output", "standard error"):
            if what in differences:
                print_line(f"  {what} differs")
                _print_lines(differences[what].lines)
            else:
                _print_same(what, now)
    if one.held:
        print_line(
            f"  ended early: it waits for {one.held}, which the scenario held; then it failed before it would have let "
            "it go, so there is nothing to replay from here on"
        )
    asked = one.asked_then == one.asked_now
    counts = f"{one.asked_then.total()} then, {one.asked_now.total()} now"
    print_line(f"  requests {'are the same' if asked else 'differ'}: {counts}")
    if not asked:
        lines = [sorted(counter.elements()) for counter in (one.asked_then, one.asked_now)]
        _print_lines(list(difflib.unified_diff(lines[0], lines[1], "then", "now", lineterm="", n=1)))
    return same and asked


def _print_same(what: str, now: Seen) -> None:
    if what == "exit status":
        print_line(f"  {what} is the same: {now.invocation.status}")
        return
    lines = now.lines("stdout" if what == "standard output" else "stderr")
    print_line(f"  {what} is the same{'' if lines else ': nothing'}")
    _print_lines(lines)


def _print_lines(lines: Sequence[str]) -> None:
    for line in lines[:_SHOWN]:
        print_line(f"    {line}")
    if len(lines) > _SHOWN:
        print_line(f"    … and {len(lines) - _SHOWN} lines more")
