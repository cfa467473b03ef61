"""A validator that answers requests over HTTP, and clients of it: polite ones, and others."""

from __future__ import annotations

import http.client
import json
import random
import select
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ec_acceptance.testbed.validator.process import Running

__all__ = ["JUDGED", "Connection", "Reply", "Service", "free_port", "request", "reserve_port"]

JUDGED = "/v1/validate/input"
_PAUSE = 0.02
_PORTS = range(20_000, 32_000)


def reserve_port() -> socket.socket:
    """A socket whose port is one on which a server can listen; below those that clients are given by the system.

    It is UDP's, of which servers know nothing; who looks for a port in the same way meanwhile finds another one.

    Raises:
        OSError: none was found.
    """
    for port in random.sample(_PORTS, 100):
        reservation = socket.socket(type=socket.SOCK_DGRAM)
        try:
            reservation.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            continue
        return reservation
    raise OSError("no port is free")


def free_port() -> int:
    """Such a port that isn't kept: for programs that know this by its former name."""
    with reserve_port() as reservation:
        port: int = reservation.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request was answered; `fields` have names in lower case."""

    status: int
    fields: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON.

        Raises:
            AssertionError: it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise AssertionError(f"the answer isn't JSON: {self}") from None

    @property
    def codes(self) -> list[str]:
        """The codes of all violations in the report.

        Raises:
            AssertionError: the answer is no report.
        """
        assert self.status == 200, f"no report, but {self}"
        files = self.document.get("filepaths") or []
        return [result["metadata"]["code"] for file in files for result in file["violations"]]

    def __str__(self) -> str:
        fields = ", ".join(f"{name}: {value}" for name, value in self.fields.items())
        return f"{self.status} ({fields}) {self.body[:2000]!r}"


class Connection:
    """A client's connection. Whatever breaks it is in the reply: status 0."""

    def __init__(self, port: int, seconds: float) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = _Answers(self._socket)

    def send(self, data: bytes) -> bool:
        """Whether the server took it all."""
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def send_until_answered(self, piece: bytes, limit: int) -> int:
        """Send the same bytes over and over, at most `limit` in all, until an answer begins; how many were sent."""
        sent = 0
        while sent < limit and not self.is_answered(0):
            if not select.select([], [self._socket], [], _PAUSE)[1]:
                continue
            try:
                sent += self._socket.send(piece[sent % len(piece) :])
            except OSError:
                break
        return sent

    def is_answered(self, seconds: float) -> bool:
        """Whether there is something to read, or an end, after so many seconds at most."""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def reply(self, method: str = "GET") -> Reply:
        """Read one answer; the status is 0 when there is none."""
        response = http.client.HTTPResponse(self._file, method=method)  # type: ignore[arg-type]  # all that it uses
        try:
            response.begin()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, fields, response.read())
        except (OSError, http.client.HTTPException) as error:
            return Reply(0, {}, repr(error).encode())

    def close(self) -> None:
        """Release it."""
        self._socket.close()


class _Answers:
    """What comes from a socket, for several responses one after another: each closes what it reads from."""

    def __init__(self, source: socket.socket) -> None:
        self._file = source.makefile("rb")
        self.readline, self.read, self.readinto = self._file.readline, self._file.read, self._file.readinto

    def makefile(self, _: str) -> _Answers:
        """What a response reads from."""
        return self

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """Stay open."""


class Service:
    """A validator that was started to answer requests.

    Args:
        running: its process.
        reservation: of the port on which it listens.
        seconds: after which an answer that doesn't come is given up.
    """

    def __init__(self, running: Running, reservation: socket.socket, seconds: float) -> None:
        self.running = running
        self.port: int = reservation.getsockname()[1]
        self._reservation = reservation
        self.replies: list[Reply] = []
        self.connections: list[Connection] = []
        self._seconds = seconds
        self._asking: dict[str, tuple[threading.Thread, list[Reply]]] = {}

    def connect(self) -> Connection:
        """A new connection, which stays open until the scenario's end unless somebody closes it."""
        connection = Connection(self.port, self._seconds)
        self.connections.append(connection)
        return connection

    def is_ready(self) -> bool:
        """Whether ``GET /ready`` says so."""
        try:
            return self.ask("GET", "/ready").status == 200
        except OSError:
            return False

    def wait_until_ready(self) -> None:
        """Return when it says that it is ready.

        Raises:
            AssertionError: it ended, or didn't say so in time.
        """
        self.wait_for(self.is_ready, "its being ready")

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Return when the condition holds.

        Raises:
            AssertionError: the validator ended, or it doesn't come about in time.
        """
        until = time.monotonic() + self._seconds
        while not condition():
            assert self.running.alive, f"the validator ended before {what}"
            assert time.monotonic() < until, f"{what} didn't come about"
            time.sleep(_PAUSE)

    def ask(self, method: str, path: str, content_type: str = "", body: bytes = b"") -> Reply:
        """Send a whole request on a connection of its own, and read the answer."""
        connection = Connection(self.port, self._seconds)
        try:
            connection.send(request(method, path, content_type, body))
            return connection.reply(method)
        finally:
            connection.close()

    def judge(self, body: bytes, content_type: str = "application/json") -> Reply:
        """Have an input judged."""
        return self.ask("POST", JUDGED, content_type, body)

    def begin_to_ask(self, name: str, call: Callable[[], Reply]) -> None:
        """Ask in a thread of its own; `asked` gives the reply."""
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(call()), name=f"client {name}", daemon=True)
        thread.start()
        self._asking[name] = thread, replies

    def asked(self, name: str) -> Reply:
        """The reply to what `begin_to_ask` asked."""
        thread, replies = self._asking.pop(name)
        thread.join(self._seconds)
        return replies[0] if replies else Reply(0, {}, b"no answer")

    def is_asking(self, name: str) -> bool:
        """Whether this client still waits for its reply."""
        return self._asking[name][0].is_alive()

    def close(self) -> None:
        """Close all connections that are still open, and give back the port."""
        for connection in self.connections:
            connection.close()
        self._reservation.close()


def request(method: str, path: str, content_type: str = "", body: bytes = b"", more: Iterable[str] = ()) -> bytes:
    """A request's bytes; with a length if there is a body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *more]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
