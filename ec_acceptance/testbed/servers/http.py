"""A small threaded HTTP/1.1 server for the testbed's services, with a hold on the wire for faults.

A service is a function from `Request` to `Response`. Bodies are bytes, or any iterable of bytes. A response may bring
its own `writer`, which then gets the bare `Wire` and decides each byte that leaves: the gate's faults are made so.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from ec_acceptance.testbed.servers.closing import Closing

if TYPE_CHECKING:
    import ssl

__all__ = ["Body", "Handler", "Headers", "Request", "Response", "Server", "Wire", "slices"]

_CHUNK = 1 << 20
_SMALL = 1 << 16
_NO_CONTENT, _NOT_MODIFIED = 204, 304
_SIOCOUTQ = 0x5411  # linux/sockios.h: bytes that the peer's kernel has not acknowledged yet
_READING_PAUSE = 0.3
_TLS_HANDSHAKE = b"\x16"
_FAREWELL = 5.0

Body = bytes | memoryview | Iterable[bytes | memoryview]


class Headers(Mapping[str, str]):
    """Header fields by name, whatever the case of its letters; the last of equal names counts."""

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items = {name.lower(): value for name, value in items}

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `path` is percent-encoded as received and has no query; `query` is decoded; `secure` means TLS."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    raw_query: str = ""
    secure: bool = False


class Wire:
    """The connection's sending side, for writers that decide each byte."""

    def __init__(self, handler: _Exchange) -> None:
        self._handler = handler

    def head(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Send the status line and the header fields, together with the first bytes of the body or at `flush`."""
        handler = self._handler
        handler.send_response_only(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes of the body now."""
        out = self._handler.wfile
        if len(data) < _SMALL:
            out.write(data)
            out.flush()
        else:
            out.flush()
            self._handler.connection.sendall(data)

    def flush(self) -> None:
        """Send what a bare `head` left waiting."""
        self._handler.wfile.flush()

    def drain(self, limit: float = 1.0) -> None:
        """Return when the peer's kernel has everything that was sent, or after `limit` seconds.

        Only Linux tells; elsewhere this is a pause of 0.3 s, the time a peer that is reading needs.
        """
        connection = self._handler.connection
        if sys.platform != "linux":
            threading.Event().wait(_READING_PAUSE)
            return
        import fcntl  # absent on Windows

        end = time.monotonic() + limit
        unsent = b"\0\0\0\0"
        while time.monotonic() < end:
            try:
                unsent = fcntl.ioctl(connection.fileno(), _SIOCOUTQ, b"\0\0\0\0")
            except OSError:
                return
            if not any(unsent):
                return
            threading.Event().wait(0.0005)  # the kernel offers nothing to wait on

    @property
    def peer_gone(self) -> bool:
        """Whether the peer has ended its side or the connection is broken."""
        connection = self._handler.connection
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(connection, selectors.EVENT_READ)
                readable = bool(selector.select(0))
            # An SSLSocket refuses to peek; beneath TLS the answer is the same.
            return readable and not socket.socket.recv(connection, 1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True

    def close(self) -> None:
        """End the connection in an orderly way after this response."""
        self._handler.close_connection = True

    def reset(self, *, drained: bool = True) -> None:
        """Abort the connection (TCP RST) once the writer returns; if `drained`, what was sent arrives first."""
        with contextlib.suppress(OSError):
            self._handler.wfile.flush()
        if drained:
            self.drain()
        with contextlib.suppress(OSError):
            self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handler.aborted = self._handler.close_connection = True


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. Without a `Content-Length` among `headers`, bytes get theirs and an iterable is sent chunked."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = b""
    writer: Callable[[Wire], None] | None = None


Handler = Callable[[Request], Response]


class Server(Closing):
    """Serves one `Handler` on a loopback port, a thread a connection, until closed.

    `failures` collects what handlers raised by mistake; the peer gets a 500 where nothing was sent yet.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str = "http",
    ) -> None:
        self.handler = handler
        self.failures: list[Exception] = []
        self._tls = tls
        self._listener = socket.create_server((host, port), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"{host}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        self._name = f"{name}:{self.port}"
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, name=self._name, daemon=True)
        self._thread.start()

    @property
    def secure(self) -> bool:
        """Whether it speaks TLS."""
        return self._tls is not None

    def close(self) -> None:
        """Stop listening, drop the open connections and wait for their threads."""
        if self._closing.is_set():
            return
        self._closing.set()
        with contextlib.suppress(OSError):  # accept() cannot be interrupted everywhere, so it gets something to accept
            socket.create_connection(self._listener.getsockname()[:2], timeout=_FAREWELL).close()
        self._thread.join(_FAREWELL)
        self._listener.close()
        with self._lock:
            connections = dict(self._open)
        for connection in connections.values():
            with contextlib.suppress(OSError):  # an SSLSocket's own shutdown would pull its state from under its thread
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        end = time.monotonic() + _FAREWELL
        for thread in connections:
            if thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, peer = self._listener.accept()
            except OSError:  # no descriptor left, or a peer that left already
                self._closing.wait(0.05)
                continue
            thread = threading.Thread(target=self._converse, args=(connection, peer), name=self._name, daemon=True)
            with self._lock:
                self._open[thread] = connection
            thread.start()

    def _converse(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        me = threading.current_thread()
        aborted = self._closing.is_set()
        try:
            if not aborted:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                    with self._lock:
                        self._open[me] = connection
                aborted = _Exchange(connection, peer, self).aborted
        except (OSError, ValueError):
            pass  # a peer that goes away, sends garbage or never speaks TLS is an ordinary event here
        finally:
            if not aborted:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_WR)
            connection.close()
            with self._lock:
                self._open.pop(me, None)


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    aborted = False

    def __init__(self, connection: socket.socket, peer: tuple[str, int], service: Server) -> None:
        self.service = service
        # The base class asks for a socketserver only to hand it on to subclasses.
        super().__init__(connection, peer, cast("Any", service))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Services keep their own log."""
        del format, args

    def handle_expect_100(self) -> bool:
        """Send the interim answer at once: the base class leaves it in the buffer."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def handle(self) -> None:
        """Serve requests until either side ends; a TLS greeting on a plain port is refused as Go's server does."""
        if not self.service.secure and self.connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            self.connection.recv(_SMALL)  # closing with unread bytes would reset the connection and lose the answer
            self.connection.sendall(b"HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nnot a TLS server\n")
            return
        super().handle()

    def _serve(self) -> None:
        split = urlsplit(self.path)
        request = Request(
            self.command,
            split.path,
            dict(parse_qsl(split.query, keep_blank_values=True)),
            Headers(self.headers.items()),
            self._body(),
            split.query,
            self.service.secure,
        )
        wire = Wire(self)
        try:
            response = self.service.handler(request)
        except Exception as error:  # noqa: BLE001  # a service's mistake is kept and shown, whatever it is
            self.service.failures.append(error)
            response = Response(500, (("Content-Type", "text/plain"),), f"{error!r}\n".encode())
        try:
            if response.writer is not None:
                response.writer(wire)
            else:
                self._send(wire, response)
        except OSError:
            self.close_connection = True  # the peer has gone
        except Exception as error:  # noqa: BLE001  # as above
            self.service.failures.append(error)
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  # names are the base class's

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self._exactly(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self._exactly(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _exactly(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionError("the request's body ended early")
        return data

    def _send(self, wire: Wire, response: Response) -> None:
        body = response.body
        size = len(body) if isinstance(body, bytes | memoryview) else None
        headers = list(response.headers)
        names = {name.lower() for name, _ in headers}
        bodiless = self.command == "HEAD" or response.status in {_NO_CONTENT, _NOT_MODIFIED}
        chunked = size is None and "content-length" not in names and not bodiless
        if chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        elif size is not None and "content-length" not in names and response.status != _NO_CONTENT:
            headers.append(("Content-Length", str(size)))
        wire.head(response.status, headers)
        if not bodiless:
            for part in slices(body):
                wire.write(b"%x\r\n%b\r\n" % (len(part), bytes(part)) if chunked else part)
            if chunked:
                wire.write(b"0\r\n\r\n")
        wire.flush()


def slices(body: Body) -> Iterator[bytes | memoryview]:
    """The body in pieces of at most 1 MiB, none of them empty, without copying."""
    for part in (body,) if isinstance(body, bytes | memoryview) else body:
        view = memoryview(part)
        for at in range(0, len(view), _CHUNK):
            yield view[at : at + _CHUNK]
