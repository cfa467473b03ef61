"""Runs of behave against one validator each, and what came of each scenario."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ec_acceptance.conformance.runner import end_rest
from ec_acceptance.testbed.scenario.claims import ALL
from ec_acceptance.testbed.scenario.hooks import scenario_id
from mutants.loaded_behave import LoadedBehave
from mutants.scenarios import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from multiprocessing.context import ForkProcess

    from mutants.scenarios import Scenario

__all__ = ["Finding", "Trial", "TrialError", "Trials", "read_record", "validator"]

_START, _EACH = 60.0, 30.0  # seconds that a run may take: for itself, and for each scenario
_PATIENCE = 15.0  # seconds in which a run that was interrupted may end its validators and services
_ENDINGS = frozenset({signal.SIGINT, signal.SIGTERM})
_OBJECTS = 20_000  # that are made before those are looked for that nothing reaches any more
_WHY = 400
_REPORT, _ERRORS = "report", "errors"  # files in the folder of a run
_FORMATTER = "ec_acceptance.conformance.lines:Lines"
_WORST = ("passed", "skipped", "error", "failed")
_STATUSES = {"passed": "passed", "undecided": "skipped", "not-applicable": "skipped", "broken": "error"}


class TrialError(Exception):
    """behave gave no report."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one scenario.

    Attributes:
        status: ``passed``; ``failed``, which is the validator's fault; ``error``, the suite's; ``skipped``.
        seconds: how long its steps took.
        why: the step that didn't pass, and the beginning of what it said.
    """

    status: str
    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be run: at least one scenario, with a mutant, or with the control.

    Attributes:
        name: the mutant's, or `CONTROL`.
        scenarios: which.
        timeout: seconds that one run of the validator may take.
    """

    name: str
    scenarios: tuple[Scenario, ...]
    timeout: float


@dataclass(frozen=True, slots=True)
class _Run:
    """A process that carries out a trial, `limit` seconds long at most: until `end` by the monotonic clock."""

    trial: Trial
    process: ForkProcess
    folder: Path
    limit: float
    end: float


def validator(name: str) -> str:
    """The command line of a mutant."""
    return shlex.join([sys.executable, str(ROOT / "mutants"), name])


class Trials:
    """Runs of behave, all of whose files are in one folder: what a signal ends leaves nothing.

    Each is forked from this process, which has loaded what it needs; so no other thread may run in this one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[_Run] = []
        self._behave: LoadedBehave | None = None

    def run(self, trials: Iterable[Trial], *, at_once: int) -> Iterator[tuple[Trial, dict[str, Finding] | TrialError]]:
        """Carry out trials, so many at once; each comes with what was found, in the order in which they end.

        An error stands for what was found where behave didn't get to its end.
        """
        waiting = deque(trials)
        while waiting or self._running:
            while waiting and len(self._running) < at_once:
                self._begin(waiting.popleft())
            for run in self._end():
                found: dict[str, Finding] | TrialError
                try:
                    found = _find(run)
                except TrialError as error:
                    found = error
                self._running.remove(run)
                yield run.trial, found

    def end(self) -> None:
        """End those that run, as Ctrl-C does."""
        for run in self._running:
            if run.process.exitcode is None and run.process.pid is not None:
                os.kill(run.process.pid, signal.SIGINT)
        until = time.monotonic() + _PATIENCE
        for run in self._running:
            run.process.join(max(0.0, until - time.monotonic()))
            run.process.kill()
        end_rest(self._folder)

    def _begin(self, trial: Trial) -> None:
        if self._behave is None:
            self._behave = LoadedBehave(ROOT)
            gc.freeze()  # a collection would touch, and so copy, all that is loaded, in each process
            gc.set_threshold(_OBJECTS)
        folder = Path(tempfile.mkdtemp(prefix="trial-", dir=self._folder))
        process = multiprocessing.get_context("fork").Process(target=_carry_out, args=(self._behave, trial, folder))
        limit = _START + _EACH * len(trial.scenarios)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)  # until it stands in the list
        try:
            process.start()
            self._running.append(_Run(trial, process, folder, limit, time.monotonic() + limit))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _end(self) -> list[_Run]:
        """Wait until some have ended, or their time is over."""
        first = min(run.end for run in self._running)
        ready = connection.wait([run.process.sentinel for run in self._running], max(0.0, first - time.monotonic()))
        now = time.monotonic()
        return [run for run in self._running if run.process.sentinel in ready or run.end <= now]


def _carry_out(behave: LoadedBehave, trial: Trial, folder: Path) -> None:
    """In the process of a trial, which is in a session of its own: Ctrl-C comes to it by `Trials.end` alone."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
    nowhere = os.open(os.devnull, os.O_RDWR)
    errors = os.open(folder / _ERRORS, os.O_WRONLY | os.O_CREAT)
    for number, opened in enumerate((nowhere, nowhere, errors)):
        os.dup2(opened, number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, errors="backslashreplace") for number in (1, 2))
    os.chdir(ROOT)
    os.environ["TMPDIR"], tempfile.tempdir = str(folder), None
    chosen = sorted(trial.scenarios, key=lambda one: one.feature)  # behave takes a file's places together or not at all
    options = {"validator": validator(trial.name), "claims": ALL, "registry": "embedded"}
    options |= {"timeout": f"{trial.timeout:g}", "artifacts": str(folder)}
    defines = [word for name, value in options.items() for word in ("-D", f"{name}={value}")]
    places = [place for scenario in chosen for place in scenario.places]  # by tags it would read all features
    sys.exit(behave.run(["--format", _FORMATTER, "--outfile", str(folder / _REPORT), *defines, *places]))


def _find(run: _Run) -> dict[str, Finding]:
    """What came of a run that has ended, or is ended now; its folder goes.

    Raises:
        TrialError: behave didn't get to its end.
    """
    try:
        if run.end <= time.monotonic() and run.process.exitcode is None:
            run.process.kill()
            end_rest(run.folder)
            raise TrialError(f"behave took more than {run.limit:g} s")
        try:
            results = [json.loads(line) for line in (run.folder / _REPORT).read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError):
            said = (run.folder / _ERRORS).read_text(encoding="utf-8", errors="replace")
            raise TrialError(said[-2000:] or "behave wrote nothing") from None
    finally:
        run.process.join()
        shutil.rmtree(run.folder, ignore_errors=True)
    wanted = {scenario.id for scenario in run.trial.scenarios}
    found = {name: finding for name, finding in _findings(results).items() if name in wanted}
    if missing := sorted(wanted - found.keys()):
        raise TrialError(f"behave didn't run {', '.join(missing)}")
    return found


def read_record(report: Path) -> Mapping[str, Finding]:
    """What came of each scenario in a run of ``ec-conformance``.

    Raises:
        TrialError: there is no such report.
    """
    try:
        results = json.loads(report.read_bytes())["results"]
    except (OSError, ValueError, LookupError) as error:
        raise TrialError(f"{report} is no report of ec-conformance: {error}") from None
    return _findings(results)


def _findings(results: Iterable[Mapping[str, Any]]) -> dict[str, Finding]:
    """By the scenario's id, of lines of the formatter `lines`: the worst of rows that share one."""
    found: dict[str, Finding] = {}
    for result in results:
        if "status" not in result:
            continue  # that one begins, or what all took
        name = scenario_id(result["tags"])
        status = _STATUSES.get(result["status"], "failed")  # whatever way it is wrong in
        finding = Finding(status, result["seconds"], f"{result['step']}: {result['message']}"[:_WHY])
        found[name] = max(found.get(name, finding), finding, key=lambda one: _WORST.index(one.status))
    return found
