"""The gate: a scenario's own door to a shared registry, with a log of the requests and the scenario's own faults."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Unpack

from ec_acceptance.testbed.gate.contents import Contents
from ec_acceptance.testbed.gate.log import Log, Match, RequestFilter
from ec_acceptance.testbed.gate.namespace import Namespace
from ec_acceptance.testbed.gate.rules import Rule, Verb
from ec_acceptance.testbed.gate.transfer import Transfer
from ec_acceptance.testbed.registry.repository import Repository
from ec_acceptance.testbed.servers.closing import Closing
from ec_acceptance.testbed.servers.http import Response, Server

if TYPE_CHECKING:
    import ssl

    from ec_acceptance.testbed.gate.log import Exchange
    from ec_acceptance.testbed.registry.auth import Guard
    from ec_acceptance.testbed.registry.backend import Backend
    from ec_acceptance.testbed.servers.http import Request, Wire

__all__ = ["Gate"]


class Gate(Closing):
    """Serves `backend` on a port of its own, in a namespace of its own, until closed.

    `url` and `address` (`127.0.0.1:port`) lead to it, `log` tells what came. A `guard` asks for credentials and `tls`
    speaks TLS, whatever the back end does. Two gates with one `namespace` show the same repositories.
    With `forget`, closing drops what was stored; that is so by default where no `namespace` is given.
    `seed` is a way in past log, rules and guard; `repository` gives its ordinary use. `contents` has the
    names of what was stored, by either way.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        namespace: str | None = None,
        forget: bool | None = None,
        guard: Guard | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.backend = backend
        self.namespace = namespace or f"s{secrets.token_hex(8)}"
        self.log = Log()
        self.contents = Contents()
        self.seed = self.contents.over(Namespace(self.namespace).over(backend.handle))
        self._forget = namespace is None if forget is None else forget
        self._forward = guard.over(self.seed) if guard else self.seed
        self.guard = guard
        self._rules: list[Rule] = []
        self._wires: dict[int, Wire] = {}
        self._server = Server(self._handle, tls=tls, port=port, name="gate")
        self.url = self._server.url
        self.address = self._server.address

    @property
    def failures(self) -> tuple[Exception, ...]:
        """What went wrong in the testbed itself: a rule that didn't fit, a back end that wasn't reached."""
        return tuple(self._server.failures)

    def add(self, verb: Verb, *, nth: int | range | None = None, **wanted: Unpack[RequestFilter]) -> Rule:
        """Put a verb in force for requests from now on; those of method GET unless `method` says otherwise.

        Several rules on one request are all carried out, those of one place in the order in which they were added.
        """
        wanted.setdefault("method", "GET")
        return self.add_rule(verb, Match(**wanted), nth)

    def add_rule(self, verb: Verb, match: Match, nth: int | range | None, seen: int = 0) -> Rule:
        """Put a verb in force for requests that match; `seen` of them count as having come before."""
        rule = Rule(verb, match, nth, self.log, seen=seen)
        with self.log.changed:
            self._rules.append(rule)
        return rule

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force."""
        with self.log.changed:
            return tuple(self._rules)

    def remove(self, rule: Rule) -> None:
        """Remove a rule and release what it holds."""
        with self.log.changed:
            self._rules.remove(rule)
        rule.release()

    def held(self) -> tuple[Exchange, ...]:
        """The exchanges that a rule has stopped and whose client is still there."""
        with self.log.changed:
            stopped = [(exchange, self._wires.get(exchange.number)) for exchange in self.log.requests()]
        return tuple(
            exchange
            for exchange, wire in stopped
            if exchange.state == "held" and wire is not None and not wire.peer_gone
        )

    def release(self) -> None:
        """Release every rule."""
        with self.log.changed:
            rules = list(self._rules)
        for rule in rules:
            rule.release()

    def repository(self, name: str) -> Repository:
        """The repository `name`, for putting things in and looking at them without a trace in the log."""
        return Repository(self.seed, name)

    def close(self) -> None:
        """Drop all connections, held ones too, and perhaps what was stored (see `forget`)."""
        self.log.close()
        self._server.close()
        if self._forget:
            self.backend.forget(self.namespace)

    def _handle(self, request: Request) -> Response:
        with self.log.changed:  # arrival and counting are one step, so that the nth request is the nth in the log
            exchange = self.log.open(request)
            rules = tuple(rule for rule in self._rules if rule.take(exchange))
        transfer = Transfer(exchange, request, self._forward, rules, self.log)

        def write(wire: Wire) -> None:
            self._wires[exchange.number] = wire
            try:
                transfer.run(wire)
            finally:
                del self._wires[exchange.number]

        return Response(0, writer=write)
