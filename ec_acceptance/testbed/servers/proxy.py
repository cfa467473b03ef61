"""A proxy that leads to this machine, whatever host is asked for: by CONNECT, over TLS if wanted, or by SOCKS 5.

What is asked for in the clear, such as a transparency log, it fetches itself, by http alone (RFC 9112 §3.2.2).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

__all__ = ["SCHEMES", "Proxy", "pump"]

SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})
"""What a proxy may speak."""

_SECONDS = 30.0
_HEAD = 1 << 16
_CLEAR = "http://"
_OF_ONE_HOP = ("connection:", "proxy-connection:", "proxy-authorization:")  # fields that aren't passed on
_SOCKS_GREETING, _SOCKS_DONE = b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"
_SOCKS_NAME = 3  # the kind of address that is a host's name (RFC 1928 §4)


class Proxy:
    """Listens on a loopback port until closed; `asked` has the hosts and ports that it was asked for.

    By http it demands what strict ones do: HTTP/1.1 and a field `Host`.

    Raises:
        ValueError: there is no such scheme.
    """

    def __init__(self, scheme: str, *, tls: ssl.SSLContext, port: int = 0) -> None:
        if scheme not in SCHEMES:
            raise ValueError(f"no proxy speaks {scheme}: {', '.join(sorted(SCHEMES))}")
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
            if self.scheme in {"socks5", "socks5h"}:
                pump(connection, self._socks(connection))
            elif self.scheme == "http":
                pump(connection, *self._http(connection))
            else:
                with self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
                    secure.do_handshake()
                    pump(secure, *self._http(secure))

    def _http(self, connection: socket.socket) -> tuple[int, bytes]:
        """The port that is asked for, and what is to be said there first."""
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(_HEAD)
            head += part
            if not part or len(head) > _HEAD:
                raise OSError("the client has gone, or says too much")
        head, _, body = head.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, version = line.split(" ")
        known = method == "CONNECT" or target.startswith(_CLEAR)
        if not known or version != "HTTP/1.1" or not any(one.lower().startswith("host:") for one in fields):
            connection.sendall(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
            raise OSError(f"the proxy refuses {line}")
        address, _, path = target.removeprefix(_CLEAR).partition("/")
        self.asked.append(address)
        port = int(address.rpartition(":")[2])
        if method == "CONNECT":
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return port, body
        kept = [one for one in fields if not one.lower().startswith(_OF_ONE_HOP)]
        onward = "\r\n".join((f"{method} /{path} {version}", *kept, "Connection: close", "", ""))
        return port, onward.encode("latin-1") + body

    def _socks(self, connection: socket.socket) -> int:
        connection.recv(_HEAD)
        connection.sendall(_SOCKS_GREETING)
        request = connection.recv(_HEAD)
        name = request[5:-2].decode("ascii") if request[3] == _SOCKS_NAME else request[4:-2].hex()
        port = int.from_bytes(request[-2:], "big")
        self.asked.append(f"{name}:{port}")
        connection.sendall(_SOCKS_DONE)
        return port


def pump(one: socket.socket, port: int, first: bytes = b"") -> None:
    """Carry what is said between this connection and a port of this machine, until one end has nothing more to say.

    Args:
        one: the connection.
        port: where it leads.
        first: what is said there before anything else.
    """

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_HEAD):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sink, socket.SHUT_WR)

    with socket.create_connection(("127.0.0.1", port)) as other:
        other.sendall(first)
        back = threading.Thread(target=copy, args=(other, one), name="proxy", daemon=True)
        back.start()
        copy(one, other)
        back.join(_SECONDS)
