"""What proxies do that a client must stand."""

from __future__ import annotations

import base64
import socket
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from scripted import (
    OK,
    Scripted,
    Transports,
    get,
    read_request,
    self_made,
    serving,
    transports,  # noqa: F401 - a fixture
    trusting,
)

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.proxy import Proxy, pump
from refimpl.errors import UnreachableError

if TYPE_CHECKING:
    from pathlib import Path


class Relay(Scripted):
    """An http proxy that connects to this machine, whatever host it is asked for."""

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            request = read_request(connection)
            self.requests.append(request)
            said = self._answers[0]
            assert isinstance(said, bytes)
            connection.sendall(said)
            if b" 200 " in said:
                pump(connection, int(request.split()[1].rpartition(b":")[2]))


def test_a_proxy_connects(transport_of: Transports, tmp_path: Path) -> None:
    authority, pair = self_made("x", x509.DNSName("registry.test"))
    (tmp_path / "ca.pem").write_bytes(authority)
    established = b"HTTP/1.1 200 Connection established\r\nX-Proxy: x\r\n\r\n"
    with closing(Scripted(OK, tls=serving(tmp_path, pair))) as server, closing(Relay(established)) as proxy:
        environ = {
            "HTTPS_PROXY": proxy.url.replace("://", "://user:p%40ss@"),
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        }
        transport = transport_of(environ)
        with transport.exchange(
            "GET", f"https://registry.test:{server.port}/", authorization="Basic secret"
        ) as response:
            assert response.header("X-Proxy") == ""
            assert response.read_all(9) == b"ok"
        head = proxy.requests[0].decode().split("\r\n")
        assert head[0] == f"CONNECT registry.test:{server.port} HTTP/1.1"
        assert f"Host: registry.test:{server.port}" in head
        assert f"Proxy-Authorization: Basic {base64.b64encode(b'user:p@ss').decode()}" in head
        assert "secret" not in proxy.requests[0].decode()
        assert b"Proxy-Authorization" not in server.requests[0]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", "Proxy Authentication Required"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "Service Unavailable"),
    ],
)
def test_a_proxy_refuses(transport_of: Transports, said: bytes, reason: str) -> None:
    with closing(Relay(said)) as proxy, pytest.raises(UnreachableError, match=f'"https://registry.test/": {reason}$'):
        get(transport_of({"HTTPS_PROXY": proxy.url}), "https://registry.test/")


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_looks_the_name_up(transport_of: Transports, scheme: str) -> None:
    with closing(Scripted(OK)) as server, closing(Proxy("socks5", tls=Authority().server)) as proxy:
        environ = {"HTTP_PROXY": proxy.url.replace("socks5://", f"{scheme}://")}
        assert get(transport_of(environ), f"http://registry.test:{server.port}/") == b"ok"
    assert proxy.asked == [f"registry.test:{server.port}"]


def test_a_proxy_over_tls(transport_of: Transports, tmp_path: Path) -> None:
    authority = Authority()
    with closing(Scripted(OK, tls=authority.server)) as proxy:
        environ = {"HTTP_PROXY": proxy.url, **trusting(authority, tmp_path)}
        assert get(transport_of(environ), "http://registry.test/x") == b"ok"
        assert proxy.requests[0].startswith(b"GET http://registry.test/x HTTP/1.1\r\n")
        with pytest.raises(UnreachableError, match=r"x509: certificate signed by unknown authority$"):
            get(transport_of({"HTTP_PROXY": proxy.url, "SSL_CERT_DIR": "/nowhere"}), "http://registry.test/x")


class Socks(Scripted):
    """A SOCKS 5 proxy that asks for a way to prove oneself, and answers the rest with what is said."""

    def _serve(self, connection: socket.socket) -> None:
        method, *said = self._answers
        assert isinstance(method, bytes)
        with suppress(OSError), connection:
            self.requests.append(connection.recv(300))
            connection.sendall(b"\5" + method)
            for answer in said:
                assert isinstance(answer, bytes)
                self.requests.append(connection.recv(600))
                connection.sendall(answer)
            connection.recv(1)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ((b"\2", b"\1\1"), "username/password authentication failed"),
        ((b"\xff",), "no acceptable authentication methods"),
        ((b"\0", b"\5\1\0\1" + bytes(6)), "unknown error general SOCKS server failure"),
        ((b"\0", b"\5\2\0\1" + bytes(6)), "unknown error connection not allowed by ruleset"),
        ((b"\0", b"\5\3\0\1" + bytes(6)), "unknown error network unreachable"),
        ((b"\0", b"\5\4\0\1" + bytes(6)), "unknown error host unreachable"),
        ((b"\0", b"\5\5\0\1" + bytes(6)), "unknown error connection refused"),
        ((b"\0", b"\5\6\0\1" + bytes(6)), "unknown error TTL expired"),
        ((b"\0", b"\5\7\0\1" + bytes(6)), "unknown error command not supported"),
        ((b"\0", b"\5\x08\0\1" + bytes(6)), "unknown error address type not supported"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_why_a_socks_proxy_refuses(transport_of: Transports, said: tuple[bytes, ...], reason: str) -> None:
    with closing(Socks(*said)) as proxy, pytest.raises(UnreachableError) as caught:
        get(transport_of({"HTTPS_PROXY": f"socks5://someone:s3cret@127.0.0.1:{proxy.port}"}), "https://registry.test/")
    where = f"socks connect tcp 127.0.0.1:{proxy.port}->registry.test:443"
    assert str(caught.value) == f'Get "https://registry.test/": {where}: {reason}'


@pytest.mark.parametrize("long", ["user", "password"])
def test_a_socks_proxy_takes_no_long_names(transport_of: Transports, long: str) -> None:
    user, password = ("x" * 256 if long == name else "x" for name in ("user", "password"))
    with closing(Socks(b"\2")) as proxy, pytest.raises(UnreachableError, match=r": invalid username/password$"):
        get(
            transport_of({"HTTPS_PROXY": f"socks5://{user}:{password}@127.0.0.1:{proxy.port}"}),
            "https://registry.test/",
        )


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_a_proxy_that_is_not_there_is_told_from_a_server(transport_of: Transports, scheme: str) -> None:
    with socket.socket() as nobody:  # bound, but it doesn't listen
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(UnreachableError, match=rf": proxyconnect tcp: dial tcp 127\.0\.0\.1:{port}: connect: "):
            get(transport_of({"HTTPS_PROXY": f"{scheme}://someone:s3cret@127.0.0.1:{port}"}), "https://registry.test/")
