"""A log's HTTP interface: one address and one request log a scenario, on a log that all share; faults on request.

Source: specification 20 §7, specification 30 §6; Rekor's OpenAPI document.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.rekor.entries import canonicalize, extract_payload
from ec_acceptance.testbed.servers.closing import Closing
from ec_acceptance.testbed.servers.http import Response, Server
from ec_acceptance.testbed.servers.request_log import RequestLog

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ec_acceptance.testbed.rekor.log import Log, LogEntry
    from ec_acceptance.testbed.servers.http import Request
    from ec_acceptance.testbed.signing.keys import KeyPair

__all__ = ["NO_FAULTS", "LogFaults", "RekorServer"]

_API = "/api/v1/log"
_INDEX = "/api/v1/index/retrieve"
_BAD_REQUEST, _NOT_FOUND, _CONFLICT = 400, 404, 409


@dataclass(frozen=True, slots=True)
class LogFaults:
    """How answers differ from correct ones; the defaults are no faults."""

    wrong_root: bool = False
    no_proof: bool = False
    bad_timestamp: bool = False
    """The signed entry timestamp is of another time."""
    wrong_uuid: bool = False
    key: KeyPair | None = None
    """Signs in place of the log's key, under its own log id."""
    empty: bool = False
    """Searches find nothing."""
    status: int | None = None
    """Every answer is this one, whatever was asked."""
    body: bytes | None = None
    """Of an answer with `status`; an error object by default."""
    content_type: str = "application/json"
    """Of every answer."""
    times: int | None = None
    """The number of requests that get a faulty answer; None for all of them."""


NO_FAULTS = LogFaults()


class RekorServer(Closing):
    """Serves a log. `faults` may be set at any time."""

    def __init__(
        self, log: Log, *, faults: LogFaults = NO_FAULTS, tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self.log = log
        self.request_log = RequestLog()
        self._faults = faults
        self._answered = 0
        self._lock = threading.Lock()
        self._server = Server(self.request_log.record(self._answer), tls=tls, port=port, name="rekor")
        self.url = self._server.url

    @property
    def faults(self) -> LogFaults:
        """How answers differ from correct ones from now on."""
        return self._faults

    @faults.setter
    def faults(self, faults: LogFaults) -> None:
        with self._lock:
            self._faults, self._answered = faults, 0

    def close(self) -> None:
        """Stop serving; the log stays."""
        self._server.close()

    def _answer(self, request: Request) -> Response:
        with self._lock:
            spent = self._faults.times is not None and self._answered >= self._faults.times
            faults = NO_FAULTS if spent else self._faults
            self._answered += 1
        return _Exchange(self.log, faults).answer(request)


@dataclass(frozen=True, slots=True)
class _Exchange:
    log: Log
    faults: LogFaults

    def answer(self, request: Request) -> Response:
        routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", f"{_API}/entries/retrieve"): self._retrieve,
            ("POST", f"{_API}/entries"): self._create,
            ("POST", _INDEX): self._search,
            ("GET", f"{_API}/entries"): self._by_index,
            ("GET", _API): self._info,
            ("GET", f"{_API}/publicKey"): self._public_key,
            ("GET", f"{_API}/proof"): self._proof,
        }
        if self.faults.status is not None:
            return self._fail(self.faults.status)
        route = routes.get((request.method, request.path))
        try:
            if route is not None:
                return route(request)
            if request.method == "GET" and request.path.startswith(f"{_API}/entries/"):
                return self._answer_with(self.log.by_uuid(request.path.removeprefix(f"{_API}/entries/")))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return self._refuse(_BAD_REQUEST, str(error))
        return self._refuse(_NOT_FOUND, f"path {request.path} was not found")

    def _retrieve(self, request: Request) -> Response:
        asked = json.loads(request.body)
        found = [self.log.by_uuid(uuid) for uuid in asked.get("entryUUIDs") or ()]
        found += [self.log.by_index(index) for index in asked.get("logIndexes") or ()]
        found += [self.log.find(canonicalize(proposed)) for proposed in asked.get("entries") or ()]
        return self._json(200, [] if self.faults.empty else [self._name_entry(entry) for entry in found if entry])

    def _create(self, request: Request) -> Response:
        proposed = json.loads(request.body)
        body = canonicalize(proposed)
        known = self.log.find(body)
        entry = self.log.add(body, attestation=extract_payload(proposed))
        uuid = self.log.uuid(entry)
        place = ("Location", f"{_API}/entries/{uuid}")
        if known:
            text = f"an equivalent entry already exists in the transparency log with UUID {uuid}"
            return self._refuse(_CONFLICT, text, place)
        return self._json(201, self._name_entry(entry), place, ("ETag", uuid))

    def _search(self, request: Request) -> Response:
        found = self.log.search(json.loads(request.body)["hash"])
        return self._json(200, [] if self.faults.empty else [self.log.uuid(entry) for entry in found])

    def _by_index(self, request: Request) -> Response:
        return self._answer_with(self.log.by_index(int(request.query["logIndex"])))

    def _answer_with(self, entry: LogEntry | None) -> Response:
        if entry is None or self.faults.empty:
            return self._refuse(_NOT_FOUND, "entry not found")
        return self._json(200, self._name_entry(entry))

    def _info(self, request: Request) -> Response:
        del request
        size = self.log.size
        head = {
            "inactiveShards": [],
            "rootHash": self.log.root(size),
            "signedTreeHead": self.log.checkpoint(size, key=self.faults.key),
            "treeID": str(self.log.tree_id),
            "treeSize": size,
        }
        return self._json(200, head)

    def _public_key(self, request: Request) -> Response:
        del request
        pem = (self.faults.key or self.log.key).public_pem
        return Response(200, (("Content-Type", "application/x-pem-file"),), pem.encode())

    def _proof(self, request: Request) -> Response:
        first, last = int(request.query.get("firstSize", "1")), int(request.query["lastSize"])
        return self._json(200, {"hashes": self.log.consistency(first, last), "rootHash": self.log.root(last)})

    def _name_entry(self, entry: LogEntry) -> dict[str, Any]:
        shown = self.log.describe(entry, key=self.faults.key)
        verification = shown["verification"]
        if self.faults.wrong_root:
            verification["inclusionProof"]["rootHash"] = _flip(verification["inclusionProof"]["rootHash"])
        if self.faults.bad_timestamp:
            shown["integratedTime"] += 1
        if self.faults.no_proof:
            del verification["inclusionProof"]
        uuid = self.log.uuid(entry)
        return {_flip(uuid) if self.faults.wrong_uuid else uuid: shown}

    def _json(self, status: int, document: Any, *headers: tuple[str, str]) -> Response:
        body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        return Response(status, (("Content-Type", self.faults.content_type), *headers), body)

    def _fail(self, status: int) -> Response:
        if self.faults.body is None:
            return self._refuse(status, "There was an error communicating with the log")
        return Response(status, (("Content-Type", self.faults.content_type),), self.faults.body)

    def _refuse(self, status: int, message: str, *headers: tuple[str, str]) -> Response:
        return self._json(status, {"code": status, "message": message}, *headers)


def _flip(text: str) -> str:
    """The text with another last hex digit."""
    return text[:-1] + format(int(text[-1], 16) ^ 1, "x")
