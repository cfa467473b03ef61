"""Promises of certificate transparency logs that are embedded in certificates (RFC 6962 §3; specification 20 §4.5)."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.verify.refusal import refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509
    from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

    from refimpl.verify.keys import PublicKey
    from refimpl.verify.trust import LogKeys

__all__ = ["check_promises"]

_PRECERTIFICATE = 1
_MALFORMED = "x509: malformed list of certificate timestamps"


def check_promises(leaf: x509.Certificate, issuer: x509.Certificate, logs: LogKeys) -> None:
    """Check that a trusted log promised to include the certificate.

    By a trusted root one promise must hold; otherwise each must.

    Raises:
        VerificationError: there is none, or it isn't so.
    """
    promises = _promises(leaf)
    if not promises:
        raise VerificationError("certificate does not include required embedded SCT and no detached SCT was set")
    reasons = []
    for promise in promises:
        try:
            _check(promise, leaf, issuer, logs)
        except VerificationError as error:
            reasons.append(error)
    if reasons and not logs.of_trusted_root:
        raise reasons[0]
    if len(reasons) == len(promises):
        raise VerificationError("only able to verify 0 SCT entries; unable to meet threshold of 1")


def _promises(leaf: x509.Certificate) -> Sequence[SignedCertificateTimestamp]:
    from cryptography import x509

    with refused(VerificationError(_MALFORMED)):
        try:
            found = leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps)
        except x509.ExtensionNotFound:
            return ()
        return tuple(found.value)


def _check(
    promise: SignedCertificateTimestamp, leaf: x509.Certificate, issuer: x509.Certificate, logs: LogKeys
) -> None:
    with refused(VerificationError(_MALFORMED)):
        log_id, time = promise.log_id.hex(), _utc(promise.timestamp)
        signed, signature = _signed(promise, leaf, issuer), promise.signature
    key = logs.at(log_id, time)
    if key is None:
        raise VerificationError(
            "ctfe public key not found for payload. Check your TUF root (see cosign initialize) "
            "or set a custom key with env var SIGSTORE_CT_LOG_PUBLIC_KEY_FILE"
        )
    _verify(key, signature, signed)


def _verify(key: PublicKey, signature: bytes, signed: bytes) -> None:
    kind = "ECDSA" if key.is_ecdsa else "RSA"
    try:
        (key.verify_asn1 if key.is_ecdsa else key.verify)(signature, signed)
    except VerificationError:
        raise VerificationError(f"error verifying embedded SCT: failed to verify {kind} signature") from None


def _signed(promise: SignedCertificateTimestamp, leaf: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """What the log signed (§3.2): the certificate as it was before it had promises, and by whose key it was issued."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    told = leaf.tbs_precertificate_bytes
    key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    milliseconds = round(_utc(promise.timestamp).timestamp() * 1000)
    return b"".join(
        [
            struct.pack(">BBQH", 0, 0, milliseconds, _PRECERTIFICATE),
            hashlib.sha256(key).digest(),
            len(told).to_bytes(3, "big"),
            told,
            struct.pack(">H", len(promise.extension_bytes)),
            promise.extension_bytes,
        ]
    )


def _utc(moment: datetime) -> datetime:
    """The package gives the time in UTC without saying so."""
    return moment.replace(tzinfo=UTC)
