"""Where answers lead, and what goes along."""

from __future__ import annotations

import base64
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from scripted import (
    OK,
    Scripted,
    Transports,
    get,
    redirect,
    transports,  # noqa: F401 - a fixture
    trusting,
)

from ec_acceptance.testbed.servers.certificates import Authority
from refimpl.errors import UnreachableError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/\u00e9/x".encode(), "/%C3%A9/x"),
        (b"/a b", "/a%20b"),
        (b"/\xe9", "/%E9"),
        (b"x?q=\xc3\xa9 y", "/x?q=%C3%A9%20y"),
        (b"", "/"),
    ],
)
def test_locations_that_need_encoding(transport_of: Transports, location: bytes, target: str) -> None:
    with closing(Scripted(redirect(location), OK)) as server:
        get(transport_of(), server.url)
        assert server.requests[-1].split(b" ")[1].decode() == target


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://localhost:1/",
        "http://0x7f.1/",
    ],
)
def test_nobody_leads_us_inside(transport_of: Transports, location: str) -> None:
    with (
        closing(Scripted(redirect(location))) as server,
        pytest.raises(UnreachableError, match=r'SSRF protection: redirect from "127.0.0.1" to private/link-local host'),
    ):
        get(transport_of(), server.url)


def test_no_hop_is_in_the_clear(transport_of: Transports, tmp_path: Path) -> None:
    authority = Authority()
    with (
        closing(Scripted(OK, tls=authority.server)) as last,
        closing(Scripted(redirect(f"{last.url}/"))) as plain,
        closing(Scripted(redirect(f"{plain.url}/"), tls=authority.server)) as server,
    ):
        transport = transport_of(trusting(authority, tmp_path))
        with pytest.raises(UnreachableError, match=f'^Get "{plain.url}/": redirected to insecure {plain.url}/$'):
            get(transport, server.url)
        assert not plain.requests
        with transport.exchange("GET", server.url, in_the_clear=True) as response:
            assert response.read_all(9) == b"ok"


def test_secrets_stay_with_their_origin(transport_of: Transports) -> None:
    with closing(Scripted(OK)) as other, closing(Scripted(redirect(f"{other.url}/"))) as server:
        transport = transport_of()
        assert get(transport, server.url, authorization="Basic eA==") == b"ok"
        assert get(transport, server.url.replace("://", "://user:word@")) == b"ok"
        pair = base64.b64encode(b"user:word")
        for one, request in zip((b"eA==", pair), server.requests, strict=True):
            assert b"\r\nAuthorization: Basic " + one + b"\r\n" in request
        assert not any(b"Authorization" in request for request in other.requests)
        with pytest.raises(UnreachableError, match="redirect of a request with a body to another host refused"):
            transport.exchange("POST", server.url, body=b"secret")
        assert len(other.requests) == 2


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [("POST", 301, "GET"), ("POST", 303, "GET"), ("POST", 307, "POST"), ("HEAD", 303, "HEAD"), ("GET", 308, "GET")],
)
def test_methods_after_redirects(transport_of: Transports, method: str, status: int, then: str) -> None:
    def last(request: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" if request.startswith(b"HEAD") else OK

    with closing(Scripted(redirect("/there", status), last)) as server:
        body = b"body" if method == "POST" else None
        transport_of().exchange(method, server.url, body=body).drain()
        assert server.requests[-1].startswith(f"{then} /there ".encode())
        assert server.requests[-1].endswith(b"\r\n\r\nbody") == (then == "POST")


@pytest.mark.parametrize("location", ["http://[", "http://h:99999/", "http://u:secret@h:x/", "//a b/"])
def test_locations_that_are_none(transport_of: Transports, location: str) -> None:
    with closing(Scripted(redirect(location))) as server, pytest.raises(UnreachableError) as caught:
        get(transport_of(), server.url)
    assert "secret" not in str(caught.value)
