"""Which certificate authorities are trusted, and what a certificate must have.

``SSL_CERT_FILE`` stands in for the system's file of roots and ``SSL_CERT_DIR`` (several, with ``:``) for its folders,
as in Go on Linux; here on every platform. When one of them is set, nothing but what they name is trusted.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_log = logging.getLogger(__name__)
#: Where Linux distributions and BSDs have their roots; the first file that can be read counts, as in Go.
_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL 6
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/pki/tls/cacert.pem",  # OpenELEC
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL 7
    "/etc/ssl/cert.pem",  # Alpine, macOS, the BSDs
    "/usr/local/etc/ssl/cert.pem",  # FreeBSD
)
_SYSTEM_FOLDERS = ("/etc/ssl/certs", "/etc/pki/tls/certs")
_LARGEST_FILE = 32 << 20  # bytes of a file of certificates; the largest bundles in use have less than one

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_ALTERNATIVE_NAMES = bytes.fromhex("0603551d11")  # the object identifier 2.5.29.17
_SEQUENCE, _EXTENSIONS, _OCTETS = 0x30, 0xA3, 0x04
_HOST_NAMES = frozenset({0x82, 0x87})  # dNSName, iPAddress
_LONG_FORM, _MOST_LENGTH_BYTES = 0x80, 4


@record
class TLS:
    """What connections of one kind want of TLS beside the environment's trust.

    Attributes:
        verify: False takes any server for the right one.
        authorities: PEM of what is trusted instead of what the environment says; None for that.
        certificate: PEM of the client's own, with its chain; empty without one.
        private_key: PEM of its key.
        server_name: what the server's certificate is for, if not for the URL's host.
    """

    verify: bool = True
    authorities: bytes | None = None
    certificate: bytes = b""
    private_key: bytes = b""
    server_name: str = ""


class Trust:
    """The trusted certificates, read when they are wanted first. Thread-safe."""

    def __init__(self, tls: TLS, environ: Mapping[str, str]) -> None:
        self.tls = tls
        self._environ = environ
        self._lock = threading.Lock()
        self._pem: bytes | None = None
        self._refined = False

    @property
    def pem(self) -> bytes:
        """What is trusted, block after block; may be empty."""
        with self._lock:
            if self._pem is None:
                blocks = certificates(self.tls.authorities) if self.tls.authorities is not None else self._find()
                self._pem = b"".join(dict.fromkeys(blocks))
            return self._pem

    @property
    def by_system(self) -> bool:
        """Whether it is left to the system's own store, as on Windows and macOS."""
        named = self._environ.get("SSL_CERT_FILE") or self._environ.get("SSL_CERT_DIR")
        return self.tls.authorities is None and not named and not self.pem

    def refine(self) -> bool:
        """Leave out what only looks like a certificate, as Go does; False when that was done before.

        It is seen only here, once libcurl has refused the whole: parsing is another library's, which costs time.
        """
        pem = self.pem
        with self._lock:
            if self._refined:
                return False
            self._refined = True
            self._pem = b"".join(block for block in certificates(pem) if _is_certificate(block))
            return True

    def _find(self) -> Iterator[bytes]:
        file, folders = self._environ.get("SSL_CERT_FILE", ""), self._environ.get("SSL_CERT_DIR", "")
        if file:
            yield from certificates(_content(Path(file)) or b"")
        for folder in filter(None, folders.split(os.pathsep)):
            yield from _of_folder(Path(folder))
        if file or folders:
            return
        data = next((data for path in _SYSTEM_FILES if (data := _content(Path(path))) is not None), None)
        if data is not None:
            yield from certificates(data)
            return
        for folder in _SYSTEM_FOLDERS:
            yield from _of_folder(Path(folder))


def names_a_host(pem: str) -> bool:
    """Whether a certificate has a name or an address of a host among its alternative names (RFC 5280 §4.2.1.6).

    Args:
        pem: one block, of a certificate that libcurl has verified.
    """
    try:
        der = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-----")))
        certificate = next(_elements(der))[1]
        signed = next(_elements(certificate))[1]
        extensions = next(content for tag, content in _elements(signed) if tag == _EXTENSIONS)
        for _, extension in _elements(next(_elements(extensions))[1]):
            if extension.startswith(_ALTERNATIVE_NAMES):
                value = next(content for tag, content in _elements(extension) if tag == _OCTETS)
                return any(tag in _HOST_NAMES for tag, _ in _elements(next(_elements(value))[1]))
    except (StopIteration, IndexError, binascii.Error):
        return False
    return False


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of DER one after another: tag and content."""
    at = 0
    while at < len(data):
        tag, size = data[at], data[at + 1]
        at += 2
        if size & _LONG_FORM:
            count = size & ~_LONG_FORM
            if not 0 < count <= _MOST_LENGTH_BYTES:
                return
            size = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + size > len(data):
            return
        yield tag, data[at : at + size]
        at += size


def _of_folder(folder: Path) -> Iterator[bytes]:
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        _log.debug("unable to read certificates in %s: %s", folder, error.strerror)
        return
    for path in files:
        if path.is_file():
            yield from certificates(_content(path) or b"")


def _content(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE)
    except (OSError, ValueError) as error:  # Go passes over what it cannot read, too
        _log.debug("unable to read certificates from %s: %s", path, error)
        return None


def certificates(data: bytes) -> Iterator[bytes]:
    """The certificates of a PEM file, each as a block of its own; other blocks, and those cut off, are passed over.

    As Go reads them: the last ``BEGIN`` before an ``END`` counts, and a block with header fields doesn't.
    """
    at = 0
    while (end := data.find(_END, at)) >= 0:
        begin = data.rfind(_BEGIN, at, end)
        at = end + len(_END)
        if begin < 0 or (begin > 0 and data[begin - 1 : begin] != b"\n"):
            continue
        body = b"".join(data[begin + len(_BEGIN) : end].split())
        try:
            base64.b64decode(body, validate=True)
        except binascii.Error:
            continue
        if body:
            lines = (body[start : start + 64] for start in range(0, len(body), 64))
            yield b"\n".join((_BEGIN, *lines, _END, b""))


def _is_certificate(block: bytes) -> bool:
    from cryptography import x509

    try:
        x509.load_pem_x509_certificate(block)
    except ValueError as error:
        _log.debug("passing over a certificate that cannot be read: %s", error)
        return False
    return True
