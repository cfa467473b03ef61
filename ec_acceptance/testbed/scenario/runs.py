"""The runs of the validator in one scenario: how it is started, and what it did."""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Unpack

from ec_acceptance.testbed.cache.directory import user_cache
from ec_acceptance.testbed.expect.report import Report, ReportError
from ec_acceptance.testbed.rekor import EntryError, canonicalize
from ec_acceptance.testbed.scenario.recording import Recording
from ec_acceptance.testbed.scenario.servers import TestbedError
from ec_acceptance.testbed.validator.memory import Peak, measured
from ec_acceptance.testbed.validator.orphans import children, end_children

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.gate.log import Exchange, RequestFilter
    from ec_acceptance.testbed.scenario.folders import Folders
    from ec_acceptance.testbed.scenario.servers import ScenarioServers
    from ec_acceptance.testbed.scenario.services import Services
    from ec_acceptance.testbed.validator.process import Invocation, Running

__all__ = ["Runs"]


class Runs:
    """Starts validators, waits for them, and remembers what they did.

    Args:
        services: of the run.
        folders: of the scenario.
        environment: what scenarios add to the variables of each validator.
        servers: what validators ask; their logs are emptied before the first of several that run at the same time.

    Attributes:
        allowed: whether a validator may be started now; nothing but a `When` may.
        usual_flags: what each `validate image` has beside the flags of its own table.
        sandbox: words of a command line that put the validator in a sandbox (validator/sandbox.py).
        measures_memory: whether the peak of memory is measured.
        memory_peaks: in bytes, one for each finished run; 0 where it wasn't measured.
        arguments: of the newest run.
        temporary_files_before: the names in the validator's `TMPDIR` when the newest run began.
        running: validators at work, by the names that scenarios give them.
        finished: the newest finished run of each name.
        invocations: all finished runs, the oldest first.
        recording: what is noted of them for whoever wants to run them again.
    """

    def __init__(
        self, services: Services, folders: Folders, environment: Mapping[str, str], servers: ScenarioServers
    ) -> None:
        self.allowed = True
        self.usual_flags: tuple[str, ...] = ()
        self.sandbox: tuple[str, ...] = ()
        self.measures_memory = False
        self.memory_peaks: list[int] = []
        self.arguments: tuple[str, ...] = ()
        self.temporary_files_before: set[str] = set()
        self.running: dict[str, Running] = {}
        self.finished: dict[str, Invocation] = {}
        self.invocations: list[Invocation] = []
        self._services = services
        self._folders = folders
        self._environment = environment
        self._servers = servers
        self._started = 0
        self._marks = [0]
        self._beside: frozenset[int] = frozenset()
        self._left: frozenset[int] = frozenset()
        self.recording = Recording(services, folders, servers)

    def environment_variables(self) -> dict[str, str]:
        """The environment in which the validator is started, without the little that every program needs."""
        return {
            "HOME": str(self._folders.home),
            "TMPDIR": str(self._folders.scratch),
            "DOCKER_CONFIG": str(self._folders.home / ".docker"),
            "SSL_CERT_FILE": str(self._services.ca_file),
            "SIGSTORE_REKOR_PUBLIC_KEY": str(self._services.log_key_file),
            **self._environment,
        }

    def run(self, arguments: Sequence[str]) -> Invocation:
        """Run the validator to its end."""
        self.start(arguments)
        return self.finish()

    def start(self, arguments: Sequence[str], name: str = "") -> Running:
        """Start the validator and return; `name` tells several apart that run at the same time.

        If none is running, requests made before don't count any more: assertions are on what runs now.

        Raises:
            TestbedError: the step isn't a `When`; readers see what runs there, and only there.
        """
        if not self.allowed:
            raise TestbedError("only a When runs the validator")
        log = self._servers.gate.log
        if not self.running:
            self._beside = children()
            self.recording.expect()
            self._marks.append(log.mark())
            self._servers.clear_request_logs()
        self.arguments = tuple(arguments)
        self.temporary_files_before = set(os.listdir(self._folders.scratch))  # noqa: PTH208 - names are compared
        self._started += 1
        streams = self._folders.root / f"run-{self._started}"
        streams.mkdir()
        validator = self._services.validator
        environment = self.environment_variables()
        running = validator.start(arguments, environment, self._folders.work, streams, self.sandbox)
        self.recording.begin(name, arguments, environment, self.sandbox, running)
        running.when_ended(log.wake)
        self.running[name] = running
        return running

    def finish(self, name: str = "", timeout: float | None = None) -> Invocation:
        """Wait until a validator ends; after `timeout` seconds, by default the run's time-out, it is killed."""
        running = self.running.pop(name)
        try:
            with measured(running.pid) if self.measures_memory else nullcontext(Peak(running.pid)) as peak:
                invocation = running.wait(self._services.options.timeout if timeout is None else timeout)
        finally:
            running.kill()
        self._note_orphans()
        self.memory_peaks.append(peak.size)
        self.invocations.append(invocation)
        self.finished[name] = invocation
        self.recording.end(name, invocation, str(user_cache(self.environment_variables())))
        return invocation

    @property
    def last(self) -> Invocation:
        """The newest finished run."""
        if not self.invocations:
            raise LookupError("the scenario hasn't run the validator yet")
        return self.invocations[-1]

    @property
    def report(self) -> Report:
        """The newest run's standard output as a JSON report.

        Raises:
            ReportError: it is none; the text shows what the run printed instead.
        """
        try:
            return Report.parse(self.last.out)
        except ReportError as error:
            raise ReportError(f"{error}\n{self.last.describe()}") from None

    def requests(self, **wanted: Unpack[RequestFilter]) -> tuple[Exchange, ...]:
        """What the registry was asked in the newest run, once all answers are complete."""
        self._servers.gate.log.complete()
        return self.requests_so_far(**wanted)

    def requests_so_far(self, **wanted: Unpack[RequestFilter]) -> tuple[Exchange, ...]:
        """What the registry was asked in the newest run; answers may be under way."""
        return self._servers.gate.log.requests(since=self._marks[-1], **wanted)

    def earlier_requests(self, **wanted: Unpack[RequestFilter]) -> tuple[Exchange, ...]:
        """What the registry was asked in the run before the newest one."""
        *_, first, last = self._marks
        return tuple(one for one in self._servers.gate.log.requests(since=first, **wanted) if one.number < last)

    def looked_up_entries(self) -> set[bytes]:
        """The entries that the transparency log was searched for in the newest run, as it would hold them.

        It would never hold some, such as those of a signature by another key: who has several tries each with the key.
        """
        searches = self._servers.rekor.request_log.matching("POST", "/api/v1/log/entries/retrieve")
        found = set()
        for entry in (entry for one in searches for entry in one.document.get("entries") or ()):
            with suppress(EntryError):
                found.add(canonicalize(entry))
        return found

    def stop(self) -> None:
        """End what still runs, as a time-out does: what it did until now is among `invocations`."""
        for name in tuple(self.running):
            self.finish(name, 0.0)

    def kill(self) -> None:
        """End what still runs, and what validators left: steps may have looked at it until now."""
        for running in self.running.values():
            running.kill()
        if self.running:
            self.running.clear()
            self._note_orphans()
        end_children(self._left)

    def _note_orphans(self) -> None:
        """What came to this process while validators ran was theirs."""
        if not self.running:
            self._left |= children() - self._beside
