"""Servers that say what a list says, certificates for them, and transports that ask them."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from refimpl.deadline import Deadline
from refimpl.http.tls import TLS
from refimpl.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ec_acceptance.testbed.servers.certificates import Authority

SECONDS = 60.0
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

    def asked(self, count: int, begin: bytes = b"") -> list[bytes]:
        """The requests that begin so, once there are so many: a client that has given up doesn't wait for them."""
        until, pause = time.monotonic() + SECONDS, threading.Event()
        while True:
            found = [one for one in self.requests if one.startswith(begin)]
            if len(found) >= count or time.monotonic() > until:
                return found
            pause.wait(0.005)

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
        while request := read_request(connection):
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


def read_request(connection: socket.socket) -> bytes:
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


@pytest.fixture(name="transport_of")
def transports() -> Iterator[Transports]:
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


def trusting(authority: Authority, folder: Path) -> dict[str, str]:
    """The environment of those who trust this authority."""
    return {"SSL_CERT_FILE": str(authority.write(folder / "ca.pem"))}


def self_made(common_name: str, *names: x509.GeneralName, start: int = 2020, end: int = 2050) -> tuple[bytes, bytes]:
    """An authority, and a server's key with a certificate by it."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def sign(subject: str, public: ec.EllipticCurvePublicKey, *, ca: bool) -> bytes:
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
    return sign("authority", authority_key.public_key(), ca=True), secret + sign(
        common_name, key.public_key(), ca=False
    )


def serving(tmp_path: Path, pair: bytes) -> ssl.SSLContext:
    (tmp_path / "pair.pem").write_bytes(pair)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    return context
