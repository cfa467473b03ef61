"""Certificates beside signatures: reading them, their validity at a time, and their facts (20 §4.2, §9)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.record import field, record
from refimpl.verify import pem
from refimpl.verify.keys import PublicKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Certificate", "parse_certificates"]

_FULCIO = "1.3.6.1.4.1.57264.1."
_RAW = {
    1: "Fulcio Issuer",
    2: "Fulcio GitHub Workflow Trigger",
    3: "Fulcio GitHub Workflow SHA",
    4: "Fulcio GitHub Workflow Name",
    5: "Fulcio GitHub Workflow Repository",
    6: "Fulcio GitHub Workflow Ref",
}
_UTF8 = {
    8: "Fulcio Issuer (V2)",
    9: "Fulcio Build Signer URI",
    10: "Fulcio Build Signer Digest",
    11: "Fulcio Runner Environment",
    12: "Fulcio Source Repository URI",
    13: "Fulcio Source Repository Digest",
    14: "Fulcio Source Repository Ref",
    15: "Fulcio Source Repository Identifier",
    16: "Fulcio Source Repository Owner URI",
    17: "Fulcio Source Repository Owner Identifier",
    18: "Fulcio Build Config URI",
    19: "Fulcio Build Config Digest",
    20: "Fulcio Build Trigger",
    21: "Fulcio Run Invocation URI",
}
_OTHER_NAME = f"{_FULCIO}7"
_UTF8_TAG = b"\x0c"


@record
class Certificate:
    """An X.509 certificate.

    Attributes:
        pem: 64 columns, with a newline at the end.
        key: the key that it certifies.
    """

    pem: str
    key: PublicKey
    _x509: Any = field(repr=False, compare=False)

    @property
    def not_before(self) -> datetime:
        """Start of validity, UTC."""
        start: datetime = self._x509.not_valid_before_utc
        return start

    @property
    def not_after(self) -> datetime:
        """End of validity, UTC."""
        end: datetime = self._x509.not_valid_after_utc
        return end

    def check_logged_at(self, time: datetime) -> None:
        """Check that a signature logged at `time` was made while the certificate was valid.

        Raises:
            VerificationError: it wasn't.
        """
        prefix = "checking expiry on certificate with bundle: certificate"
        end = _rfc3339(self.not_after)
        if self.not_after < time:
            raise VerificationError(
                f"{prefix} expired before signatures were entered in log: {end} is before {_rfc3339(time)}"
            )
        if self.not_before > time:  # the contract names the end here too
            raise VerificationError(
                f"{prefix} was issued after signatures were entered in log: {end} is after {_rfc3339(time)}"
            )

    def check_now(self, now: datetime) -> None:
        """Check that the certificate is valid at `now`, for want of a log time.

        Raises:
            VerificationError: it isn't.
        """
        if not self.not_before <= now <= self.not_after:
            raise VerificationError("expected a signed timestamp to verify an expired certificate")

    @property
    def key_id(self) -> str:
        """The subject key identifier in lower-case hexadecimal; empty without one."""
        from cryptography import x509

        try:
            extension = self._x509.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound:
            return ""
        digest: bytes = extension.value.digest
        return digest.hex()

    def facts(self) -> dict[str, str]:
        """The report's ``metadata``: sorted by name, empty facts left out.

        Raises:
            VerificationError: an extension isn't what it should be.
        """
        from refimpl.verify.names import alternative_names, distinguished_name

        facts = {
            "Subject": distinguished_name(self._x509.subject),
            "Issuer": distinguished_name(self._x509.issuer),
            "Subject Alternative Name": alternative_names(self._x509, _OTHER_NAME),
            "Serial Number": f"{self._x509.serial_number:x}",
            "Not Before": _rfc3339(self.not_before),
            "Not After": _rfc3339(self.not_after),
            **self._fulcio(),
        }
        return {name: fact for name, fact in sorted(facts.items()) if fact}

    def _fulcio(self) -> Mapping[str, str]:
        facts = {}
        for extension in self._x509.extensions:
            oid = extension.oid.dotted_string
            if not oid.startswith(_FULCIO):
                continue
            number = int(oid.removeprefix(_FULCIO)) if oid.count(".") == _FULCIO.count(".") else 0
            if number in _RAW:
                facts[_RAW[number]] = extension.value.value.decode("utf-8", "replace")
            elif number in _UTF8:
                facts[_UTF8[number]] = _utf8_string(extension.value.value)
        return facts


def parse_certificates(text: str) -> tuple[Certificate, ...]:
    """The certificates of a PEM text, leaf first; at least one.

    Raises:
        VerificationError: anything in it isn't a certificate.
    """
    blocks, rest = pem.split(text.strip() + "\n")
    if not blocks or rest.strip():
        raise VerificationError("error during PEM decoding")
    return tuple(_certificate(block.der) for block in blocks)


def _certificate(der: bytes) -> Certificate:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        loaded = x509.load_der_x509_certificate(der)
        key = PublicKey.from_key(loaded.public_key())
        _ = loaded.extensions  # parsed on first use: better here than in the middle of a report
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise VerificationError("x509: malformed certificate") from None
    except KeyMaterialError as error:
        raise VerificationError(str(error)) from None
    return Certificate(pem.encode("CERTIFICATE", der), key, loaded)


def _utf8_string(der: bytes) -> str:
    """The text of a DER UTF8String that fills `der`."""
    header, length = 2, der[1] if len(der) > 1 else 0
    if length >= 0x80:
        count = length & 0x7F
        header, length = 2 + count, int.from_bytes(der[2 : 2 + count], "big")
    if der[:1] != _UTF8_TAG or len(der) != header + length:
        raise VerificationError("asn1: structure error: an extension of the certificate is not a UTF8String")
    return der[header:].decode("utf-8", "replace")


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
