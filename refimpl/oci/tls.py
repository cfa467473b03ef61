"""Which certificate authorities are trusted, and what a failed handshake is called.

``SSL_CERT_FILE`` stands in for the system's file of roots and ``SSL_CERT_DIR`` (several, with ``:``) for its folders,
as in Go on Linux; here on every platform. When one of them is set, nothing but what they name is trusted.
"""

from __future__ import annotations

import logging
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["client_context", "failure_text", "probe_context"]

_log = logging.getLogger(__name__)
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})  # X509_V_ERR_* of OpenSSL: no issuer, self-signed
_HOST_MISMATCH = frozenset({62, 64})
_OUT_OF_DATE = frozenset({9, 10})


def client_context(environ: Mapping[str, str], *, verify: bool = True) -> ssl.SSLContext:
    """A context for TLS connections that verifies names and chains unless told not to; takes 20 ms on some systems."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a trusted certificate needn't be a root, as in Go
    file, folders = environ.get("SSL_CERT_FILE", ""), environ.get("SSL_CERT_DIR", "")
    if not (file or folders):
        context.load_default_certs()
        return context
    if file:
        _load(context, Path(file))
    for folder in filter(None, folders.split(os.pathsep)):
        try:
            files = sorted(Path(folder).iterdir())
        except OSError as error:
            _log.debug("unable to read SSL_CERT_DIR %s: %s", folder, error)
            continue
        for path in files:
            if path.is_file():
                _load(context, path)
    return context


def probe_context() -> ssl.SSLContext:
    """A context that only finds out whether the other side speaks TLS at all: nothing may be sent through it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def failure_text(error: ssl.SSLError) -> str:
    """What went wrong in a handshake, in Go's words where there are any."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        if code in _UNKNOWN_AUTHORITY:
            reason = "certificate signed by unknown authority"
        elif code in _OUT_OF_DATE:
            reason = "certificate has expired or is not yet valid"
        elif code in _HOST_MISMATCH:
            reason = error.verify_message.lower()
        else:
            reason = error.verify_message
        return f"tls: failed to verify certificate: x509: {reason}"
    if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNSUPPORTED_PROTOCOL", "HTTP_REQUEST"}:
        return "tls: first record does not look like a TLS handshake"
    return f"tls: {(error.reason or str(error)).lower().replace('_', ' ')}"


def _load(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:  # Go passes over what it cannot read, too
        _log.debug("unable to load certificates from %s: %s", path, error)
