"""Runs the suite in several processes at once: scenarios mostly wait, for a registry's gate or a validator."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ec_acceptance.conformance.cpu import CpuTime, add_times, own_time
from ec_acceptance.conformance.expected import judge, unmet
from ec_acceptance.conformance.outcome import WRONG, Outcome, ScenarioResult
from ec_acceptance.conformance.preflight import describe_happy_path
from ec_acceptance.conformance.terminal import leave_terminal
from ec_acceptance.testbed.expect.snapshots import Snapshots
from ec_acceptance.testbed.registry.choice import open_backend
from ec_acceptance.testbed.trees import temporary_folder
from ec_acceptance.testbed.validator.orphans import adopt, children, end_children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import FrameType
    from typing import Any

    from ec_acceptance.conformance.expected import ExpectedFailure
    from ec_acceptance.conformance.outcome import About
    from ec_acceptance.conformance.suite import Scenario, Suite
    from ec_acceptance.testbed.registry.backend import Backend

__all__ = ["Run", "Watcher", "describe_unused", "end_rest", "ending", "handling", "run"]

_WORKER = "ec_acceptance.conformance.worker"
_FORMATTER = "ec_acceptance.conformance.lines:Lines"
_HUNG = 4  # so many scenarios in which nothing else happened show that a validator hangs in everything
_PAUSE = 0.01  # seconds
_LOADING = 1.5  # seconds in which a worker has loaded what it needs
_PATIENCE = 15.0  # seconds in which an interrupted worker may end its validators and services
_NOTHING = CpuTime(0.0, 0.0)
_HANGUP = getattr(signal, "SIGHUP", None)  # absent on Windows


@dataclass(frozen=True, slots=True)
class Run:
    """What to run.

    Attributes:
        suite: where.
        scenarios: which.
        about: for the reports.
        options: behave's `-D name=value`, but for the registry.
        registry: `auto`, `container`, `embedded` or a URL.
        jobs: processes at once.
        failures: after so many scenarios that failed the rest isn't run; None: everything is.
        expected: failures that are known, by id.
        not_applicable: results of scenarios that aren't about what the validator claims.
        happy_path: is run before the others, whether it is one of them or not; None: nothing is.
        silent: whether the validator answered nothing else that it was asked.
        patience: seconds that may be lost in each of the processes to a validator that hangs.
    """

    suite: Suite
    scenarios: Sequence[Scenario]
    about: About
    options: Mapping[str, str]
    registry: str
    jobs: int
    failures: int | None = None
    expected: Mapping[str, ExpectedFailure] = field(default_factory=dict)
    registry_image: str = "registry:2"
    not_applicable: tuple[ScenarioResult, ...] = ()
    happy_path: Scenario | None = None
    silent: bool = False
    patience: float = 150.0


class Watcher(Protocol):
    """Who looks on: called from several threads, though from one at a time."""

    def tell(self, line: str) -> None:
        """A line for people, now and then."""

    def begin(self, location: str) -> None:
        """A scenario begins."""

    def end(self, result: ScenarioResult) -> None:
        """One has ended."""


@dataclass(slots=True)
class _Worker:
    """One process of behave (worker.py), and all that it came to."""

    number: int
    results: list[ScenarioResult] = field(default_factory=list)
    problem: str = ""
    process: subprocess.Popen[str] | None = None
    cpu: CpuTime | None = None
    now: Scenario | None = None


class _Work:
    """What is left to run, who runs it, and the end that may be put to it before its time.

    The happy path is run alone; then each worker gets a scenario whenever it asks for one. As many workers as there are
    processors begin at once. Others, which use them while scenarios wait, would hold those up by loading what they
    need, so they begin later, and not at all where few scenarios leave them nothing to do.
    """

    def __init__(self, wanted: Run, watcher: Watcher) -> None:
        self._happy_path = wanted.happy_path
        self._left = deque(one for one in wanted.scenarios if one != wanted.happy_path)
        self.workers = [_Worker(number) for number in range(max(1, min(wanted.jobs, len(self._left))))]
        self.interrupted = ""
        self.enough = False
        self.hung = ""
        self._expected = wanted.expected
        self._places = {scenario.location: scenario.place for scenario in wanted.scenarios}
        self._jobs = wanted.jobs
        self._silent = wanted.silent
        self._patience = wanted.patience
        self._failures = wanted.failures
        self._watcher = watcher
        self._turn = threading.Lock()
        self._open = threading.Event()
        self._over = threading.Event()
        if self._happy_path is None:
            self._open.set()

    @property
    def results(self) -> list[ScenarioResult]:
        """Of all workers."""
        return [result for worker in self.workers for result in worker.results]

    def wants(self, worker: _Worker) -> bool:
        """Whether there is something for a worker to do: waits until it is its turn to begin."""
        row = worker.number // (os.cpu_count() or 1)
        if row:
            self._open.wait()
            self._over.wait(row * _LOADING)
        return not row or self.unfinished

    def next_for(self, worker: _Worker) -> Scenario | None:
        """What a worker that asks runs next: waits until there is something; None when there won't be any more."""
        with self._turn:
            if worker.number == 0 and self._happy_path is not None and not self.ended:
                worker.now, self._happy_path = self._happy_path, None
                return worker.now
        if worker.number == 0:
            self._open.set()  # it has run the happy path
        self._open.wait()
        with self._turn:
            worker.now = None if self.ended or not self._left else self._left.popleft()
            if not self._left:
                self._over.set()
            return worker.now

    def leave(self, worker: _Worker) -> None:
        """A worker has ended: nobody waits for it any more."""
        if worker.number == 0:
            self._open.set()

    @property
    def unfinished(self) -> bool:
        """Whether there is something that nobody runs yet."""
        return bool(self._left) and not self.ended

    def begin(self, location: str) -> None:
        """A scenario begins."""
        with self._turn:
            if location in self._places:
                self._watcher.begin(location)

    def note(self, worker: _Worker, result: ScenarioResult) -> None:
        """Take a result; too many failures end the run."""
        with self._turn:
            if self.ended and result.status == "broken":
                return  # it was cut off, and counts as one that didn't run
            if place := self._places.get(result.location):
                result = replace(result, profile=place.profile, point=place.point, weight=place.weight)
            result = judge(result, self._expected)
            worker.results.append(result)
            worker.now = None
            if result.location in self._places:
                self._watcher.end(result)
            if not self._open.is_set():
                for line in describe_happy_path(result):
                    self._watcher.tell(line)
            results = self.results
            failed = sum(one.status in WRONG for one in results if one.location in self._places)
            self.hung = self.hung or self._hanging(results)
        if self.hung and not self.enough:
            self.enough = True
            self._stop()
        if self._failures is not None and failed >= self._failures and not self.enough:
            self.enough = True
            self._stop()

    def _hanging(self, results: Sequence[ScenarioResult]) -> str:
        """Why it is hopeless to wait for the validator; empty if it isn't."""
        hung = [one for one in results if one.status == "hung"]
        if self._silent and hung and hung == results:
            return "it answers neither `version --short` nor `--help` nor the happy path, so the rest wasn't run"
        if len(hung) == len(results) == max(_HUNG, self._jobs):
            return f"it gave no answer in any of the first {len(hung)} scenarios, so the rest wasn't run"
        lost = sum(one.seconds for one in hung)
        if lost > self._patience * self._jobs:
            return f"it gave no answer in {len(hung)} scenarios, which took {lost:.0f} s, so the rest wasn't run"
        return ""

    def interrupt(self, number: int, _: FrameType | None = None) -> None:
        """End the run; a second time, at once."""
        if number == _HANGUP:
            leave_terminal()
        again, self.interrupted = bool(self.interrupted), signal.Signals(number).name
        self._stop(at_once=again)

    @property
    def ended(self) -> bool:
        """Whether what hasn't run yet isn't to run any more."""
        return self.enough or bool(self.interrupted)

    def _stop(self, *, at_once: bool = False) -> None:
        self._over.set()
        for worker in self.workers:
            process = worker.process
            if process is None or process.poll() is not None:
                continue
            if at_once:
                process.kill()
            else:  # behave ends as after Ctrl-C: the scenario's services and validators, then its own
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
                threading.Thread(target=_lose_patience, args=(process,), daemon=True).start()


def run(wanted: Run, watcher: Watcher) -> Outcome:
    """Carry out a run. SIGINT, SIGTERM and SIGHUP end it: what ran until then is in the outcome.

    Args:
        wanted: what to run.
        watcher: looks on.

    Raises:
        UnavailableError: the registry that was asked for cannot be had.
        ValueError: there is no such kind of registry.
    """
    work = _Work(wanted, watcher)
    adopt()
    before = children()
    with ending(work.interrupt), temporary_folder("ec-acceptance-run-") as folder:
        backend = open_backend(wanted.registry, image=wanted.registry_image)  # one for all, started in one process
        try:
            watcher.tell(f"registry: {backend.kind} ({backend.reason})")
            threads = [
                threading.Thread(target=_carry_out, args=(wanted, work, worker, backend, folder))
                for worker in work.workers
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return _join(wanted, work, folder)
        finally:
            backend.close()
            end_rest(folder)
            end_children(children() - before)


@contextlib.contextmanager
def ending(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Have the signals that end a run come to a handler: SIGINT, SIGTERM, and SIGHUP unless it is ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if _HANGUP is not None and signal.getsignal(_HANGUP) is not signal.SIG_IGN:  # which is what nohup asks for
        numbers.append(_HANGUP)
    with handling(numbers, handler):
        yield


@contextlib.contextmanager
def handling(
    signals: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], Any] | signal.Handlers
) -> Iterator[None]:
    """Have signals come to a handler, and to those of before again at the end; in the main thread alone."""
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def end_rest(folder: Path) -> None:
    """Kill validators that an interrupted run left: programs whose environment names the run's folder (Linux).

    They are gone then, so nobody makes another file there.
    """
    until = time.monotonic() + _PATIENCE
    while _kill_those_of(folder) and time.monotonic() < until:
        time.sleep(_PAUSE)


def _kill_those_of(folder: Path) -> bool:
    """Whether there were any; one that has ended has no environment any more."""
    found = False
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if os.fsencode(folder) in path.read_bytes():
                found = True
                os.kill(int(path.parent.name), signal.SIGKILL)
    return found


def _lose_patience(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()


def _carry_out(wanted: Run, work: _Work, worker: _Worker, backend: Backend, folder: Path) -> None:
    """Have a worker run what there is, and take its results as they come."""
    try:
        for turn in itertools.count(1) if work.wants(worker) else ():
            begun = len(worker.results)
            _run_worker(wanted, work, worker, backend, folder / f"{worker.number}-{turn}")
            if len(worker.results) == begun or not work.unfinished:
                return  # else it was ended by a scenario, which has said so: another one runs what is left
    finally:
        work.leave(worker)


def _run_worker(wanted: Run, work: _Work, worker: _Worker, backend: Backend, stem: Path) -> None:
    stem.mkdir()
    registry = "embedded" if backend.kind == "embedded" else backend.url  # an embedded one is a process's own
    # behave takes one pair of quotes from a value: those around it, else those around a path with blanks
    options = {**wanted.options, "registry": registry, "used": str(stem.with_suffix(".used"))}
    command = [
        *(sys.executable, "-m", _WORKER, "--no-summary", "--no-skipped", "--format", _FORMATTER),
        *(word for name, value in options.items() for word in ("-D", f'{name}="{value}"')),
        str(wanted.suite.folder / "features"),
    ]
    if work.ended:
        return
    with stem.with_suffix(".log").open("w+", encoding="utf-8", errors="backslashreplace") as errors:
        # In a session of its own, so that Ctrl-C comes to it through us alone; what it leaves goes with our folder.
        process = worker.process = subprocess.Popen(
            command,
            cwd=wanted.suite.folder,
            env={**_environment(), "PYTHONUNBUFFERED": "1", "TMPDIR": str(stem)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
        )
        words = []
        with process:
            for line in process.stdout or ():
                if line.startswith('{"asks": '):
                    _answer(process, work.next_for(worker))
                elif line.startswith('{"begins": '):
                    work.begin(json.loads(line)["begins"])
                elif line.startswith('{"cpu": '):
                    worker.cpu = add_times([worker.cpu or _NOTHING, CpuTime(**json.loads(line)["cpu"])])
                elif line.startswith("{"):
                    work.note(worker, ScenarioResult.read(line))
                else:
                    words.append(line)
        status = process.returncode
        if work.ended:
            return
        errors.seek(0)
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        said = f"behave ended {how}:\n{''.join(words)}{errors.read()}"
        if worker.now is not None:
            why = f"the process that ran it has ended, be it by the validator or by the machine: {said}"
            work.note(worker, ScenarioResult.without_run(worker.now, "broken", why))
        elif status not in {0, 1} or (
            status == 1 and all(result.status in {"passed", "undecided"} for result in worker.results)
        ):
            worker.problem = said


def _environment() -> dict[str, str]:
    """That of this process, without what has behave take other steps, or Python leave out assertions."""
    return {
        name: value for name, value in os.environ.items() if name != "PYTHONOPTIMIZE" and not name.startswith("BEHAVE_")
    }


def _answer(process: subprocess.Popen[str], scenario: Scenario | None) -> None:
    """Tell a worker what it runs next, or that there is nothing any more."""
    told = process.stdin
    if told is None:
        return
    try:
        if scenario is not None:
            told.write(f"{scenario.location}\n")
            told.flush()
            return
    except OSError:  # it has just been ended
        pass
    with contextlib.suppress(OSError):
        told.close()


def _join(wanted: Run, work: _Work, folder: Path) -> Outcome:
    selected = {scenario.location for scenario in wanted.scenarios}
    seen = [result for result in work.results if result.location in selected]
    results = (*seen, *wanted.not_applicable)
    ran = {result.location for result in results}
    of_shard = wanted.about.shard is not None and wanted.about.partial
    outcome = Outcome(
        wanted.about,
        results,
        tuple(scenario for scenario in wanted.scenarios if scenario.location not in ran),
        tuple(worker.problem for worker in work.workers if worker.problem),
        work.interrupted,
        unmet=tuple(unmet(results, wanted.expected)),
        hung=work.hung,
        unused=tuple(_list_unused(wanted.suite, folder)) if of_shard else (),
        cpu=_cpu_time(work),
    )
    if not outcome.judges_snapshots:
        return outcome
    return replace(outcome, problems=(*outcome.problems, *map(describe_unused, _list_unused(wanted.suite, folder))))


def _cpu_time(work: _Work) -> CpuTime | None:
    """That of all workers and of this process; None if one of them didn't tell, as one that was killed."""
    return add_times([own_time(), *(worker.cpu for worker in work.workers if worker.process is not None)])


def describe_unused(entry: str) -> str:
    """What is wrong with a stored snapshot that nothing compared with."""
    return f"no scenario compares with the snapshot {entry}"


def _list_unused(suite: Suite, folder: Path) -> list[str]:
    """Snapshots that no worker compared with."""
    used: dict[str, set[str]] = {}
    for path in folder.glob("*.used"):
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for feature, keys in document.items():
            used.setdefault(feature, set()).update(keys)
    snapshots = Snapshots(suite.folder / "snapshots")
    for path in (suite.folder / "features").rglob("*.feature"):
        feature = path.relative_to(suite.folder / "features").with_suffix("").as_posix()
        snapshots.feature(feature).used |= used.get(feature, set())
    return snapshots.unused()
