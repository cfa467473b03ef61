"""How `run` and `merge` end: what came of it in lines, the reports that were asked for, and the exit status."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.errors import BrokenError, Exit, UsageError
from ec_acceptance.conformance.outcome import replace_file
from ec_acceptance.conformance.page import badge, page
from ec_acceptance.conformance.report import write_report
from ec_acceptance.conformance.terminal import print_failures, print_line, print_profiles

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from ec_acceptance.conformance.attestation import Signing
    from ec_acceptance.conformance.outcome import Outcome

__all__ = ["STATUSES", "add_report_options", "check_reports", "conclude", "why_unwritable"]

_REPORTS = ("report", "junit", "html", "badge", "attest")

STATUSES = """exit statuses:
  0  the validator conforms: every scenario of what it claims passed
     (or it fails where --expected-failures says so, and nowhere else)
  1  it doesn't: scenarios failed
  2  the command line cannot be understood, or what it names can't be had: an adapter, a validator, a file, a registry
  3  the suite or the machine is broken, so nothing is said of the validator
  4  what ran passed, but not every scenario did run: a part was selected, some were undecided, or nothing shows a claim
     (0 with --accept-partial)
  5  the run was interrupted; the reports tell what ran until then
"""


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """The options for reports and for what a part of the suite comes to."""
    parser.add_argument("--accept-partial", action="store_true", help="exit with 0 when what ran passed")
    parser.add_argument("--report", type=Path, help="write the results as JSON to this file")
    parser.add_argument("--junit", type=Path, help="write the results as JUnit XML to this file")
    parser.add_argument("--html", type=Path, help="write the results as one page of HTML to this file")
    parser.add_argument("--badge", type=Path, help="write a badge (SVG) to this file")
    parser.add_argument(
        "--attest", type=Path, metavar="FILE", help="write the result as an in-toto attestation (docs/attestation.md)"
    )
    parser.add_argument("--attest-key", type=Path, metavar="KEY", help="private key that signs it, in PEM")
    parser.add_argument(
        "--attest-subject", default="", metavar="NAME@DIGEST", help="what it is about; by default the program"
    )


def check_reports(given: argparse.Namespace) -> None:
    """Refuse, before anything runs, reports that can't be written, and options of an attestation that nobody wants.

    Raises:
        UsageError: there are such.
    """
    options: dict[Path, str] = {}
    for name in _REPORTS:
        path: Path | None = getattr(given, name)
        if path is None:
            continue
        if why := why_unwritable(path):
            raise UsageError(f"--{name} {path}: {why}")
        if other := options.get(path.absolute()):
            raise UsageError(f"--{name} {path}: --{other} is to be written there, too")
        if not path.is_relative_to("/dev"):
            options[path.absolute()] = name
    if given.attest is None and (given.attest_key is not None or given.attest_subject):
        raise UsageError("--attest-key and --attest-subject are of --attest FILE")


def conclude(
    given: argparse.Namespace, outcome: Outcome, artifacts: Sequence[Path], how: str, signing: Signing | None
) -> int:
    """Say what came of it and write the reports; the answer is the exit status.

    Args:
        given: the options of `add_report_options`.
        outcome: of the run.
        artifacts: folders with what scenarios saw that didn't pass.
        how: stands behind the counts, such as ``in 12.3 s``.
        signing: who attests it, if anybody does.

    Raises:
        BrokenError: a report can't be written; all others are, and what came of it is said.
    """
    print_failures(outcome, artifacts)
    writers: dict[str, Callable[[Path], None]] = {
        "report": lambda path: write_report(outcome, path),
        "junit": outcome.write_junit,
        "html": lambda path: replace_file(path, page(outcome, artifacts)),
        "badge": lambda path: replace_file(path, badge(outcome)),
        "attest": lambda path: _attest(path, outcome, signing),
    }
    problems = []
    for name in _REPORTS:
        path: Path | None = getattr(given, name)
        if path is not None:
            try:
                writers[name](path)
            except OSError as error:
                problems.append(f"--{name} {path}: {error.strerror}")
    print_profiles(outcome)
    print_line(f"{outcome.summary}, {how}")
    if outcome.cpu is not None:
        print_line(str(outcome.cpu))
    print_line(f"{outcome.meaning} ({outcome.about.suite})")
    if problems:
        raise BrokenError(f"a report can't be written: {'; '.join(problems)}")
    if outcome.exit is Exit.AS_EXPECTED or (outcome.exit is Exit.INCOMPLETE and given.accept_partial):
        return Exit.CONFORMANT
    return outcome.exit


def why_unwritable(path: Path) -> str:
    """Why no report can be written there; empty if one can, as far as is seen before."""
    if path.is_dir():
        return "it is a folder"
    folder = next(one for one in path.absolute().parents if one.exists())
    if not folder.is_dir():
        return f"{folder} is no folder"
    if not os.access(path if path.is_relative_to("/dev") else folder, os.W_OK):
        return f"{folder} can't be written"
    return ""


def _attest(path: Path, outcome: Outcome, signing: Signing | None) -> None:
    content = None if signing is None else signing.attest(outcome)
    if content is None:
        print_line(f"nothing is attested in {path}: the run says nothing of the validator")
    else:
        replace_file(path, content)
