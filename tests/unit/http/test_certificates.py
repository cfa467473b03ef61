"""What certificates prove, on both sides."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509
from scripted import (
    OK,
    SECONDS,
    Scripted,
    Transports,
    get,
    self_made,
    serving,
    transports,  # noqa: F401 - a fixture
)

from ec_acceptance.testbed.servers.certificates import Authority
from refimpl.errors import RegistryError, UnreachableError
from refimpl.http.tls import TLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEGACY = "certificate relies on legacy Common Name field, use SANs instead"


@pytest.mark.parametrize(
    ("names", "more", "reason"),
    [
        ((), {}, LEGACY),
        ((x509.RFC822Name("localhost"),), {}, LEGACY),
        ((x509.DNSName("elsewhere"),), {}, "certificate is not valid for this host"),
        ((x509.DNSName("localhost"),), {"end": 2021}, "certificate has expired or is not yet valid"),
        ((x509.DNSName("localhost"),), {"start": 2049}, "certificate has expired or is not yet valid"),
    ],
    ids=["none", "mail", "other", "old", "early"],
)
def test_certificates_that_prove_nothing(
    transport_of: Transports, tmp_path: Path, names: tuple[x509.GeneralName, ...], more: dict[str, int], reason: str
) -> None:
    authority, pair = self_made("localhost", *names, **more)
    (tmp_path / "ca.pem").write_bytes(authority)
    with closing(Scripted(OK, tls=serving(tmp_path, pair))) as server:
        transport = transport_of({"SSL_CERT_FILE": str(tmp_path / "ca.pem")})
        for _ in range(2):
            with pytest.raises(UnreachableError, match=f"tls: failed to verify certificate: x509: {reason}$"):
                get(transport, f"https://localhost:{server.port}/", authorization="Basic secret")
        assert not server.requests, "something was sent before the certificate was judged"


def test_a_certificate_with_names_is_judged_once_for_each_connection(transport_of: Transports, tmp_path: Path) -> None:
    authority, pair = self_made("x", x509.DNSName("localhost"))
    (tmp_path / "ca.pem").write_bytes(authority)
    with closing(Scripted(OK, tls=serving(tmp_path, pair))) as server:
        transport = transport_of({"SSL_CERT_FILE": str(tmp_path / "ca.pem")})
        for name in ("localhost", "localhost", "localhost.", "LOCALHOST"):
            assert get(transport, f"https://{name}:{server.port}/") == b"ok"
        assert server.connections == 2


BAD = b"-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "make",
    [
        lambda pem: pem + BAD,
        lambda pem: BAD + pem,
        lambda pem: BAD.replace(b"CERTIFICATE", b"PRIVATE KEY") + pem,
        lambda pem: pem + pem[:60],
        lambda pem: pem[:60] + b"\n" + pem,
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: "# ümlaut\n".encode("latin-1") + pem + "# ümlaut\n".encode(),
        lambda pem: pem + BAD.replace(b"Zm9v", b"Zm9*") + BAD.replace(b"Zm9v", b"X: y\n\nZm9v"),
        lambda pem: pem * 3,
    ],
)
def test_a_file_of_certificates_is_read_block_by_block(
    transport_of: Transports, tmp_path: Path, make: Callable[[bytes], bytes]
) -> None:
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(make(authority.pem))
    with closing(Scripted(OK, tls=authority.server)) as server:
        for variable, path in (("SSL_CERT_FILE", tmp_path / "ca.pem"), ("SSL_CERT_DIR", tmp_path)):
            assert get(transport_of({variable: str(path)}), server.url) == b"ok"


@pytest.mark.parametrize("content", [b"", BAD, b"\0" * 99], ids=["empty", "bad", "zeros"])
def test_who_trusts_nobody(transport_of: Transports, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ca.pem").write_bytes(content)
    with closing(Scripted(OK, tls=Authority().server)) as server:
        for environ in ({"SSL_CERT_FILE": str(tmp_path / "ca.pem")}, {"SSL_CERT_DIR": str(tmp_path / "missing")}, {}):
            with pytest.raises(UnreachableError, match=r"x509: certificate signed by unknown authority$"):
                get(transport_of(environ), server.url)


def test_a_trusted_certificate_need_not_be_a_root(transport_of: Transports, tmp_path: Path) -> None:
    root = trustme.CA()
    middle = root.create_child_ca()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    middle.issue_cert("127.0.0.1").configure_cert(context)
    middle.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with closing(Scripted(OK, tls=context)) as server:
        assert get(transport_of({"SSL_CERT_FILE": str(tmp_path / "ca.pem")}), server.url) == b"ok"


def test_who_says_something_else_speaks_no_tls(transport_of: Transports) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(said: bytes) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(said)

    for said, text in ((b"SSH-2.0-x\r\n", "tls: first record does not look like a TLS handshake"), (b"", "EOF")):
        thread = threading.Thread(target=talk, args=(said,), daemon=True)
        thread.start()
        with pytest.raises(UnreachableError, match=f": {text}$"):
            get(transport_of(), f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(SECONDS)
    listener.close()


def test_a_client_s_certificate_and_the_server_s_other_name(transport_of: Transports) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("kube.test").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    own = authority.issue_cert("client")
    chain = b"".join(blob.bytes() for blob in own.cert_chain_pems)
    tls = TLS(
        authorities=authority.cert_pem.bytes(),
        certificate=chain,
        private_key=own.private_key_pem.bytes(),
        server_name="kube.test",
    )
    with closing(Scripted(OK, tls=context)) as server:
        assert get(transport_of({}, tls=tls), server.url) == b"ok"
        assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in server.requests[0]
        with pytest.raises(RegistryError):
            get(transport_of({}, tls=TLS(verify=False)), server.url)
        with pytest.raises(UnreachableError, match="tls: the client certificate and its key cannot be used"):
            get(transport_of({}, tls=TLS(verify=False, certificate=chain, private_key=b"no key")), server.url)
