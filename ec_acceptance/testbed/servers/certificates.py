"""The run's certificate authority, and a server certificate for the loopback addresses."""

from __future__ import annotations

import datetime as dt
import ssl
from functools import cached_property
from typing import TYPE_CHECKING

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Authority"]

_SUBJECT = "CN="
_HOSTS = ("127.0.0.1", "::1", "localhost", "*.localhost", "registry.localhost")


class Authority:
    """A certificate authority that nobody else knows: one a run."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="ec-acceptance")
        self._names: dict[ssl.SSLContext, tuple[str, ...]] = {}

    def names(self, context: ssl.SSLContext) -> tuple[str, ...]:
        """What a certificate is for, as `server_named` takes it; empty for one of another authority."""
        return self._names.get(context, ())

    def server_named(self, names: Sequence[str]) -> ssl.SSLContext:
        """What a server with a certificate for these names presents; ``CN=name`` alone means the subject alone."""
        if tuple(names) == _HOSTS:
            return self.server
        if len(names) == 1 and names[0].startswith(_SUBJECT):
            return self.server_without_names(names[0].removeprefix(_SUBJECT))
        return self.server_for(*names)

    @property
    def pem(self) -> bytes:
        """The authority's own certificate."""
        return self._authority.cert_pem.bytes()

    def write(self, path: Path) -> Path:
        """Write the certificate to a file, for `SSL_CERT_FILE`; the path is the answer."""
        path.write_bytes(self.pem)
        return path

    @cached_property
    def server(self) -> ssl.SSLContext:
        """What a server on a loopback address presents: one certificate for all of them."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*_HOSTS).configure_cert(context)
        self._names[context] = _HOSTS
        return context

    def server_without_names(self, common_name: str) -> ssl.SSLContext:
        """What a server presents that is named by its certificate's subject alone, as before 2000 (RFC 2818 §3.1)."""
        now = dt.datetime.now(dt.UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        signer = serialization.load_pem_private_key(self._authority.private_key_pem.bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(x509.load_pem_x509_certificate(self.pem).subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .sign(signer, hashes.SHA256())
        )
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        pair = key.private_bytes(serialization.Encoding.PEM, *form)
        pair += certificate.public_bytes(serialization.Encoding.PEM)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with trustme.Blob(pair).tempfile() as path:
            context.load_cert_chain(path)
        self._names[context] = (f"{_SUBJECT}{common_name}",)
        return context

    def server_for(self, *hosts: str) -> ssl.SSLContext:
        """What a server with a certificate for just these hosts presents: others are the wrong host."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*hosts).configure_cert(context)
        self._names[context] = hosts
        return context
