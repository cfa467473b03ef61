"""HTTP/1.1 over kept connections, for many threads, ended by the deadline.

It is built on `http.client` because that loads in a third of the time of the larger libraries, and the whole command
takes 0.2 s. Reads have no time limit of their own: at the deadline every open socket is shut down, which wakes whoever
reads from it.
"""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from refimpl.oci.errors import LimitExceededError, RegistryError, TransferError, UnreachableError
from refimpl.oci.proxy import proxy_for
from refimpl.oci.tls import client_context, failure_text, probe_context

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from refimpl.deadline import Deadline

__all__ = ["Origin", "Response", "Transport", "address_of"]

_CONNECT_SECONDS = 30.0
_IDLE_PER_ORIGIN = 64
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 10
_ATTEMPTS = 2
_DRAIN = 1 << 16

Origin = tuple[str, str, int]
"""Scheme, host without brackets, port."""


class Response:
    """An answer whose body is still to be read. Close it: a body that was read to its end keeps the connection."""

    def __init__(
        self, transport: Transport, connection: http.client.HTTPConnection, origin: Origin, method: str, url: str
    ) -> None:
        self._transport = transport
        self._connection: http.client.HTTPConnection | None = connection
        self._origin = origin
        self.method = method
        self.url = url
        self._raw = connection.getresponse()
        self.status: int = self._raw.status
        self._left: int | None = self._raw.length  # None: chunked, or until the connection ends
        self._complete = self._left == 0

    def header(self, name: str) -> str:
        """A header field's value; empty when missing."""
        return self._raw.getheader(name) or ""

    def headers(self, name: str) -> list[str]:
        """The values of all header fields of this name, in their order."""
        return self._raw.msg.get_all(name, [])

    @property
    def content_length(self) -> int | None:
        """What the header says, also of a HEAD; None without one."""
        text = self.header("Content-Length").strip()
        return int(text) if text.isdecimal() else None

    def read(self, size: int) -> bytes:
        """What has come of the body, at least one byte and at most `size`; empty only at the body's true end.

        Raises:
            TransferError: the connection broke before the end.
            TimeoutExceededError: the deadline passed.
        """
        if self._complete or size == 0:
            return b""
        try:
            data = self._raw.read1(size if self._left is None else min(size, self._left))
            if not data and self._left:  # http.client takes an early end for the end
                raise http.client.IncompleteRead(b"", self._left)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._discard()
            raise self._transport.broken(self.method, self.url, error) from error
        if self._left is not None:
            self._left -= len(data)
        self._complete = self._left == 0 if data else True
        return data

    def read_all(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            LimitExceededError: it has more than `limit` bytes.
            TransferError: the connection broke before the end.
        """
        parts: list[bytes] = []
        room = limit
        while data := self.read(min(room + 1, 1 << 18)):
            room -= len(data)
            if room < 0:
                self._discard()
                raise LimitExceededError(f"{self.method.upper()} {self.url}: the answer is larger than {limit} bytes")
            parts.append(data)
        return b"".join(parts)

    def close(self) -> None:
        """Give the connection back, or close it when the body wasn't read to its end."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self._raw.close()
        if self._complete and connection.sock is not None:
            self._transport.keep(self._origin, connection)
        else:
            self._transport.drop(connection)

    def drain(self) -> None:
        """Read a short rest, so that the connection can be kept; close it otherwise."""
        try:
            for _ in range(4):
                if not self.read(_DRAIN):
                    break
        except RegistryError:
            pass
        finally:
            self.close()

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._raw.close()
            self._transport.drop(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Transport:
    """Connections to any number of origins. Thread-safe; one for a run."""

    def __init__(self, environ: Mapping[str, str], deadline: Deadline, *, user_agent: str) -> None:
        self._environ = environ
        self._deadline = deadline
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._idle: dict[Origin, list[http.client.HTTPConnection]] = {}
        self._live: dict[http.client.HTTPConnection, socket.socket] = {}
        self._context: ssl.SSLContext | None = None
        self._watch: threading.Timer | None = None
        self._closed = False

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that proxies and trust are taken from."""
        return self._environ

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        authorization: str = "",
        body: bytes | None = None,
        follow: bool = True,
    ) -> Response:
        """Send one request and give the answer's head, after redirects unless `follow` is false; any status.

        `authorization` goes to the origin of `url` only, never to another one that it redirects to.

        Raises:
            UnreachableError: no connection.
            TransferError: the connection broke before the answer; GET and HEAD were repeated once, and any request
                once more on a new connection if a kept one turned out to be closed.
            TimeoutExceededError: the deadline passed.
        """
        first = address_of(url)
        for _ in range(_MOST_REDIRECTS + 1):
            sent = dict(headers or {})
            if authorization and address_of(url) == first:
                sent["Authorization"] = authorization
            response = self._send(method, url, sent, body)
            location = response.header("Location")
            if not follow or response.status not in _REDIRECTS or not location or method not in {"GET", "HEAD"}:
                return response
            response.drain()
            url = urljoin(url, location)
            if urlsplit(url).scheme not in {"http", "https"}:
                raise UnreachableError(f'{_verb(method)} "{url}": unsupported protocol scheme')
        raise UnreachableError(f'{_verb(method)} "{url}": stopped after {_MOST_REDIRECTS} redirects')

    def speaks_tls(self, host: str, port: int, seconds: float) -> str:
        """Find out whether a server speaks TLS; nothing is sent and no certificate is looked at.

        Returns:
            Empty when it does; else why it doesn't seem so, such as ``tls: first record does not look like …``.
        """
        try:
            with (
                socket.create_connection((host, port), self._deadline.bounded(seconds)) as plain,
                probe_context().wrap_socket(plain, server_hostname=host),
            ):
                return ""
        except OSError as error:
            return _dial_text(error, host, port)

    def close(self) -> None:
        """Close every connection; what is being read breaks."""
        with self._lock:
            self._closed = True
            idle = [connection for kept in self._idle.values() for connection in kept]
            self._idle.clear()
            for connection in idle:
                self._live.pop(connection, None)
            sockets = list(self._live.values())
            watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
        for connection in idle:
            connection.close()
        for sock in sockets:  # whoever reads from them closes them
            _shut(sock)

    def keep(self, origin: Origin, connection: http.client.HTTPConnection) -> None:
        """Take a connection back for later requests."""
        with self._lock:
            idle = self._idle.setdefault(origin, [])
            if not self._closed and len(idle) < _IDLE_PER_ORIGIN:
                idle.append(connection)
                return
        self.drop(connection)

    def drop(self, connection: http.client.HTTPConnection) -> None:
        """Close a connection for good."""
        with self._lock:
            self._live.pop(connection, None)
        connection.close()

    def broken(self, method: str, url: str, error: Exception) -> Exception:
        """What a failure in the midst of an exchange is for the caller."""
        if self._deadline.expired:
            return self._deadline.exceeded()
        return TransferError(f'{_verb(method)} "{url}": {_read_text(error)}')

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        origin = address_of(url)
        headers.setdefault("User-Agent", self._user_agent)
        attempts, fresh_only = _ATTEMPTS, False
        while True:
            connection, fresh = self._connection(method, url, origin, fresh_only=fresh_only)
            try:
                return self._request(connection, method, url, origin, headers, body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.drop(connection)
                # A kept connection that the server has closed meanwhile says nothing about this request.
                stale = not fresh and isinstance(error, ConnectionError | ssl.SSLEOFError)
                fresh_only = True
                attempts -= 0 if stale else 1
                if attempts <= 0 or (body is not None and not stale) or self._deadline.expired:
                    raise self.broken(method, url, error) from error

    def _request(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        url: str,
        origin: Origin,
        headers: dict[str, str],
        body: bytes | None,
    ) -> Response:
        split = urlsplit(url)
        target = (split.path or "/") + (f"?{split.query}" if split.query else "")
        proxy = proxy_for(*origin, self._environ)
        if proxy and origin[0] == "http":
            target = url
            if proxy.authorization:
                headers = {**headers, "Proxy-Authorization": proxy.authorization}
        connection.request(method, target, body, headers)
        return Response(self, connection, origin, method, url)

    def _connection(
        self, method: str, url: str, origin: Origin, *, fresh_only: bool
    ) -> tuple[http.client.HTTPConnection, bool]:
        self._deadline.check()
        while not fresh_only:
            with self._lock:
                idle = self._idle.get(origin)
                kept = idle.pop() if idle else None
            if kept is None:
                break
            if not _has_news(kept.sock):
                return kept, False
            self.drop(kept)
        scheme, host, port = origin
        proxy = proxy_for(scheme, host, port, self._environ)
        seconds = self._deadline.bounded(_CONNECT_SECONDS)
        to_host, to_port = (proxy.host, proxy.port) if proxy else (host, port)
        connection: http.client.HTTPConnection
        if scheme == "https":
            connection = http.client.HTTPSConnection(to_host, to_port, timeout=seconds, context=self._trust())
            if proxy:
                credentials = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
                connection.set_tunnel(host, port, credentials)
        else:
            connection = http.client.HTTPConnection(to_host, to_port, timeout=seconds)
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._deadline.check()
            raise UnreachableError(f'{_verb(method)} "{url}": {_dial_text(error, to_host, to_port)}') from error
        connection.sock.settimeout(None)
        with self._lock:
            if not self._closed:
                self._live[connection] = connection.sock  # http.client forgets it when the server will close
                self._start_watch()
                return connection, True
        connection.close()
        raise UnreachableError(f'{_verb(method)} "{url}": the client is closed')

    def _trust(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = client_context(self._environ)
            return self._context

    def _start_watch(self) -> None:
        if self._watch is not None:
            return
        left = self._deadline.remaining()
        if left is not None:
            self._watch = threading.Timer(left, self._expire)
            self._watch.daemon = True
            self._watch.start()

    def _expire(self) -> None:
        with self._lock:
            sockets = list(self._live.values())
        for sock in sockets:
            _shut(sock)


def address_of(url: str) -> Origin:
    """Where a URL leads.

    Raises:
        UnreachableError: it has no host, or a port that is none.
    """
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        port = -1
    if port == -1 or not split.hostname:
        raise UnreachableError(f'parse "{url}": invalid address')
    return split.scheme, split.hostname, port or (443 if split.scheme == "https" else 80)


def _has_news(sock: socket.socket) -> bool:
    """Whether something came though nothing was asked: the end, as a rule, and in no case an answer."""
    if sock.fileno() < 0:
        return True
    if not hasattr(select, "poll"):  # Windows, where `select` takes any handle
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _shut(sock: socket.socket) -> None:
    try:
        # Of a TLS socket too only the TCP connection: its reader, in another thread, then sees the end.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return


def _verb(method: str) -> str:
    return method.capitalize()


def _dial_text(error: Exception, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {host}: no such host"
    if isinstance(error, ssl.SSLError):
        return failure_text(error)
    if isinstance(error, http.client.HTTPException) or (isinstance(error, OSError) and error.errno is None):
        return "i/o timeout" if isinstance(error, TimeoutError) else str(error) or "EOF"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return _read_text(error)
    reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return f"dial tcp {_resolved(host)}:{port}: connect: {reason.lower()}"


def _resolved(host: str) -> str:
    try:
        address = str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        address = host
    return f"[{address}]" if ":" in address else address


def _read_text(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "unexpected EOF"
    if isinstance(error, http.client.RemoteDisconnected):
        return "EOF"
    if isinstance(error, ssl.SSLError):
        return failure_text(error)
    if isinstance(error, ConnectionResetError):
        return "read: connection reset by peer"
    if isinstance(error, BrokenPipeError):
        return "write: broken pipe"
    if isinstance(error, http.client.BadStatusLine):
        return "malformed HTTP response"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
