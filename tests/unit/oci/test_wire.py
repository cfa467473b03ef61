"""What servers, proxies and certificates do that a client must stand."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import socket
import ssl
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ec_acceptance.testbed.tls import Authority
from refimpl.deadline import Deadline
from refimpl.errors import RegistryError
from refimpl.oci import transport as module
from refimpl.oci.client import connect
from refimpl.oci.errors import LimitExceededError, TransferError, UnreachableError
from refimpl.oci.reference import parse as parse_reference
from refimpl.oci.retry import Retry
from refimpl.oci.tls import TLS
from refimpl.oci.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS = 20.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Transports = Callable[..., Transport]


class Scripted:
    """A server that gives the answers of a list, one for each request, the last one for ever; and keeps the requests.

    An answer may be a function of the request; None is none, and the connection stays open.
    """

    def __init__(self, *answers: bytes | Callable[[bytes], bytes] | None, tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answers = list(answers)
        self._tls = tls
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._tls is None:
                self._converse(connection)
                return
            with self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
                secure.do_handshake()
                self._converse(secure)

    def _converse(self, connection: socket.socket) -> None:
        while request := _request(connection):
            self.requests.append(request)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if answer is None:
                threading.Event().wait(SECONDS)
                return
            said = answer(request) if callable(answer) else answer
            connection.sendall(said)
            if b"Connection: close" in said:
                socket.socket.shutdown(connection, socket.SHUT_WR)
                return


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(1 << 16)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def answer(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def redirect(location: str | bytes, status: int = 307) -> bytes:
    where = location if isinstance(location, bytes) else location.encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nLocation: %b\r\n\r\n" % (status, where)


@pytest.fixture
def transport_of() -> Iterator[Transports]:
    made: list[Transport] = []

    def make(environ: Mapping[str, str] | None = None, tls: TLS = TLS()) -> Transport:  # noqa: B008 - it is frozen
        made.append(Transport(environ or {}, Deadline(SECONDS), user_agent="test", tls=tls))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


def get(transport: Transport, url: str, limit: int = 1 << 20, **more: str) -> bytes:
    with transport.exchange("GET", url, **more) as response:  # type: ignore[arg-type]
        return response.read_all(limit)


# What is sent.


def test_what_is_on_the_wire(transport_of: Transports) -> None:
    with closing(Scripted(OK)) as server:
        transport = transport_of()
        get(transport, f"{server.url}/a/../b?c")
        with transport.exchange("POST", f"{server.url}/", {"Content-Type": "text/x"}, body=b"x" * 2_000_000) as posted:
            assert posted.read_all(9) == b"ok"
        host = f"Host: 127.0.0.1:{server.port}"
        common = ["User-Agent: test", "Accept-Encoding: identity"]
        first, second = (request.partition(b"\r\n\r\n")[0].decode().split("\r\n") for request in server.requests)
        assert first == ["GET /a/../b?c HTTP/1.1", host, *common]
        assert second == ["POST / HTTP/1.1", host, *common, "Content-Type: text/x", "Content-Length: 2000000"]
        assert server.connections == 1


def test_the_process_s_own_environment_names_no_proxy(
    transport_of: Transports, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("all_proxy", "ALL_PROXY", "http_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with closing(Scripted(OK)) as server:
        assert get(transport_of(), server.url) == b"ok"


# What comes.


@pytest.mark.parametrize("status", [100, 102, 103])
def test_interim_answers_are_none(transport_of: Transports, status: int) -> None:
    interim = b"HTTP/1.1 %d Hint\r\nLink: </x>\r\n\r\n" % status
    with closing(Scripted(interim * 3 + OK)) as server:
        response = transport_of().exchange("GET", server.url)
        assert (response.status, response.header("Link"), response.read_all(9)) == (200, "", b"ok")


@pytest.mark.parametrize(
    "fields", [[f"X-{number}: y" for number in range(2000)], [f"X: {'y' * 90_000}"] * 2, ["X: \u00fc"]]
)
def test_many_and_long_fields(transport_of: Transports, fields: list[str]) -> None:
    with closing(Scripted(answer(b"ok", *fields))) as server:
        response = transport_of().exchange("GET", server.url)
        assert response.headers("x-1999" if len(fields) > 9 else "X")[-1] == fields[-1].partition(": ")[2]
        assert response.read_all(9) == b"ok"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 80_000 + b"\r\n") * 5 + b"\r\n",
        b"HTTP/1.1 103 Hint\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n" * 9000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n",
    ],
    ids=["many", "long", "interim", "one"],
)
def test_a_head_without_end(transport_of: Transports, head: bytes) -> None:
    with closing(Scripted(head)) as server, pytest.raises(RegistryError, match=r"header field"):
        transport_of().exchange("GET", server.url)


@pytest.mark.parametrize("digits", ["9" * 5000, "\u0663", "-1", "2, 3", "x"])
def test_lengths_that_are_none(transport_of: Transports, digits: str) -> None:
    text = f"HTTP/1.1 200 OK\r\nContent-Length: {digits}\r\n\r\nok".encode()
    with closing(Scripted(text)) as server:
        with suppress(RegistryError):
            transport_of().exchange("HEAD", server.url).close()
        with pytest.raises(RegistryError):  # noqa: PT012 - either may fail
            response = transport_of().exchange("GET", server.url)
            response.read_all(1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nok", "unexpected EOF"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n", "unexpected EOF"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\nzz\r\n",
            "malformed chunked encoding",
        ),
    ],
    ids=["length", "chunked", "garbage"],
)
@pytest.mark.parametrize("secure", [False, True])
def test_a_short_body_is_not_whole(
    transport_of: Transports,
    tmp_path: Path,
    text: bytes,
    reason: str,
    secure: bool,  # noqa: FBT001 - a table's column
) -> None:
    authority = Authority()
    with closing(Scripted(text, tls=authority.server if secure else None)) as server:
        response = transport_of(trusting(authority, tmp_path)).exchange("GET", server.url)
        for _ in range(2):
            with pytest.raises(TransferError, match=f'^Get "{server.url}": (unexpected EOF|{reason})$'):
                response.read_all(100)


def trusting(authority: Authority, folder: Path) -> dict[str, str]:
    """The environment of those who trust this authority."""
    return {"SSL_CERT_FILE": str(authority.write(folder / "ca.pem"))}


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"text" * 99, mtime=0)),
        ("X-GZIP", gzip.compress(b"text" * 98, mtime=0) + gzip.compress(b"text", mtime=0)),
        ("deflate", zlib.compress(b"text" * 99)),
        ("deflate", zlib.compress(b"text" * 99, wbits=-15)),
        ("gzip, identity, deflate", zlib.compress(gzip.compress(b"text" * 99, mtime=0))),
        ("identity", b"text" * 99),
        ("unknown", b"text" * 99),
        ("", b"text" * 99),
    ],
)
def test_bodies_are_decoded_whatever_was_asked_for(transport_of: Transports, coding: str, body: bytes) -> None:
    with closing(Scripted(answer(body, f"Content-Encoding: {coding}"))) as server:
        transport = transport_of()
        assert get(transport, server.url) == b"text" * 99
        with transport.exchange("GET", server.url) as response:
            assert b"".join(iter(lambda: response.read(7), b"")) == b"text" * 99
        transport.exchange("HEAD", server.url).drain()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"text" * 99, mtime=0)[:-9]),
        ("gzip", gzip.compress(b"text" * 99, mtime=0)[:-8] + b"\0" * 8),
        ("gzip", gzip.compress(b"text", mtime=0) + b"more"),
        ("gzip", b"text"),
        ("deflate", zlib.compress(b"text" * 99)[:-1]),
        ("deflate", zlib.compress(b"text" * 99) + b"more"),
        ("gzip, gzip, gzip", b"text"),
    ],
)
def test_bodies_that_are_not_what_they_say(transport_of: Transports, coding: str, body: bytes) -> None:
    with closing(Scripted(answer(body, f"Content-Encoding: {coding}"))) as server, pytest.raises(TransferError):
        get(transport_of(), server.url)


def test_a_bomb_is_bounded_by_what_is_read(transport_of: Transports) -> None:
    inner = gzip.compress(gzip.compress(bytes(1 << 28)))
    with closing(Scripted(answer(inner, "Content-Encoding: gzip, gzip"))) as server:
        response = transport_of().exchange("GET", server.url)
        assert len(response.read(1 << 30)) <= 1 << 18
        with pytest.raises(LimitExceededError):
            response.read_all(1 << 20)


def test_no_answer_is_told_after_two_attempts(transport_of: Transports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.3)
    with closing(Scripted(None)) as server:
        with pytest.raises(TransferError, match=r"no answer within 0.3 seconds, asked twice"):
            transport_of().exchange("GET", server.url)
        assert len(server.requests) == 2
        with pytest.raises(TransferError, match=r"no answer within 0.3 seconds, asked once"):
            transport_of().exchange("POST", server.url, body=b"x")
        assert len(server.requests) == 3


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary()
    | st.lists(
        st.sampled_from(
            (b"HTTP/1.1 ", b"200", b" OK", b"\r\n", b"\n", b":", b"\0", b"Content-Length: 3", b"Location: http://[",
             b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"307", b"101", b"\xff", b"0\r\n\r\n", b" ")
        )
    ).map(b"".join)
)  # fmt: skip
def test_whatever_comes_is_an_answer_or_an_error(transport_of: Transports, data: bytes) -> None:
    with closing(Scripted(data + b"\r\nConnection: close\r\n\r\n")) as server, suppress(RegistryError):
        get(transport_of(), server.url)


# Redirects.


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


# Certificates.


def self_made(common_name: str, *names: x509.GeneralName, start: int = 2020, end: int = 2050) -> tuple[bytes, bytes]:
    """An authority, and a server's key with a certificate by it."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def signed(subject: str, public: ec.EllipticCurvePublicKey, *, ca: bool) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(dt.datetime(start, 1, 1, tzinfo=dt.UTC))
            .not_valid_after(dt.datetime(end, 1, 1, tzinfo=dt.UTC))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names and not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, *form)
    return signed("authority", authority_key.public_key(), ca=True), secret + signed(
        common_name, key.public_key(), ca=False
    )


def serving(tmp_path: Path, pair: bytes) -> ssl.SSLContext:
    (tmp_path / "pair.pem").write_bytes(pair)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    return context


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


# Proxies.


class Relay(Scripted):
    """An http proxy that connects to this machine, whatever host it is asked for."""

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            request = _request(connection)
            self.requests.append(request)
            said = self._answers[0]
            assert isinstance(said, bytes)
            connection.sendall(said)
            if b" 200 " in said:
                _pump(connection, int(request.split()[1].rpartition(b":")[2]))


def _pump(one: socket.socket, port: int) -> None:
    def copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    with socket.create_connection(("127.0.0.1", port)) as other:
        thread = threading.Thread(target=copy, args=(one, other), daemon=True)
        thread.start()
        copy(other, one)
        thread.join(SECONDS)


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
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(99)
            connection.sendall(b"\x05\x00")
            request = connection.recv(999)
            asked.append(request[5 : 5 + request[4]])
            connection.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
            _pump(connection, int.from_bytes(request[-2:], "big"))

    threading.Thread(target=serve, daemon=True).start()
    with closing(Scripted(OK)) as server, closing(listener):
        environ = {"HTTP_PROXY": f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"}
        assert get(transport_of(environ), f"http://registry.test:{server.port}/") == b"ok"
    assert asked == [b"registry.test"]


def test_a_proxy_over_tls(transport_of: Transports, tmp_path: Path) -> None:
    authority = Authority()
    with closing(Scripted(OK, tls=authority.server)) as proxy:
        environ = {"HTTP_PROXY": proxy.url, **trusting(authority, tmp_path)}
        assert get(transport_of(environ), "http://registry.test/x") == b"ok"
        assert proxy.requests[0].startswith(b"GET http://registry.test/x HTTP/1.1\r\n")
        with pytest.raises(UnreachableError, match=r"x509: certificate signed by unknown authority$"):
            get(transport_of({"HTTP_PROXY": proxy.url, "SSL_CERT_DIR": "/nowhere"}), "http://registry.test/x")


# A run.


def test_a_registry_that_says_nothing_is_given_up_for_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.3)
    with (
        closing(Scripted(None)) as server,
        closing(connect(deadline=Deadline(SECONDS), retry=Retry(), environ={})) as client,
    ):
        ref = parse_reference(f"127.0.0.1:{server.port}/acme/app:v1")
        for _ in range(3):
            with pytest.raises(UnreachableError, match=r"no answer within 0.3 seconds, asked twice$"):
                client.head(ref)
        assert len([one for one in server.requests if one.startswith(b"GET /v2/ ")]) == 2


def test_the_other_libraries_for_http_are_not_loaded() -> None:
    """Each takes as long as a tenth of a run."""
    program = (
        "import sys, refimpl.validate, refimpl.oci.connection, refimpl.policy.sources.git, refimpl.cluster\n"
        "print(sorted({'http.client', 'ssl', 'urllib3', 'urllib.request', 'requests'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "[]\n"
