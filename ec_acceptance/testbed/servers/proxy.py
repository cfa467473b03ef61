"""A proxy that connects to this machine, whatever host is asked for: by CONNECT, over TLS if wanted, or by SOCKS 5."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ssl

__all__ = ["Proxy", "pump"]

_SECONDS = 30.0
_HEAD = 1 << 16
_SOCKS_GREETING, _SOCKS_DONE = b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"
_SOCKS_NAME = 3  # the kind of address that is a host's name (RFC 1928 §4)


class Proxy:
    """Listens on a loopback port until closed; `asked` has the hosts and ports that it was asked to connect to.

    By CONNECT it demands what strict ones do: HTTP/1.1 and a field `Host`.
    """

    def __init__(self, scheme: Literal["http", "https", "socks5"], *, tls: ssl.SSLContext, port: int = 0) -> None:
        self.asked: list[str] = []
        self.scheme = scheme
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="proxy", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            if self.scheme == "socks5":
                pump(connection, self._socks(connection))
            elif self.scheme == "http":
                pump(connection, self._connect(connection))
            else:
                with self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
                    secure.do_handshake()
                    pump(secure, self._connect(secure))

    def _connect(self, connection: socket.socket) -> int:
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(_HEAD)
            if not part:
                raise OSError("the client has gone")
            head += part
        line, *fields = head.decode("latin-1").split("\r\n")
        method, address, version = line.split(" ")
        if method != "CONNECT" or version != "HTTP/1.1" or not any(one.lower().startswith("host:") for one in fields):
            connection.sendall(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
            raise OSError(f"the proxy refuses {line}")
        self.asked.append(address)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return int(address.rpartition(":")[2])

    def _socks(self, connection: socket.socket) -> int:
        connection.recv(_HEAD)
        connection.sendall(_SOCKS_GREETING)
        request = connection.recv(_HEAD)
        name = request[5:-2].decode("ascii") if request[3] == _SOCKS_NAME else request[4:-2].hex()
        port = int.from_bytes(request[-2:], "big")
        self.asked.append(f"{name}:{port}")
        connection.sendall(_SOCKS_DONE)
        return port


def pump(one: socket.socket, port: int) -> None:
    """Carry what is said between this connection and a port of this machine, until one end has nothing more to say."""

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_HEAD):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sink, socket.SHUT_WR)

    with socket.create_connection(("127.0.0.1", port)) as other:
        back = threading.Thread(target=copy, args=(other, one), name="proxy", daemon=True)
        back.start()
        copy(one, other)
        back.join(_SECONDS)
