"""A small threaded HTTP/1.1 server for the testbed's services, with a hold on the wire for faults.

A service is a function from `Request` to `Response`. Bodies are bytes, or any iterable of bytes. A response may bring
its own `writer`, which then gets the bare `Wire` and decides each byte that leaves: the gate's faults are made so.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

__all__ = ["Handler", "Headers", "Request", "Response", "Server", "Wire"]

_CHUNK = 1 << 20
_NO_CONTENT, _NOT_MODIFIED = 204, 304


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
    """One request: `path` is percent-encoded as received and has no query; `query` is decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    raw_query: str = ""


class Wire:
    """The connection's sending side, for writers that decide each byte."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler

    def head(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Send the status line and the header fields."""
        handler = self._handler
        handler.send_response_only(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes of the body now."""
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def close(self) -> None:
        """End the connection in an orderly way after this response."""
        self._handler.close_connection = True

    def reset(self) -> None:
        """Abort the connection (TCP RST): what the peer hasn't read yet is lost."""
        self._handler.close_connection = True
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handler.connection.close()


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. Without a `Content-Length` among `headers`, bytes get theirs and an iterable is sent chunked."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Iterable[bytes] = b""
    writer: Callable[[Wire], None] | None = None


Handler = Callable[[Request], Response]


@dataclass(slots=True)
class _State:
    handler: Handler
    connections: set[socket.socket] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Server:
    """Serves one `Handler` on a loopback port, a thread a connection, until closed."""

    def __init__(
        self,
        handler: Handler,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str = "http",
    ) -> None:
        state = self._state = _State(handler)

        class Bound(_Exchange):
            service = state

        self._server = _Threads((host, port), Bound, tls)
        self.port: int = self._server.server_address[1]
        self.address = f"{host}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name=f"{name}:{self.port}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening and drop the open connections."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        with self._state.lock:
            open_connections = list(self._state.connections)
        for connection in open_connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Threads(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None
    ) -> None:
        self._tls = tls
        super().__init__(address, handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer would look the host's name up: slow where DNS is

    def get_request(self) -> tuple[socket.socket, object]:
        connection, peer = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:  # the handshake itself happens in the connection's own thread, at its first read
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, peer

    def handle_error(self, request: object, client_address: object) -> None:
        """A peer that goes away, or never speaks TLS, is an ordinary event here."""
        del request, client_address


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    service: _State

    def setup(self) -> None:
        super().setup()
        with self.service.lock:
            self.service.connections.add(self.connection)

    def finish(self) -> None:
        with self.service.lock:
            self.service.connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Services keep their own log."""
        del format, args

    def _serve(self) -> None:
        split = urlsplit(self.path)
        request = Request(
            self.command,
            split.path,
            dict(parse_qsl(split.query, keep_blank_values=True)),
            Headers(self.headers.items()),
            self._body(),
            split.query,
        )
        response = self.service.handler(request)
        if response.writer is not None:
            response.writer(Wire(self))
            return
        self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  # names are the base class's

    def _body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, response: Response) -> None:
        wire = Wire(self)
        headers = list(response.headers)
        names = {name.lower() for name, _ in headers}
        bodiless = self.command == "HEAD" or response.status in {_NO_CONTENT, _NOT_MODIFIED}
        chunked = not isinstance(response.body, bytes) and "content-length" not in names and not bodiless
        if chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        elif isinstance(response.body, bytes) and "content-length" not in names and response.status != _NO_CONTENT:
            headers.append(("Content-Length", str(len(response.body))))
        wire.head(response.status, headers)
        if not bodiless:
            parts = _slices(response.body) if isinstance(response.body, bytes) else response.body
            for part in parts:
                wire.write(b"%x\r\n%b\r\n" % (len(part), bytes(part)) if chunked else part)
            if chunked:
                wire.write(b"0\r\n\r\n")
        self.wfile.flush()


def _slices(body: bytes) -> Iterable[memoryview]:
    view = memoryview(body)
    return (view[at : at + _CHUNK] for at in range(0, len(view), _CHUNK))
