"""A bundle notes what a server's certificate was for, and whoever replays it has the same made again."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from ec_acceptance.testbed.servers.certificates import Authority


def _present(context: ssl.SSLContext, authority: Authority, host: str) -> dict[str, object]:
    """The certificate that a client of `host` gets, which trusts the authority."""
    ours, theirs = socket.socketpair()
    client = ssl.create_default_context(cadata=authority.pem.decode())
    client.hostname_checks_common_name = True

    def serve() -> None:
        with context.wrap_socket(theirs, server_side=True) as server:
            server.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(ours, server_hostname=host) as connection:
        connection.send(b"x")
        certificate = connection.getpeercert()
    thread.join()
    return dict(certificate or {})


@pytest.mark.parametrize(
    ("names", "host"), [(["one.example", "two.example"], "two.example"), (["CN=old.example"], "old.example")]
)
def test_a_certificate_is_made_again_by_its_names(names: list[str], host: str) -> None:
    authority = Authority()
    context = authority.server_named(names)
    assert list(authority.names(context)) == names
    assert authority.names(ssl.create_default_context()) == ()
    assert ("subjectAltName" in _present(context, authority, host)) is not names[0].startswith("CN=")


def test_the_usual_names_have_the_usual_certificate() -> None:
    authority = Authority()
    assert authority.server_named(authority.names(authority.server)) is authority.server
