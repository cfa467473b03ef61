"""One scenario's world: its own addresses, variables and environment, and what the validator did in it."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, Unpack

import yaml

from ec_acceptance.testbed.cache.directory import CacheDirectory, user_cache
from ec_acceptance.testbed.expect.redactions import Redactions
from ec_acceptance.testbed.expect.report import Report, load_exact_json
from ec_acceptance.testbed.fixtures.bundles import seen
from ec_acceptance.testbed.fixtures.collection import Fixtures, component
from ec_acceptance.testbed.gate.fault_injector import FaultInjector
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.rekor import RekorServer, canonicalize
from ec_acceptance.testbed.servers.cluster import ClusterServer
from ec_acceptance.testbed.servers.git import GitServer, Repository
from ec_acceptance.testbed.servers.third_party import ThirdParty
from ec_acceptance.testbed.validator.command_line import expand
from ec_acceptance.testbed.validator.memory import Peak, measured

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ec_acceptance.testbed.expect.snapshots import FeatureSnapshots
    from ec_acceptance.testbed.fixtures.bundles import Reader
    from ec_acceptance.testbed.gate.log import Exchange, RequestFilter
    from ec_acceptance.testbed.registry.auth import Guard
    from ec_acceptance.testbed.scenario.services import Services
    from ec_acceptance.testbed.scenario.trust import Trust
    from ec_acceptance.testbed.validator.process import Invocation, Running

__all__ = ["NAMESPACE", "POLICY_FILE", "TestbedError", "World"]

NAMESPACE = "acceptance"
"""The cluster's namespace that scenarios use, and the current one of the kubeconfig."""

POLICY_FILE = "policy.yaml"
"""The policy configuration of scenarios, in the folder in which the validator is started."""

_PATIENCE = 20.0
_UNFIT = re.compile(r"[^a-z0-9._-]+")


class SupportsClose(Protocol):
    """A service that a step started; it is closed at the scenario's end."""

    def close(self) -> None:
        """End it."""


class TestbedError(Exception):
    """A part of the testbed failed: neither the scenario nor the validator is to blame."""


class World:
    """All that a scenario's steps share, typed. Services are started when first used.

    Args:
        services: of the run.
        scenario: the scenario's id, such as `happy-01`; rows of an outline that share an id have `.1` and so on added.
        snapshots: of the scenario's feature.
        snapshot_key: the id without the row.
    """

    def __init__(self, services: Services, scenario: str, snapshots: FeatureSnapshots, snapshot_key: str) -> None:
        self.services = services
        self.scenario = scenario
        self.snapshots = snapshots
        self.snapshot_key = snapshot_key
        self.folder = services.folder / _UNFIT.sub("-", scenario)
        self.work = self.folder / "work"
        self.home = self.folder / "home"
        self.scratch = self.folder / "tmp"
        for folder in (self.work, self.home, self.scratch):
            folder.mkdir(parents=True)
        self.redactions = Redactions()
        self.environment: dict[str, str] = {}
        self.invocations: list[Invocation] = []
        self.running: dict[str, Running] = {}
        self.finished: dict[str, Invocation] = {}
        self.arguments: tuple[str, ...] = ()
        self.usual: tuple[str, ...] = ()
        self.runs_allowed = True
        self.measured = False
        self.made: dict[str, str] = {}
        self.referrers: dict[str, list[str]] = {}
        self.reader: Reader | None = None
        self.remembered: Mapping[str, str] = {}
        self.files_outside: Mapping[str, str] = {}
        self.sandbox: tuple[str, ...] = ()
        self.scratch_before: set[str] = set()
        self.memory_peaks: list[int] = []
        self.registry_guard: Guard | None = None
        self.cluster_name = self.cluster_token = ""
        self.third_parties: list[ThirdParty] = []
        self.registry_tls: ssl.SSLContext | None = None
        self.extra_servers: list[SupportsClose] = []
        self._started = 0
        self._mark = 0
        self.redactions.add("tmp", str(self.scratch))

    # Addresses: each is the scenario's own, with a log of its own.

    @cached_property
    def gate(self) -> Gate:
        """The registry as this scenario's validator sees it."""
        gate = Gate(self.services.backend, guard=self.registry_guard, tls=self.registry_tls)
        self.redactions.add("registry", gate.address)
        return gate

    @cached_property
    def rekor(self) -> RekorServer:
        """The transparency log as this scenario's validator sees it."""
        server = RekorServer(self.services.log)
        self.redactions.add("log", server.url)
        return server

    @cached_property
    def git(self) -> GitServer:
        """This scenario's git server, over https."""
        server = GitServer(tls=self.services.authority.server)
        self.redactions.add("git", server.address)
        return server

    @cached_property
    def cluster(self) -> ClusterServer:
        """This scenario's cluster; over https if it has a name."""
        tls = self.services.authority.server_for(self.cluster_name) if self.cluster_name else None
        server = ClusterServer(tls=tls, token=self.cluster_token or None)
        server.kubeconfig(self.folder / "kubeconfig", namespace=NAMESPACE)
        self.environment["KUBECONFIG"] = str(self.folder / "kubeconfig")
        self.redactions.add("cluster", server.url)
        return server

    @cached_property
    def trust(self) -> Trust:
        """How this scenario's validator is told whom to trust for keyless signatures."""
        from ec_acceptance.testbed.scenario.trust import Trust  # most scenarios have none

        return Trust(self)

    def start_third_party(self, *, tls: bool = False, onward: str = "") -> None:
        """Start a server that has no claim to credentials; its address is in `${STRANGER}` and `${STRANGER_PORT}`."""
        server = ThirdParty(tls=self.services.authority.server if tls else None, onward=onward)
        self.third_parties.append(server)
        self.made["STRANGER"], self.made["STRANGER_PORT"] = server.address, server.address.rpartition(":")[2]
        self.redactions.add("stranger", server.address)

    @cached_property
    def fixtures(self) -> Fixtures:
        """This scenario's keys, images, signatures and attestations."""
        return Fixtures(
            log=self.services.log,
            gate=self.gate,
            redactions=self.redactions,
            keys=self.services.key,
            folder=self.folder,
            seed=self.scenario,
        )

    @cached_property
    def injector(self) -> FaultInjector:
        """Leads the validators where the scenario wants them."""
        limit = min(_PATIENCE, self.services.options.timeout)
        return FaultInjector(self.gate, self.running, lambda: self.gate.log.requests(since=self._mark), limit)

    @property
    def cache(self) -> CacheDirectory:
        """Where the validator keeps layers."""
        return CacheDirectory(user_cache(self.variables_for_programs()))

    @cached_property
    def _deaf(self) -> socket.socket:
        """Bound, but it never listens: connections are refused, and nobody else gets the port."""
        registry = int(self.gate.address.rpartition(":")[2])
        for port in range(registry + 1, 1 << 16):  # above the registry's, as reports are ordered by address
            deaf = socket.socket()
            try:
                deaf.bind(("127.0.0.1", port))
            except OSError:
                deaf.close()
            else:
                return deaf
        raise TestbedError(f"no port above {registry} is free")

    @property
    def nobody(self) -> str:
        """An address at which nobody listens."""
        address = f"127.0.0.1:{self._deaf.getsockname()[1]}"
        self.redactions.add("nobody", address)
        return address

    # What scenarios write.

    def variables(self) -> Mapping[str, str]:
        """The values of `${…}` in steps."""
        return {
            **self.fixtures.variables(),
            **self.made,
            "IMAGES": self.fixtures.snapshot(name for name, image in self.fixtures.images.items() if image.tag),
            "IMAGE_COUNT": str(len(self.fixtures.images)),
            "REGISTRY": self.gate.address,
            "REGISTRY_PORT": self.gate.address.rpartition(":")[2],
            "GITHOST": self.git.address,
            "REKOR": self.rekor.url,
            "NOBODY": self.nobody,
            "TMPDIR": str(self.scratch),
        }

    def text(self, text: str) -> str:
        """A text of the scenario with `${…}` replaced."""
        return expand(text, self.variables()) if "${" in text else text

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder in which the validator is started."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(text), encoding="utf-8")
        return path

    def store_credentials(self, user: str, password: str, *, helper: str = "") -> None:
        """Put credentials for the registry into the Docker configuration, or into a credential helper that it names."""
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
        address = self.gate.address
        if helper:
            answer = json.dumps({"ServerURL": address, "Username": user, "Secret": password})
            program = self.folder / "bin" / f"docker-credential-{helper}"
            program.parent.mkdir()
            program.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="ascii")
            program.chmod(0o755)
            self.environment["PATH"] = os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])
            document: dict[str, Any] = {"credHelpers": {address: helper}}
        else:
            document = {"auths": {address: {"auth": encoded}}}
        self.write_docker_configuration(json.dumps(document))

    def write_docker_configuration(self, text: str) -> None:
        """Write the Docker configuration, whatever stands in it."""
        configuration = self.home / ".docker" / "config.json"
        configuration.parent.mkdir(exist_ok=True)
        configuration.write_text(text, encoding="utf-8")

    def add_policies(self, name: str, files: Mapping[str, str]) -> None:
        """Serve a git repository of files from the examples: path in the repository → file."""
        repository = Repository()
        content = {path: (self.services.examples / file).read_bytes() for path, file in files.items()}
        commit = self.made[f"{name}_COMMIT"] = repository.commit(content)
        self.redactions.add(f"commit of {name}", commit)
        self.git.add(name, repository)

    def add_policy_configuration(self, name: str, specification: str) -> None:
        """Store a policy configuration in the cluster; the specification is JSON."""
        self.cluster.policy(NAMESPACE, name, json.loads(self.text(specification)))

    # Runs.

    def variables_for_programs(self) -> dict[str, str]:
        """The environment in which the validator is started, without the little that every program needs."""
        return {
            "HOME": str(self.home),
            "TMPDIR": str(self.scratch),
            "DOCKER_CONFIG": str(self.home / ".docker"),
            "SSL_CERT_FILE": str(self.services.ca_file),
            "SIGSTORE_REKOR_PUBLIC_KEY": str(self.services.log_key_file),
            **self.environment,
        }

    def run(self, arguments: Sequence[str]) -> Invocation:
        """Run the validator to its end."""
        self.start(arguments)
        return self.finish()

    def judge(self, reader: Reader) -> None:
        """Have all images signed, and write the policy configuration by which this reader's files are judged."""
        self.reader = reader
        if "known" not in self.fixtures.keys:
            self.fixtures.add_key("known")
        self.fixtures.sign_all("known")
        self.add_policies("manifests-policy", {"main.rego": reader.policy, "witness.rego": "witness.rego"})
        self.write(POLICY_FILE, "sources: [{policy: ['git::https://${GITHOST}/git/manifests-policy.git']}]")

    def wait_until_idle(self) -> None:
        """Return when every request is held or answered, and no other one has come for longer than any pause."""
        assert self.reader is not None, "the scenario has images that are judged by their files"
        self.injector.wait_until_idle(self.services.pauses[self.reader.name])

    def start(self, arguments: Sequence[str], name: str = "") -> Running:
        """Start the validator and return; `name` tells several apart that run at the same time.

        If none is running, requests made before don't count any more: assertions are on what runs now.

        Raises:
            TestbedError: the step isn't a `When`; readers see what runs there, and only there.
        """
        if not self.runs_allowed:
            raise TestbedError("only a When runs the validator")
        if not self.running:
            self._mark = self.gate.log.mark()
            third_parties = [server.request_log for server in self.third_parties]
            for request_log in (self.rekor.request_log, self.git.request_log, self.cluster.request_log, *third_parties):
                request_log.clear()
        self.arguments = tuple(arguments)
        self.scratch_before = set(os.listdir(self.scratch))  # noqa: PTH208 - names are compared
        self._started += 1
        streams = self.folder / f"run-{self._started}"
        streams.mkdir()
        validator = self.services.validator
        running = validator.start(arguments, self.variables_for_programs(), self.work, streams, self.sandbox)
        running.when_ended(self.gate.log.wake)
        self.running[name] = running
        return running

    def finish(self, name: str = "", timeout: float | None = None) -> Invocation:
        """Wait until a validator ends; after `timeout` seconds, by default the run's time-out, it is killed."""
        running = self.running.pop(name)
        try:
            with measured(running.pid) if self.measured else nullcontext(Peak(running.pid)) as peak:
                invocation = running.wait(self.services.options.timeout if timeout is None else timeout)
        finally:
            running.kill()
        self.memory_peaks.append(peak.size)
        self.invocations.append(invocation)
        self.finished[name] = invocation
        return invocation

    @property
    def last(self) -> Invocation:
        """The newest run of the validator."""
        if not self.invocations:
            raise LookupError("the scenario hasn't run the validator yet")
        return self.invocations[-1]

    @property
    def report(self) -> Report:
        """The newest run's standard output as a JSON report."""
        return Report.parse(self.last.out)

    def requests(self, **wanted: Unpack[RequestFilter]) -> tuple[Exchange, ...]:
        """What the registry was asked in the newest run."""
        self.gate.log.complete()
        return self.gate.log.requests(since=self._mark, **wanted)

    def all_requests(self) -> dict[str, tuple[str, ...]]:
        """A line for each request that the scenario's services have seen, by the name of the service."""
        lines = {}
        if "gate" in self.__dict__:
            lines["registry"] = tuple(map(str, self.gate.log.requests()))
        for name in ("rekor", "git", "cluster"):
            if name in self.__dict__:
                lines[name] = tuple(map(str, getattr(self, name).request_log.requests))
        for number, server in enumerate(self.third_parties, 1):
            lines[f"stranger {number}"] = tuple(map(str, server.request_log.requests))
        return lines

    def past_files(self, image: str) -> Exchange | None:
        """The first request in the newest run that is made only when the image's files have been read."""
        assert self.reader is not None, "the scenario has images that are judged by their files"
        asked = self.gate.log.requests(since=self._mark, repository=self.fixtures.full_name(image))
        return next(filter(self.reader.past_files, asked), None)

    def seen(self, images: Iterable[str] | None = None) -> dict[str, str]:
        """What the example policies say, by component, when they see all files of these images, and nothing else."""
        names = self.fixtures.images if images is None else map(self.fixtures.full_name, images)
        return {component(name): seen(self.fixtures.files[name]) for name in names}

    def looked_up_entries(self) -> set[bytes]:
        """The entries that the transparency log was searched for in the newest run, as it would hold them."""
        asked = self.rekor.request_log.matching("POST", "/api/v1/log/entries/retrieve")
        return {canonicalize(entry) for one in asked for entry in one.document.get("entries") or ()}

    # What is held against the contract.

    def compare(self, stream: str, kind: str) -> None:
        """Compare the newest run's standard output with the snapshot of this stream.

        Args:
            stream: the entry's name after the scenario's id.
            kind: `json` and `yaml` are compared as data, anything else as text.
        """
        value = self._parsed(self.last.out, kind)
        difference = self.snapshots.compare(f"{self.snapshot_key} {stream}", value)
        assert difference is None, f"{difference}\n{self.last.describe()}"

    def report_without_time(self, invocation: Invocation) -> dict[str, Any]:
        """A run's JSON report without its time."""
        document = Report.parse(invocation.out).document
        return {name: value for name, value in document.items() if name != "effective-time"}

    def comparable(self, output: bytes) -> str:
        """An output with the times in it, which differ between two targets of one run, taken out."""
        return self.redactions.plain(output.decode())

    def expect_failure(self, text: str, *, fatal: bool = False) -> None:
        """Demand that the newest run ended with exactly this error and printed nothing else.

        Args:
            text: after `Error: `; `…` stands for anything, in the words of a foreign library.
            fatal: also demand the log line of errors in the command line.
        """
        last = self.last
        assert last.status == 1, f"the exit status is {last.status}, not 1:\n{last.describe()}"
        assert not last.out, f"standard output isn't empty:\n{last.describe()}"
        for trace in ("Traceback (most recent call last)", "panic: "):
            assert trace not in last.err, f"a trace of the program's inside:\n{last.describe()}"
        said = "".join(line for line in last.err.splitlines(keepends=True) if not line.startswith('time="'))
        wanted = self.text(text)
        pattern = ".*".join(re.escape(part) for part in f"Error: {wanted}\n".split("…"))
        assert re.fullmatch(pattern, said, re.DOTALL), f"the error isn't\n    {wanted}\n{last.describe()}"
        if fatal:
            quoted = json.dumps(f"error executing command: {wanted}", ensure_ascii=False)
            line = ".*".join(re.escape(part) for part in f"level=fatal msg={quoted}".split("…"))
            assert re.search(line, last.err), f"no log line of level fatal:\n{last.describe()}"

    def _parsed(self, output: str, kind: str) -> Any:
        if kind not in {"json", "yaml"}:
            return self.redactions.plain(output)
        try:
            document = load_exact_json(output) if kind == "json" else yaml.safe_load(output)
        except (ValueError, yaml.YAMLError) as error:
            raise AssertionError(f"the output is no {kind}: {error}\n{self.last.describe()}") from None
        return self.redactions.typed(document, self.last)

    # The end.

    def close(self) -> None:
        """Stop what still runs, end the scenario's own services and remove its files.

        Raises:
            TestbedError: a service of the testbed failed, so what the scenario showed is worth nothing.
        """
        for running in self.running.values():
            running.kill()
        failures = self.gate.failures if "gate" in self.__dict__ else ()
        for name in ("gate", "rekor", "git", "cluster", "_deaf"):
            if name in self.__dict__:
                getattr(self, name).close()
        for server in self.third_parties:
            server.close()
        for extra in self.extra_servers:
            extra.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if failures:
            raise TestbedError(f"the gate failed: {failures[0]!r}") from failures[0]
