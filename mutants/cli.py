"""``python -m mutants``: runs the scenarios against the mutants, prints the matrix and stores it."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.runner import handling
from mutants.catalogue import CONTROL, all_mutants
from mutants.junit import junit
from mutants.matrix import PLAIN, Matrix, plain
from mutants.page import page
from mutants.scenarios import ROOT, Scenario, all_scenarios, chosen
from mutants.trial import Finding, TrialError, Trials, recorded, validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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
            matrix.control.update(recorded(options.control))
        missing = [one for one in chosen(matrix.scenarios, PLAIN) if one.id not in matrix.control]
        if missing:
            matrix.control.update(trials.run(missing, validator(CONTROL), timeout=options.timeout))
    except TrialError as error:
        sys.stderr.write(f"the suite doesn't run, with the reference validator itself: {error}\n")
        return False
    _fill(matrix, trials, options.jobs, options.timeout)
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


def _limit(part: Iterable[Scenario], timeout: float) -> float:
    """Seconds for a run: clusters take a while to be there."""
    return _OF_CLUSTERS * timeout if any(one.feature.startswith("scale/dask") for one in part) else timeout


def _fill(matrix: Matrix, trials: Trials, jobs: int, timeout: float) -> None:
    """Run everything that is to be run."""
    printing = threading.Lock()
    cache = [one for one in matrix.scenarios.values() if one.of_cache]
    named = [tag for mutant in matrix.mutants.values() for tag in mutant.scenarios]
    judged = chosen(matrix.scenarios, named)
    if matrix.every:
        judged = tuple(one for one in matrix.scenarios.values() if one in judged or one.of_cache)
    judged = tuple(one for one in judged if one.id not in matrix.control)

    def control(part: Sequence[Scenario]) -> None:
        try:
            matrix.control.update(trials.run(part, validator(CONTROL), timeout=_limit(part, timeout)))
        except TrialError as error:
            for one in part:
                matrix.control[one.id] = Finding("error", 0.0, str(error)[-200:])

    def first(name: str) -> None:
        mutant = matrix.mutants[name]
        part = {one.id: one for one in chosen(matrix.scenarios, (*mutant.scenarios, *plain(mutant)))}
        _try(matrix, trials, name, part.values(), timeout)
        with printing:
            sys.stdout.write(_line(matrix, name))
            sys.stdout.flush()

    def further(name: str, part: Sequence[Scenario]) -> None:
        _try(matrix, trials, name, part, timeout)

    with ThreadPoolExecutor(max(1, jobs)) as pool, _ending(trials, pool):
        pending = [pool.submit(control, part) for part in _parts(judged)]
        order = sorted(matrix.mutants, key=lambda name: (name != "hang", -len(matrix.mutants[name].scenarios)))
        pending += [pool.submit(first, name) for name in order]
        for future in pending:
            future.result()
        if matrix.whole:
            rest = [
                (name, part)
                for name in matrix.mutants
                if matrix.verdict(name) != "broken"
                for part in _parts([one for one in cache if not matrix.status(name, one.id)])
            ]
            for future in [pool.submit(further, *one) for one in rest]:
                future.result()
    _again(matrix, trials, timeout)


@contextmanager
def _ending(trials: Trials, pool: ThreadPoolExecutor) -> Iterator[None]:
    """End what runs, and what waits, when the matrix is interrupted: a pool waits for all of it."""
    try:
        yield
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        trials.end()
        raise


def _again(matrix: Matrix, trials: Trials, timeout: float) -> None:
    """Try once more, with nothing beside it, what ended as an error: that says nothing, either way."""
    if unsure := _errors(matrix, matrix.control):
        with suppress(TrialError):  # then it stays as it is
            matrix.control.update(trials.run(unsure, validator(CONTROL), timeout=_limit(unsure, timeout)))
    for name, findings in matrix.findings.items():
        if unsure := _errors(matrix, findings):
            sys.stdout.write(f"again {name}: {' '.join(one.id for one in unsure)}\n")
            _try(matrix, trials, name, unsure, timeout)


def _errors(matrix: Matrix, findings: Mapping[str, Finding]) -> tuple[Scenario, ...]:
    return tuple(matrix.scenarios[one] for one, finding in findings.items() if finding.status == "error")


def _try(matrix: Matrix, trials: Trials, name: str, part: Iterable[Scenario], timeout: float) -> None:
    tried = tuple(part)
    try:
        found = trials.run(tried, validator(name), timeout=_limit(tried, timeout))
    except TrialError as error:
        matrix.failures[name] = str(error)
    else:
        matrix.findings.setdefault(name, {}).update(found)


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
