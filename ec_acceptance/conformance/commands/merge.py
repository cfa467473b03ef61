"""``ec-conformance merge``: the reports of a run's shards as those of one run."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.attestation import Signing
from ec_acceptance.conformance.conclusion import STATUSES, add_report_options, check_reports, conclude
from ec_acceptance.conformance.errors import UsageError
from ec_acceptance.conformance.merging import merge
from ec_acceptance.conformance.report import read_report
from ec_acceptance.conformance.terminal import print_line

if TYPE_CHECKING:
    import argparse

    from ec_acceptance.conformance.outcome import Outcome

__all__ = ["add_arguments", "main"]

_ARTIFACTS = "artifacts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.epilog = f"Each REPORT is the JSON report of a run with --shard I/N: all N, each once.\n\n{STATUSES}"
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="JSON report of a shard (run --report)")
    parser.add_argument(
        "--artifacts",
        type=Path,
        action="append",
        metavar="FOLDER",
        help="folder with what failures left; repeatable; the folder artifacts beside each report by default",
    )
    add_report_options(parser)


def main(given: argparse.Namespace) -> int:
    """Carry it out; the answer is the exit status, that of the run if it hadn't been split.

    Raises:
        ConformanceError: the reports aren't those of one run.
    """
    check_reports(given)
    if len(set(given.reports)) < len(given.reports):
        twice = next(path for path in given.reports if given.reports.count(path) > 1)
        raise UsageError(f"{twice} is given twice")
    outcome = merge({str(path): read_report(path) for path in given.reports})
    about = outcome.about
    signing = _signing(given, outcome) if given.attest is not None else None
    print_line(
        f"suite: {about.suite}, {about.scenarios} scenarios, {about.selected} of them in {len(given.reports)} shards"
    )
    print_line(f"validator: {about.validator} ({about.version})")
    for line in outcome.check:
        print_line(f"check: {line}")
    folders = given.artifacts or [path.parent / _ARTIFACTS for path in given.reports]
    return conclude(given, outcome, [path.absolute() for path in folders], f"in {len(given.reports)} shards", signing)


def _signing(given: argparse.Namespace, outcome: Outcome) -> Signing:
    """About the program that the shards tested, which needn't be on this machine."""
    words = shlex.split(outcome.about.validator)
    name = Path(words[0]).name if words else ""
    return Signing.read(given.attest_subject, name, outcome.about.program, given.attest_key)
