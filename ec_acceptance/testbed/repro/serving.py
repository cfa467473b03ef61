"""A scenario's servers again, at the same ports, as a bundle tells of them."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import functools
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.log import NotReachedError
from ec_acceptance.testbed.gate.rules import Hold, Stall
from ec_acceptance.testbed.registry.auth import Basic, Bearer
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.errors import RegistryFault
from ec_acceptance.testbed.rekor import Log, LogFaults, RekorServer
from ec_acceptance.testbed.repro.document import BundleError, Member
from ec_acceptance.testbed.repro.faults import read_match, read_nth, read_verb
from ec_acceptance.testbed.servers.blob_storage import Storage
from ec_acceptance.testbed.servers.closing import Closing
from ec_acceptance.testbed.servers.cluster import ClusterServer
from ec_acceptance.testbed.servers.git import GitServer, Repository
from ec_acceptance.testbed.servers.http import Response
from ec_acceptance.testbed.servers.proxy import SCHEMES, Proxy
from ec_acceptance.testbed.servers.third_party import ThirdParty
from ec_acceptance.testbed.signing import KeyPair

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from ec_acceptance.testbed.gate.rules import Rule
    from ec_acceptance.testbed.registry.auth import Guard
    from ec_acceptance.testbed.repro.archive import Bundle
    from ec_acceptance.testbed.servers.certificates import Authority
    from ec_acceptance.testbed.servers.request_log import RequestLog

__all__ = ["Replayed"]

_LEAF = 32  # bytes of a hash
_PATIENCE, _PAUSE = 3.0, 0.1  # seconds


class Replayed(Closing):
    """Servers, as the member `servers` of a bundle tells; all requests that they get are in their logs.

    What a scenario's steps released is released after as long a time as then.

    Attributes:
        never_released: rules that hold for good what the scenario had held and, as it failed, never released.

    Args:
        servers: of the document.
        bundle: has the contents.
        authority: signs the certificates; the validator is told to trust it.
        patience: seconds in which a validator must have asked for what is held.

    Raises:
        BundleError: a server can't be as it was, or its port is taken.
    """

    def __init__(self, servers: Member, bundle: Bundle, authority: Authority, patience: float) -> None:
        self.logs: dict[str, RequestLog] = {}
        self.never_released: list[Rule] = []
        self._bundle = bundle
        self._authority = authority
        self._patience = patience
        self._closing = threading.Event()
        self._backend = EmbeddedRegistry(reason="replayed")
        self._open: list[Any] = [self._backend]
        try:
            self.gate = self._registry(servers["registry"])
            self._start(servers)
        except BundleError:
            self.close()
            raise
        except (ValueError, TypeError, RegistryFault) as error:
            self.close()
            raise BundleError(f"its servers can't be as they were: {error}") from None

    @property
    def held_for_good(self) -> str:
        """What is being held that the scenario didn't release, since it had failed before; empty: nothing."""
        return next((str(rule.match) for rule in self.never_released if rule.held), "")

    @property
    def requests(self) -> int:
        """How many there were until now, at all servers."""
        return len(self.gate.log.requests()) + sum(len(log.requests) for log in self.logs.values())

    def close(self) -> None:
        """End them."""
        self._closing.set()
        for server in reversed(self._open):
            server.close()

    def _start(self, servers: Member) -> None:
        if (git := servers.get("git")) is not None:
            self._git(git)
        if (rekor := servers.get("rekor")) is not None:
            self._rekor(rekor)
        if (cluster := servers.get("cluster")) is not None:
            self._cluster(cluster)
        for number, one in enumerate(servers["strangers"].members(), 1):
            tls = self._authority.server if one["tls"].flag() else None
            onward = one["onward"].text()
            start = functools.partial(ThirdParty, tls=tls, onward=onward)
            stranger = self._keep(_at(one["port"], start))
            self.logs[f"stranger {number}"] = stranger.request_log
        if (nobody := servers.get("nobody")) is not None:
            self._keep(_silence(nobody))
        for one in servers["others"].members():
            self._other(one)

    def _registry(self, registry: Member) -> Gate:
        guard, tls = _guard(registry.get("guard")), self._tls(registry["names"])
        start = functools.partial(Gate, self._backend, namespace="replayed", guard=guard, tls=tls)
        gate: Gate = self._keep(_at(registry["port"], start))
        store = self._backend.store
        for name, repository in registry["repositories"].items():
            place = f"replayed/{name}"
            for digest, blob in repository["blobs"].items():
                if blob.value is not None:
                    store.put_blob(place, self._bundle.content(blob), digest=digest)
            for manifest in repository["manifests"].members():
                sha, media_type, content = (Member(one, manifest.place) for one in _three(manifest))
                if content.value is not None:
                    body = self._bundle.content(content)
                    store.put_manifest(place, body, media_type.text(), digest=sha.text(), check=False)
            for tag, tagged in repository["tags"].items():
                store.tag(place, tag, tagged.text())
        for rule in registry["rules"].members():
            self._rule(gate, rule)
        return gate

    def _rule(self, gate: Gate, rule: Member) -> None:
        verb = read_verb(rule, self._bundle)
        released = rule["released"].flag()
        if isinstance(verb, Hold) and not released:
            verb = Stall(verb.at)  # nobody let it go then
        added = gate.add_rule(verb, read_match(rule), read_nth(rule), rule["seen"].integer())
        if isinstance(verb, Stall) and rule["verb"].text() == Hold.__name__:
            self.never_released.append(added)
        if isinstance(verb, Hold):
            arguments = (added, rule["held"].seconds())
            threading.Thread(target=self._release, args=arguments, name="release", daemon=True).start()

    def _release(self, rule: Rule, after: float) -> None:
        with contextlib.suppress(NotReachedError):
            rule.wait_held(1, timeout=self._patience)
            self._closing.wait(after)
        rule.release()

    def _git(self, git: Member) -> None:
        server: GitServer = self._keep(_at(git["port"], functools.partial(GitServer, tls=self._authority.server)))
        self.logs["git"] = server.request_log
        for name, one in git["repositories"].items():
            objects = [
                (Member(kind, one.place).integer(), self._bundle.content(Member(content, one.place)))
                for kind, content in (_two(pair) for pair in one["objects"].members())
            ]
            refs = {ref.encode(): sha.text().encode() for ref, sha in one["refs"].items()}
            server.add(name, Repository.restore(one["branch"].text(), objects, refs))
        for name, file in git["files"].items():
            content, cut = self._bundle.content(file["content"]), file.get("cut")
            if cut is None:
                server.serve(name, content)
            else:
                server.serve_cut(name, content, cut.integer())

    def _rekor(self, rekor: Member) -> None:
        log = Log(_key(rekor["key"]), name=rekor["name"].text(), tree_id=rekor["tree"].integer())
        entries = {one["index"].integer(): one for one in rekor["entries"].members()}
        leaves = self._bundle.content(rekor["leaves"])
        for index in range(len(leaves) // _LEAF):
            entry = entries.get(index)
            if entry is None:
                log.add_unknown(leaves[index * _LEAF : (index + 1) * _LEAF])
                continue
            kept = entry.get("attestation")
            log.add(
                self._bundle.content(entry["body"]),
                at=entry["time"].integer(),
                attestation=None if kept is None else self._bundle.content(kept),
                found_by=entry["found_by"].texts(),
            )
        start = functools.partial(RekorServer, log, faults=_faults(rekor["faults"]))
        server = self._keep(_at(rekor["port"], start))
        self.logs["rekor"] = server.request_log

    def _cluster(self, cluster: Member) -> None:
        token, tls = cluster.get("token"), self._tls(cluster["names"])
        start = functools.partial(ClusterServer, tls=tls, token=None if token is None else token.text())
        server: ClusterServer = self._keep(_at(cluster["port"], start))
        self.logs["cluster"] = server.request_log
        for one in cluster["objects"].members():
            plural, namespace, name = (one[member].text() for member in ("plural", "namespace", "name"))
            server.load(plural, namespace, name, {key: member.value for key, member in one["object"].items()})
        for one in cluster["forbidden"].members():
            plural, namespace, name = one.texts()
            server.forbid(plural, namespace, name)

    def _other(self, one: Member) -> None:
        kind = one["kind"].text()
        if kind == "unknown":
            raise BundleError("a server of the scenario can't be served again: see left_out in repro.json")
        start: Callable[..., Any]
        if kind == "storage":
            start = functools.partial(Storage, self.gate.seed, one["repository"].text())
        elif kind == "proxy" and (scheme := one["scheme"].text()) in SCHEMES:
            start = functools.partial(Proxy, scheme, tls=self._authority.server)
        elif kind == "mirror":
            from ec_acceptance.testbed.sigstore.tuf import TUFMirror  # most scenarios have none

            files = {path: self._file(file) for path, file in one["files"].items()}
            start = functools.partial(TUFMirror, files)
        else:
            raise BundleError(f"{one.place}: there is no such server")
        self._keep(_at(one["port"], start))

    def _file(self, file: Member) -> bytes | Response | None:
        """What a mirror serves: bytes, a whole answer, or None for bytes without end."""
        if not isinstance(file.value, dict):
            return None if file.value is None else self._bundle.content(file)
        fields = tuple(_two(one) for one in file["fields"].members())
        return Response(file["status"].integer(), fields, self._bundle.content(file["content"]))

    def _tls(self, names: Member) -> SSLContext | None:
        found = names.texts()
        return self._authority.server_named(found) if found else None

    def _keep(self, server: Any) -> Any:
        self._open.append(server)
        return server


def _at(member: Member, start: Callable[..., Any]) -> Any:
    """A server at the port that the member names; others may use it for a moment, since it is one for anybody."""
    port, end = member.port(), time.monotonic() + _PATIENCE
    while True:
        try:
            return start(port=port)
        except OSError as error:
            if time.monotonic() > end:
                text = f"port {port}, at which a server was then, can't be had: {error.strerror}"
                raise BundleError(text) from None
        time.sleep(_PAUSE)


def _silence(member: Member) -> socket.socket:
    """A port at which nobody listens: bound, but it never listens; a connection that has just ended may keep it."""
    port, silent = member.port(), socket.socket()
    try:
        silent.bind(("127.0.0.1", port))
    except OSError:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), _PATIENCE):
            silent.close()
            raise BundleError(f"port {port}, at which nobody listened then, is somebody's") from None
    return silent


def _guard(guard: Member | None) -> Guard | None:
    if guard is None:
        return None
    kinds: dict[str, type[Any]] = {"Basic": Basic, "Bearer": Bearer}
    scheme = guard["scheme"].text()
    if scheme not in kinds:
        raise BundleError(f"{guard.place}.scheme: there is no such one")
    values = {}
    for one in (field for field in dataclasses.fields(kinds[scheme]) if field.init):
        value = guard.get(one.name)
        if value is not None:
            values[one.name] = tuple(value.value) if isinstance(value.value, list) else value.value
    made: Guard = kinds[scheme](**values)
    return made


def _faults(faults: Member) -> LogFaults:
    values: dict[str, Any] = {}
    known = {one.name for one in dataclasses.fields(LogFaults)}
    for name, value in faults.items():
        if name not in known:
            raise BundleError(f"{faults.place}: there is no fault {name[:80]!r}")
        if name == "key":
            values[name] = _key(value)
        elif name == "body":
            values[name] = base64.b64decode(value["base64"].text())
        else:
            values[name] = value.value
    return LogFaults(**values)


def _key(pem: Member) -> KeyPair:
    key = load_pem_private_key(pem.text().encode(), None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise BundleError(f"{pem.place} is no key of an elliptic curve")
    return KeyPair("replayed", key)


def _two(member: Member) -> tuple[Any, Any]:
    first, second = (one.value for one in member.members())
    return first, second


def _three(member: Member) -> tuple[Any, Any, Any]:
    first, second, third = (one.value for one in member.members())
    return first, second, third
