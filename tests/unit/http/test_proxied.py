"""What proxies do that a client must stand."""

from __future__ import annotations

import base64
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
    import socket
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
