"""``python -m mutants``: runs the scenarios against the mutants, prints the matrix and stores it."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.runner import handling
from mutants.catalogue import CONTROL, all_mutants
from mutants.junit import junit
from mutants.matrix import PLAIN, Matrix, plain
from mutants.page import page
from mutants.scenarios import ROOT, Scenario, all_scenarios, choose
from mutants.trial import Finding, Trial, TrialError, Trials, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["main", "part"]

_CHUNK = 16  # scenarios of one run of behave that isn't a mutant's first one
_TOGETHER = 2  # runs of behave for each processor: most of the time they wait
_INTERRUPTED = 130
_OF_CLUSTERS = 4  # times as long may a run take that makes a cluster of processes


def main(arguments: Sequence[str]) -> int:
    """Make the matrix; the answer is 0 only when it is complete both ways, 2 when it can't be made."""
    options = _parser().parse_args(arguments)
    scenarios, mutants = all_scenarios(), all_mutants()
    if options.list:
        for one in mutants.values():
            sys.stdout.write(f"{one.name:30} {one.fault} ({' '.join(one.scenarios)})\n")
        return 0
    if unknown := sorted(set(options.only) - mutants.keys()):
        sys.stderr.write(f"no such mutant: {', '.join(unknown)}\n")
        return 2
    if not hasattr(os, "fork"):
        sys.stderr.write("runs of behave are forked, which this system can't do; Linux and macOS can\n")
        return 2
    if options.part is not None:
        number, count = options.part
        options.only = [*mutants][number - 1 :: count]
        sys.stdout.write(f"part {number} of {count}: {' '.join(options.only)}\n")
    tried = {name: mutants[name] for name in options.only or mutants}
    matrix = Matrix(scenarios, tried, whole=options.full, every=not options.only)
    began = time.monotonic()
    with (  # both are a KeyboardInterrupt; a shell has what it starts with `&` ignore the first
        handling((signal.SIGINT, signal.SIGTERM), signal.default_int_handler),
        tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder,
    ):
        trials = Trials(Path(folder))
        try:
            if not _make(matrix, trials, options):
                return 2
        except KeyboardInterrupt:
            trials.end()
            sys.stderr.write("the matrix was ended by a signal, so nothing is stored\n")
            return _INTERRUPTED
    matrix.seconds = time.monotonic() - began
    _store(matrix, options.output)
    problems = matrix.problems()
    for problem in problems:
        sys.stdout.write(f"PROBLEM {problem}\n")
    killed = sum(matrix.verdict(name) == "killed" for name in tried)
    sys.stdout.write(f"{killed} of {len(tried)} mutants killed, {len(problems)} problems, {matrix.seconds:.0f} s; ")
    sys.stdout.write(f"see {options.output / 'matrix.html'}\n")
    return 1 if problems else 0


def _make(matrix: Matrix, trials: Trials, options: argparse.Namespace) -> bool:
    """Run everything; False if the suite doesn't run."""
    try:  # whether the suite works at all is seen once, not with each mutant
        if options.control is not None:
            matrix.control.update(read_record(options.control))
        missing = tuple(one for one in choose(matrix.scenarios, PLAIN) if one.id not in matrix.control)
        for _, found in trials.run([_trial(CONTROL, missing, options)] if missing else [], at_once=1):
            if isinstance(found, TrialError):
                raise found
            matrix.control.update(found)
    except TrialError as error:
        sys.stderr.write(f"the suite doesn't run, with the reference validator itself: {error}\n")
        return False
    _fill(matrix, trials, options)
    return True


def part(text: str, *, day: int) -> tuple[int, int]:
    """Which part of how many is meant by ``K/N``, or by ``today/N`` on the `day` of the year.

    Raises:
        ArgumentTypeError: none.
    """
    found = re.fullmatch(r"(today|\d+)/([1-9]\d*)", text)
    if found is not None:
        count = int(found[2])
        number = day % count + 1 if found[1] == "today" else int(found[1])
        if 1 <= number <= count:
            return number, count
    raise argparse.ArgumentTypeError(f"{text!r} is no part, such as 1/3 or today/3")


def _part(text: str) -> tuple[int, int]:
    return part(text, day=datetime.now(UTC).timetuple().tm_yday)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help="these mutants only")
    parser.add_argument(
        "--part",
        type=_part,
        metavar="K/N",
        help="every Nth mutant from the Kth on; K may be the word today, which is another part each day",
    )
    parser.add_argument("--list", action="store_true", help="list the mutants and do nothing else")
    parser.add_argument("--full", action="store_true", help="run every scenario of the cache with every mutant")
    parser.add_argument("--jobs", type=int, default=_TOGETHER * (os.cpu_count() or 1), help="runs at a time")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds that one run of a validator may take")
    parser.add_argument(
        "--control",
        type=Path,
        metavar="FILE",
        help="a report of ec-conformance, with the embedded registry: what the reference validator itself passes",
    )
    parser.add_argument("--output", type=Path, default=ROOT / "artifacts" / "mutants", help="folder for the results")
    return parser


def _trial(name: str, scenarios: Sequence[Scenario], options: argparse.Namespace) -> Trial:
    """Clusters take a while to be there."""
    of_clusters = any(one.feature.startswith("scale/dask") for one in scenarios)
    return Trial(name, tuple(scenarios), _OF_CLUSTERS * options.timeout if of_clusters else options.timeout)


def _fill(matrix: Matrix, trials: Trials, options: argparse.Namespace) -> None:
    """Run everything that is to be run."""
    cache = [one for one in matrix.scenarios.values() if one.of_cache]
    named = [tag for mutant in matrix.mutants.values() for tag in mutant.scenarios]
    judged = choose(matrix.scenarios, named)
    if matrix.every:
        judged = tuple(one for one in matrix.scenarios.values() if one in judged or one.of_cache)
    judged = tuple(one for one in judged if one.id not in matrix.control)
    wanted = [_trial(CONTROL, part, options) for part in _parts(judged)]
    wanted += [
        _trial(name, choose(matrix.scenarios, (*mutant.scenarios, *plain(mutant))), options)
        for name, mutant in matrix.mutants.items()
    ]
    wanted.sort(key=lambda trial: _expected_seconds(matrix, trial), reverse=True)  # so that none is alone at the end
    for trial, found in trials.run(wanted, at_once=options.jobs):
        _note(matrix, trial, found)
        if trial.name != CONTROL:
            sys.stdout.write(_line(matrix, trial.name))
            sys.stdout.flush()
    if matrix.whole:
        rest = [
            _trial(name, part, options)
            for name in matrix.mutants
            if matrix.verdict(name) != "broken"
            for part in _parts([one for one in cache if not matrix.status(name, one.id)])
        ]
        for trial, found in trials.run(rest, at_once=options.jobs):
            _note(matrix, trial, found)
    _again(matrix, trials, options)


def _expected_seconds(matrix: Matrix, trial: Trial) -> float:
    """How long a trial takes if its scenarios take what they do with the control; one that hangs waits for its end."""
    if trial.name == "hang":
        return trial.timeout * len(trial.scenarios)
    usual = Finding("", 1.0)
    return sum(matrix.control.get(one.id, usual).seconds for one in trial.scenarios)


def _note(matrix: Matrix, trial: Trial, found: dict[str, Finding] | TrialError) -> None:
    """Put what came of a trial into the matrix."""
    if trial.name != CONTROL:
        if isinstance(found, TrialError):
            matrix.failures[trial.name] = str(found)
        else:
            matrix.findings.setdefault(trial.name, {}).update(found)
    elif isinstance(found, TrialError):
        for one in trial.scenarios:
            matrix.control.setdefault(one.id, Finding("error", 0.0, str(found)[-200:]))
    else:
        matrix.control.update(found)


def _again(matrix: Matrix, trials: Trials, options: argparse.Namespace) -> None:
    """Try once more, with nothing beside it, what ended as an error: that says nothing, either way."""
    unsure = [_trial(CONTROL, found, options)] if (found := _errors(matrix, matrix.control)) else []
    for name, findings in matrix.findings.items():
        if found := _errors(matrix, findings):
            sys.stdout.write(f"again {name}: {' '.join(one.id for one in found)}\n")
            unsure.append(_trial(name, found, options))
    for trial, again in trials.run(unsure, at_once=1):
        _note(matrix, trial, again)


def _errors(matrix: Matrix, findings: Mapping[str, Finding]) -> tuple[Scenario, ...]:
    return tuple(matrix.scenarios[one] for one, finding in findings.items() if finding.status == "error")


def _parts(scenarios: Sequence[Scenario]) -> list[Sequence[Scenario]]:
    return [scenarios[start : start + _CHUNK] for start in range(0, len(scenarios), _CHUNK)]


def _line(matrix: Matrix, name: str) -> str:
    found = matrix.findings.get(name, {})
    failed = [one for one, finding in found.items() if finding.status == "failed"]
    seconds = sum(finding.seconds for finding in found.values())
    return (
        f"{matrix.verdict(name):9} {name:30} {seconds:5.1f} s  {len(failed)} of {len(found)} fail: {' '.join(failed)}\n"
    )


def _store(matrix: Matrix, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(matrix.to_json(), indent=1, ensure_ascii=False)
    # What scenarios say may name files by bytes that aren't UTF-8.
    (folder / "matrix.json").write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")
    (folder / "matrix.xml").write_bytes(junit(matrix))
    (folder / "matrix.html").write_text(page(matrix), encoding="utf-8", errors="backslashreplace")
