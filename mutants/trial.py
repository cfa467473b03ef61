"""Runs of behave against one validator, and what came of each scenario."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ec_acceptance.conformance.runner import end_rest
from ec_acceptance.testbed.scenario.claims import ALL
from ec_acceptance.testbed.scenario.hooks import scenario_id
from mutants.scenarios import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mutants.scenarios import Scenario

__all__ = ["Finding", "TrialError", "Trials", "recorded", "validator"]

_START, _EACH = 60.0, 30.0  # seconds that a run may take: for itself, and for each scenario
_PATIENCE = 15.0  # seconds in which a run that was interrupted may end its validators and services
_WHY = 400
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


def validator(name: str) -> str:
    """The command line of a mutant."""
    return shlex.join([sys.executable, str(ROOT / "mutants"), name])


class Trials:
    """Runs of behave, from several threads, all of whose files are in one folder: what a signal ends leaves nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False
        self._turn = threading.Lock()

    def run(self, scenarios: Iterable[Scenario], command: str, *, timeout: float) -> Mapping[str, Finding]:
        """Run these scenarios with a validator.

        Args:
            scenarios: which; at least one.
            command: the validator's command line.
            timeout: seconds that one run of the validator may take.

        Raises:
            TrialError: behave didn't get to its end.
        """
        chosen = sorted(scenarios, key=lambda one: one.feature)  # behave takes a file's places together or not at all
        wanted = {scenario.id for scenario in chosen}
        with tempfile.TemporaryDirectory(prefix="trial-", dir=self._folder, ignore_cleanup_errors=True) as folder:
            report = Path(folder, "report")
            behave = [sys.executable, "-m", "behave", "--format", _FORMATTER, "--outfile", str(report)]
            options = {"validator": command, "claims": ALL, "registry": "embedded"}
            options |= {"timeout": f"{timeout:g}", "artifacts": folder}
            defines = [word for name, value in options.items() for word in ("-D", f"{name}={value}")]
            places = [place for scenario in chosen for place in scenario.places]  # by tags it would read all features
            said = self._run([*behave, *defines, *places], folder, _START + _EACH * len(wanted))
            try:
                results = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
            except (OSError, ValueError):
                raise TrialError(said.decode("utf-8", "replace")[-2000:] or "behave wrote nothing") from None
        found = {name: finding for name, finding in _findings(results).items() if name in wanted}
        if missing := sorted(wanted - found.keys()):
            raise TrialError(f"behave didn't run {', '.join(missing)}")
        return found

    def end(self) -> None:
        """End those that run, as Ctrl-C does, and let none begin."""
        with self._turn:
            self._ended = True
            running = tuple(self._running)
        for process in running:
            process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        for process in running:
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
        end_rest(self._folder)

    def _run(self, command: Sequence[str], folder: str, limit: float) -> bytes:
        """Standard error of a run of behave, which is in a session of its own: Ctrl-C comes to it by `end` alone."""
        with self._turn:
            if self._ended:
                raise TrialError("the matrix was ended")
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "TMPDIR": folder},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            return process.communicate(timeout=limit)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise TrialError(f"behave took more than {limit:g} s") from None
        finally:
            with self._turn:
                self._running.discard(process)


def recorded(report: Path) -> Mapping[str, Finding]:
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
