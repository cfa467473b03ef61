"""What failed exchanges are called: the classes of errors, and Go's words where there are any.

Everything is told from numbers. Words of libcurl or OpenSSL are never passed on: they change with each version.
"""

from __future__ import annotations

import errno
import os
from enum import IntEnum
from typing import TYPE_CHECKING

from refimpl.errors import RegistryError, SlowConnectionError, TransferError, UnreachableError
from refimpl.http import codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.golang.url import Origin
    from refimpl.http.proxy import Proxy


class Code(IntEnum):
    """Those of libcurl's codes that are told apart (https://curl.se/libcurl/c/libcurl-errors.html)."""

    UNSUPPORTED_PROTOCOL = 1
    MALFORMED_URL = 3
    UNRESOLVED_PROXY = 5
    UNRESOLVED_HOST = 6
    NOT_CONNECTED = 7
    WEIRD_REPLY = 8
    PARTIAL = 18
    TIMED_OUT = 28
    TLS_FAILED = 35
    BAD_ARGUMENT = 43
    GOT_NOTHING = 52
    NOT_SENT = 55
    NOT_RECEIVED = 56
    BAD_CERTIFICATE = 58
    NOT_VERIFIED = 60
    BAD_AUTHORITIES = 77
    PROXY_FAILED = 97
    TOO_LARGE = 100


_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})  # X509_V_ERR_* of OpenSSL: no issuer, self-signed
_OTHER_HOST = frozenset({0, 1, 62, 64})  # 1: libcurl ended before OpenSSL had an opinion
_OUT_OF_DATE = frozenset({9, 10})
_TLS_RECORDS = range(20, 25)
_TLS_ALERT, _ALERT_SIZE = 21, 7
_SOCKS_REASONS: Mapping[int, str] = {  # golang.org/x/net/internal/socks; CURLPX_* of curl.h
    **dict.fromkeys((10, 11), "invalid username/password"),
    12: "no acceptable authentication methods",
    17: "unknown error address type not supported",
    18: "unknown error command not supported",
    19: "unknown error connection refused",
    20: "unknown error general SOCKS server failure",
    21: "unknown error host unreachable",
    22: "unknown error network unreachable",
    23: "unknown error connection not allowed by ruleset",
    24: "unknown error TTL expired",
    33: "username/password authentication failed",
}
_UNREACHED = frozenset({Code.NOT_CONNECTED, Code.UNRESOLVED_HOST, Code.UNRESOLVED_PROXY})
_UNREADABLE = frozenset({Code.UNSUPPORTED_PROTOCOL, Code.WEIRD_REPLY})


class Failure(Exception):  # noqa: N818 - it becomes one of the package's errors, with a text
    """What libcurl says about an exchange that failed, as numbers.

    Attributes:
        code: of libcurl (``CURLE_*``).
        errno: of the system; 0 if unknown.
        connected: whether the connection, TLS included, was made.
        verify: OpenSSL's code for what is wrong with a certificate; 0 for nothing.
        unnamed: the certificate has no alternative names.
        record: the first bytes that came instead of a TLS handshake; None if it isn't known whether any came.
        proxy_status: of a proxy that refused to connect; 0 for none.
        proxy_error: what went wrong with a SOCKS proxy (``CURLPX_*``); 0 for nothing.
    """

    def __init__(
        self,
        code: int,
        *,
        errno: int = 0,
        connected: bool = False,
        verify: int = 0,
        unnamed: bool = False,
        record: bytes | None = None,
        proxy_status: int = 0,
        proxy_error: int = 0,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errno = errno
        self.connected = connected
        self.verify = verify
        self.unnamed = unnamed
        self.record = record
        self.proxy_status = proxy_status
        self.proxy_error = proxy_error

    @property
    def unusable_trust(self) -> bool:
        """Whether the trusted certificates themselves can't be read."""
        return self.code == Code.BAD_AUTHORITIES


def describe(failure: Failure, asked: str, origin: Origin, proxy: Proxy | None) -> RegistryError:
    """The error for a failure.

    Args:
        failure: what libcurl said.
        asked: how the text begins, such as ``Get "https://…"``.
        origin: that was asked.
        proxy: that was in between.
    """
    if failure.connected:
        return TransferError(f"{asked}: {_transfer_text(failure, secure=origin[0] == 'https')}")
    host, port = (proxy.host, proxy.port) if proxy else origin[1:]
    code = failure.code
    if code == Code.TIMED_OUT:
        return SlowConnectionError(f"{asked}: i/o timeout")
    reason = _connection_text(failure, host, port)
    if proxy and not failure.proxy_status and code in _UNREACHED:
        reason = f"proxyconnect tcp: {reason}"
    elif proxy and failure.proxy_error in _SOCKS_REASONS:
        _, wanted, its_port = origin
        reason = f"socks connect tcp {host}:{port}->{wanted}:{its_port}: {_SOCKS_REASONS[failure.proxy_error]}"
    return UnreachableError(f"{asked}: {reason}")


def _connection_text(failure: Failure, host: str, port: int) -> str:
    code = failure.code
    if failure.proxy_status >= codes.MULTIPLE_CHOICES:
        return _phrase(failure.proxy_status)
    if code in {Code.UNRESOLVED_HOST, Code.UNRESOLVED_PROXY}:
        return f"dial tcp: lookup {host}: no such host"
    if code == Code.NOT_CONNECTED:
        reason = os.strerror(failure.errno or errno.ECONNREFUSED).lower()
        return f"dial tcp {_name_address(host)}:{port}: connect: {reason}"
    if failure.unnamed:
        return (
            "tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead"
        )
    if code in {Code.NOT_VERIFIED, Code.BAD_AUTHORITIES}:
        return f"tls: failed to verify certificate: x509: {_certificate_text(failure)}"
    if code in {Code.BAD_CERTIFICATE, Code.BAD_ARGUMENT}:
        return "tls: the client certificate and its key cannot be used"
    if code == Code.TLS_FAILED:
        return _handshake_text(failure)
    if code == Code.MALFORMED_URL:
        return f"invalid URL host {host}"
    if failure.errno == errno.ECONNRESET:
        return "read: connection reset by peer"
    if code in {Code.PROXY_FAILED, Code.NOT_RECEIVED, Code.NOT_SENT, Code.GOT_NOTHING}:
        return "proxy: the connection was refused or ended early"
    return f"no connection (libcurl's error {code})"


def _certificate_text(failure: Failure) -> str:
    if failure.verify in _OUT_OF_DATE:
        return "certificate has expired or is not yet valid"
    if failure.code == Code.BAD_AUTHORITIES or failure.verify in _UNKNOWN_AUTHORITY:
        return "certificate signed by unknown authority"
    if failure.verify in _OTHER_HOST:
        return "certificate is not valid for this host"
    return f"certificate is not valid for its purpose (OpenSSL's code {failure.verify})"


def _handshake_text(failure: Failure) -> str:
    record = failure.record
    if record is None:
        return "read: connection reset by peer" if failure.errno == errno.ECONNRESET else "EOF"
    if record[:1] and record[0] not in _TLS_RECORDS:
        return "tls: first record does not look like a TLS handshake"
    return "remote error: tls: handshake failure" if record[:1] == bytes((_TLS_ALERT,)) else "tls: handshake failure"


def _transfer_text(failure: Failure, *, secure: bool) -> str:
    code = failure.code
    if code == Code.GOT_NOTHING:
        return "EOF"
    if code == Code.PARTIAL:
        return "unexpected EOF"
    if code in _UNREADABLE:
        return "malformed HTTP response"
    if code == Code.TOO_LARGE:
        return "the answer has a header field of more than 100 KiB"
    if failure.errno == errno.ECONNRESET:
        return "read: connection reset by peer"
    if failure.errno == errno.EPIPE:
        return "write: broken pipe"
    if failure.errno:
        return os.strerror(failure.errno).lower()
    if code in {Code.NOT_RECEIVED, Code.NOT_SENT}:  # of a plain connection's end other codes tell
        return "unexpected EOF" if secure else "malformed chunked encoding"
    return f"transfer failed (libcurl's error {code})"


def _phrase(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"the proxy answered with status {status}"


def _name_address(host: str) -> str:
    import socket

    try:
        address = str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError):
        address = host
    return f"[{address}]" if ":" in address else address
