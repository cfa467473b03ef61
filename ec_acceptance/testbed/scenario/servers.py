"""One scenario's own servers: each has an address of its own and a log of the requests that it got."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.rekor import RekorServer
from ec_acceptance.testbed.repro.servers import Moment
from ec_acceptance.testbed.servers.cluster import ClusterServer
from ec_acceptance.testbed.servers.git import GitServer
from ec_acceptance.testbed.servers.third_party import ThirdParty

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, MutableMapping

    from ec_acceptance.testbed.expect.redactions import Redactions
    from ec_acceptance.testbed.gate.log import Exchange
    from ec_acceptance.testbed.registry.auth import Guard
    from ec_acceptance.testbed.scenario.folders import Folders
    from ec_acceptance.testbed.scenario.services import Services
    from ec_acceptance.testbed.servers.request_log import RecordedRequest

__all__ = ["NAMESPACE", "ScenarioServers", "TestbedError", "TimedRequest"]

NAMESPACE = "acceptance"
"""The cluster's namespace that scenarios use, and the current one of the kubeconfig."""

_LOGGING = ("rekor", "git", "cluster")
"""The servers with a request log; a gate's own log tells more."""


class SupportsClose(Protocol):
    """A server that a step started; it is closed at the scenario's end."""

    def close(self) -> None:
        """End it."""


class TestbedError(Exception):
    """A part of the testbed failed: neither the scenario nor the validator is to blame."""


@dataclass(frozen=True, slots=True)
class TimedRequest:
    """A request to one of the servers; times are those of `time.monotonic`.

    Attributes:
        holds: times at which a rule of the gate stopped it and let it resume, None while it was stopped.
        ended: None while the answer was under way.
        sent: bytes of the answer's body; None where nobody counted them.
    """

    server: str
    asked: str
    agent: str
    status: int | None
    state: str
    started: float
    ended: float | None
    holds: tuple[tuple[float, float | None], ...]
    sent: int | None

    @classmethod
    def of_exchange(cls, one: Exchange) -> TimedRequest:
        """One that a gate saw."""
        target = one.path + (f"?{one.query}" if one.query else "")
        asked = f"{one.method} {target}"
        return cls(
            "registry", asked, one.user_agent, one.status, one.state, one.started, one.ended, one.holds, one.sent
        )

    @classmethod
    def of_recorded(cls, server: str, one: RecordedRequest) -> TimedRequest:
        """One that another server recorded."""
        query = "&".join(f"{name}={value}" for name, value in one.query.items())
        asked = f"{one.method} {one.path}{f'?{query}' if query else ''}"
        agent = one.headers.get("User-Agent", "")
        return cls(server, asked, agent, one.status, "done", one.started, one.ended, (), None)

    def describe(self, begun: float) -> dict[str, Any]:
        """As members of a document, with times in seconds since `begun`."""

        def since(moment: float | None) -> float | None:
            return None if moment is None else round(moment - begun, 4)

        return {
            "server": self.server,
            "asked": self.asked,
            "agent": self.agent,
            "status": self.status,
            "state": self.state,
            "started": since(self.started),
            "ended": since(self.ended),
            "holds": [[since(first), since(last)] for first, last in self.holds],
            "sent": self.sent,
        }


class ScenarioServers:
    """The servers of a scenario, each started when it is first used; what is set here must be set before.

    Args:
        services: of the run; the registry and the transparency log are behind the scenario's own addresses.
        folders: of the scenario.
        redactions: get the addresses.
        variables: get the addresses of third parties, for `${…}`.
        environment: of the validator; names the kubeconfig.

    Attributes:
        registry_guard: decides who may use the registry; anybody by default.
        registry_tls: has the registry speak TLS.
        cluster_name: in the certificate of the cluster, which speaks https if it has one.
        cluster_token: that the cluster demands, if any.
        third_parties: those that were started.
        extra_servers: others that steps started.
    """

    def __init__(
        self,
        services: Services,
        folders: Folders,
        redactions: Redactions,
        variables: MutableMapping[str, str],
        environment: MutableMapping[str, str],
    ) -> None:
        self.registry_guard: Guard | None = None
        self.registry_tls: ssl.SSLContext | None = None
        self.cluster_name = self.cluster_token = ""
        self.third_parties: list[ThirdParty] = []
        self.extra_servers: list[SupportsClose] = []
        self._services = services
        self._first_entry = len(services.log.wanted)
        self._folders = folders
        self._redactions = redactions
        self._variables = variables
        self._environment = environment

    @cached_property
    def gate(self) -> Gate:
        """The registry as this scenario's validator sees it."""
        gate = Gate(self._services.backend, guard=self.registry_guard, tls=self.registry_tls)
        self._redactions.add("registry", gate.address)
        return gate

    @cached_property
    def rekor(self) -> RekorServer:
        """The transparency log as this scenario's validator sees it."""
        server = RekorServer(self._services.log)
        self._redactions.add("log", server.url)
        return server

    @cached_property
    def git(self) -> GitServer:
        """This scenario's git server, over https."""
        server = GitServer(tls=self._services.authority.server)
        self._redactions.add("git", server.address)
        return server

    @cached_property
    def cluster(self) -> ClusterServer:
        """This scenario's cluster; over https if it has a name."""
        tls = self._services.authority.server_for(self.cluster_name) if self.cluster_name else None
        server = ClusterServer(tls=tls, token=self.cluster_token or None)
        kubeconfig = self._folders.root / "kubeconfig"
        server.kubeconfig(kubeconfig, namespace=NAMESPACE)
        self._environment["KUBECONFIG"] = str(kubeconfig)
        self._redactions.add("cluster", server.url)
        return server

    def start_third_party(self, *, tls: bool = False, onward: str = "") -> None:
        """Start a server without a claim to credentials: `${THIRD_PARTY}`, with its port `${THIRD_PARTY_PORT}`."""
        server = ThirdParty(tls=self._services.authority.server if tls else None, onward=onward)
        self.third_parties.append(server)
        self._variables["THIRD_PARTY"] = server.address
        self._variables["THIRD_PARTY_PORT"] = server.address.rpartition(":")[2]
        self._redactions.add("stranger", server.address)

    @property
    def unused_address(self) -> str:
        """An address at which nobody listens."""
        address = f"127.0.0.1:{self._unused.getsockname()[1]}"
        self._redactions.add("nobody", address)
        return address

    @cached_property
    def _unused(self) -> socket.socket:
        """Bound, but it never listens: connections are refused, and nobody else gets the port."""
        registry = int(self.gate.address.rpartition(":")[2])
        for port in range(registry + 1, 1 << 16):  # above the registry's, as reports are ordered by address
            unused = socket.socket()
            try:
                unused.bind(("127.0.0.1", port))
            except OSError:
                unused.close()
            else:
                return unused
        raise TestbedError(f"no port above {registry} is free")

    def addresses(self) -> Mapping[str, str]:
        """The values of `${…}` that are addresses; all servers are running then."""
        return {
            "REGISTRY": self.gate.address,
            "REGISTRY_PORT": self.gate.address.rpartition(":")[2],
            "GITHOST": self.git.address,
            "GIT_PORT": self.git.address.rpartition(":")[2],
            "REKOR": self.rekor.url,
            "REKOR_PORT": self.rekor.url.rpartition(":")[2],
            "NOBODY": self.unused_address,
        }

    def moment(self) -> Moment:
        """What the servers have now."""
        started = self.__dict__
        return Moment(
            gate=self.gate,
            registry_tls=self.registry_tls,
            git=started.get("git"),
            rekor=started.get("rekor"),
            cluster=started.get("cluster"),
            cluster_names=(self.cluster_name,) if self.cluster_name else (),
            third_parties=tuple(self.third_parties),
            others=tuple(self.extra_servers),
            nobody=self._unused.getsockname()[1] if "_unused" in started else None,
            first_entry=self._first_entry,
        )

    def timed_requests(self, mark: int) -> list[TimedRequest]:
        """The requests to all servers since a mark in the registry's log, in the order in which they came."""
        found = [TimedRequest.of_exchange(one) for one in self.gate.log.requests(since=mark)]
        logs = {name: getattr(self, name).request_log for name in _LOGGING if name in self.__dict__}
        logs |= {f"stranger {number}": one.request_log for number, one in enumerate(self.third_parties, 1)}
        for name, log in logs.items():
            found += [TimedRequest.of_recorded(name, one) for one in log.requests]
        return sorted(found, key=lambda one: one.started)

    def clear_request_logs(self) -> None:
        """Forget all requests but those to the registry, whose log has marks."""
        third_parties = [server.request_log for server in self.third_parties]
        for log in (self.rekor.request_log, self.git.request_log, self.cluster.request_log, *third_parties):
            log.clear()

    def list_requests(self) -> dict[str, tuple[str, ...]]:
        """A line for each request that the servers got, by the name of the server."""
        lines = {}
        if "gate" in self.__dict__:
            lines["registry"] = tuple(map(str, self.gate.log.requests()))
        for name in _LOGGING:
            if name in self.__dict__:
                lines[name] = tuple(map(str, getattr(self, name).request_log.requests))
        for number, server in enumerate(self.third_parties, 1):
            lines[f"stranger {number}"] = tuple(map(str, server.request_log.requests))
        return lines

    def close(self) -> None:
        """End them.

        Raises:
            TestbedError: the gate failed, so what the scenario showed is worth nothing.
        """
        failures = self.gate.failures if "gate" in self.__dict__ else ()
        for name in ("gate", *_LOGGING, "_unused"):
            if name in self.__dict__:
                getattr(self, name).close()
        for server in (*self.third_parties, *self.extra_servers):
            server.close()
        if failures:
            raise TestbedError(f"the gate failed: {failures[0]!r}") from failures[0]
