"""The run's certificate authority, and a server certificate for the loopback addresses."""

from __future__ import annotations

import ssl
from functools import cached_property
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Authority"]

_HOSTS = ("127.0.0.1", "::1", "localhost", "*.localhost")


class Authority:
    """A certificate authority that nobody else knows: one a run."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="ec-acceptance")

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
        return context

    def server_for(self, *hosts: str) -> ssl.SSLContext:
        """What a server with a certificate for just these hosts presents: others are the wrong host."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*hosts).configure_cert(context)
        return context
