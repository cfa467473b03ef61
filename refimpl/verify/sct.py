"""Signed certificate timestamps (SCTs) that are embedded in certificates (RFC 6962 §3; specification 20 §4.5)."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.verify.refusal import raising

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509
    from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

    from refimpl.verify.keys import PublicKey
    from refimpl.verify.trust import LogKeys

_PRECERTIFICATE = 1
_MALFORMED = "x509: malformed list of certificate timestamps"


def check_scts(leaf: x509.Certificate, issuer: x509.Certificate, logs: LogKeys) -> None:
    """Check that a trusted log has signed a timestamp of the certificate.

    By a trusted root one timestamp must hold; otherwise each must.

    Raises:
        VerificationError: there is none, or it isn't so.
    """
    scts = _embedded_scts(leaf)
    if not scts:
        raise VerificationError("certificate does not include required embedded SCT and no detached SCT was set")
    reasons = []
    for sct in scts:
        try:
            _check(sct, leaf, issuer, logs)
        except VerificationError as error:
            reasons.append(error)
    if reasons and not logs.of_trusted_root:
        raise reasons[0]
    if len(reasons) == len(scts):
        raise VerificationError("only able to verify 0 SCT entries; unable to meet threshold of 1")


def _embedded_scts(leaf: x509.Certificate) -> Sequence[SignedCertificateTimestamp]:
    from cryptography import x509

    with raising(VerificationError(_MALFORMED)):
        try:
            found = leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps)
        except x509.ExtensionNotFound:
            return ()
        return tuple(found.value)


def _check(sct: SignedCertificateTimestamp, leaf: x509.Certificate, issuer: x509.Certificate, logs: LogKeys) -> None:
    with raising(VerificationError(_MALFORMED)):
        log_id, time = sct.log_id.hex(), _utc(sct.timestamp)
        signed, signature = _encode_signed(sct, leaf, issuer), sct.signature
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


def _encode_signed(sct: SignedCertificateTimestamp, leaf: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """What the log signed (§3.2): the certificate as it was without timestamps, and by whose key it was issued."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    told = leaf.tbs_precertificate_bytes
    key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    milliseconds = round(_utc(sct.timestamp).timestamp() * 1000)
    return b"".join(
        [
            struct.pack(">BBQH", 0, 0, milliseconds, _PRECERTIFICATE),
            hashlib.sha256(key).digest(),
            len(told).to_bytes(3, "big"),
            told,
            struct.pack(">H", len(sct.extension_bytes)),
            sct.extension_bytes,
        ]
    )


def _utc(moment: datetime) -> datetime:
    """The package gives the time in UTC without saying so."""
    return moment.replace(tzinfo=UTC)
