"""What is noted of a scenario while it runs, so that a failed one can be looked at, and run again elsewhere."""

from __future__ import annotations

import platform
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.repro.archive import FORMAT, Blobs
from ec_acceptance.testbed.repro.files import describe_files, find_files
from ec_acceptance.testbed.repro.servers import Moment, describe_servers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.repro.files import FoundFile
    from ec_acceptance.testbed.scenario.folders import Folders
    from ec_acceptance.testbed.scenario.servers import ScenarioServers, TimedRequest
    from ec_acceptance.testbed.scenario.services import Services
    from ec_acceptance.testbed.validator.process import Invocation, Running

__all__ = ["Recording"]


@dataclass(slots=True)
class _Run:
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    sandbox: tuple[str, ...]
    running: Running
    started: float
    ended: float = 0.0
    invocation: Invocation | None = None


@dataclass(slots=True)
class _Group:
    """Runs that overlap in time, and what they found."""

    before: list[FoundFile]
    moment: Moment
    mark: int
    runs: dict[str, _Run] = field(default_factory=dict)
    ended: list[_Run] = field(default_factory=list)
    after: list[FoundFile] = field(default_factory=list)
    requests: list[TimedRequest] = field(default_factory=list)


class Recording:
    """Notes what each run of the validator finds and does. It costs little, as most scenarios pass.

    Args:
        services: of the run.
        folders: of the scenario.
        servers: of the scenario.
    """

    def __init__(self, services: Services, folders: Folders, servers: ScenarioServers) -> None:
        self._services = services
        self._folders = folders
        self._servers = servers
        self._groups: list[_Group] = []

    def expect(self) -> None:
        """A validator is about to be started while no other one runs: note what it will find."""
        self._complete()
        root = self._folders.root.name
        before = find_files(self._services.folder, ("ca.pem", "rekor.pub", root), (f"{root}/run-",))
        moment = self._servers.moment()
        self._groups.append(_Group(before, moment, moment.gate.log.mark()))

    def begin(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        sandbox: tuple[str, ...],
        running: Running,
    ) -> None:
        """A validator was started."""
        run = _Run(tuple(arguments), dict(environment), sandbox, running, time.monotonic())
        self._groups[-1].runs[name] = run

    def end(self, name: str, invocation: Invocation, cache: str) -> None:
        """A validator has ended.

        Args:
            name: as it was begun.
            invocation: what it did.
            cache: path of the directory of layers.
        """
        group = self._groups[-1]
        run = group.runs.pop(name)
        run.ended, run.invocation = time.monotonic(), invocation
        group.ended.append(run)
        group.moment.note_rules()
        with suppress(ValueError):  # elsewhere, it isn't the scenario's
            place = self._folders.root.parent.joinpath(cache).relative_to(self._services.folder).as_posix()
            group.after = find_files(self._services.folder, (place,))

    @property
    def seen(self) -> list[dict[str, Any]]:
        """Groups of runs that overlap: what ran, and the requests to each server, with times in seconds from the first.

        Streams are named as `evidence` names their files.
        """
        self._complete()
        begun = min((run.started for group in self._groups for run in group.ended), default=0.0)
        number = 0
        described = []
        for group in self._groups:
            runs = []
            for run in group.ended:
                number += 1
                invocation = run.invocation
                assert invocation is not None
                runs.append(
                    {
                        "command": list(invocation.command),
                        "arguments": list(run.arguments),
                        "environment": dict(run.environment),
                        "sandbox": list(run.sandbox),
                        "started": round(run.started - begun, 4),
                        "ended": round(run.ended - begun, 4),
                        "clock": [invocation.started, invocation.ended],
                        "status": invocation.status,
                        "timed_out": invocation.timed_out,
                        "signals": [
                            {"name": signal, "after": round(max(0.0, when - run.started), 4)}
                            for signal, when in run.running.signals
                        ],
                        "stdout": f"{number}-stdout",
                        "stderr": f"{number}-stderr",
                    }
                )
            described.append({"runs": runs, "requests": [one.describe(begun) for one in group.requests]})
        return described

    def describe(self, scenario: Mapping[str, str], blobs: Blobs) -> dict[str, Any]:
        """The document of a repro bundle.

        Args:
            scenario: its id, name, feature, location, step and message.
            blobs: get the contents.
        """
        groups = []
        for group, seen in zip(self._groups, self.seen, strict=True):
            for run, shown in zip(group.ended, seen["runs"], strict=True):
                assert run.invocation is not None
                shown["stdout"] = blobs.add(run.invocation.stdout, "standard output")
                shown["stderr"] = blobs.add(run.invocation.stderr, "standard error")
            groups.append(
                {
                    **seen,
                    "servers": describe_servers(group.moment, self._services.authority, blobs),
                    "before": describe_files(group.before, blobs),
                    "after": describe_files(group.after, blobs),
                }
            )
        validator = self._services.validator
        return {
            "format": FORMAT,
            "suite": f"ec-acceptance {metadata.version('ec-acceptance')}",
            "python": platform.python_version(),
            "system": platform.platform(),
            "scenario": dict(scenario),
            "validator": {
                "default": validator.is_default,
                "command": list(validator.command),
                "version": self._services.validator_version,
            },
            "folder": str(self._services.folder),
            "root": self._folders.root.name,
            "groups": groups,
            "left_out": blobs.left_out,
        }

    def _complete(self) -> None:
        """Take the requests of the newest group, before the logs are emptied for the next one."""
        if self._groups:
            group = self._groups[-1]
            group.requests = self._servers.timed_requests(group.mark)
