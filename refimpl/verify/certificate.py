"""Certificates beside signatures: reading them, their validity at a time, and their facts (20 §4.2, §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.record import record
from refimpl.verify import asn1, pem
from refimpl.verify.keys import PublicKey
from refimpl.verify.refusal import raising

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_FULCIO = "1.3.6.1.4.1.57264.1"
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
_OTHER_NAME = f"{_FULCIO}.7"
_UTF8_TAG = 0x0C
#: What no certificate may demand that its readers understand (RFC 5280 §4.2).
_NEVER_CRITICAL = {
    "2.5.29.14": "subject key identifier",
    "2.5.29.35": "authority key identifier",
    "1.3.6.1.5.5.7.1.1": "authority info access",
}
_SPACE = " \t\n\v\f\r\u0085\u00a0"


@record
class Certificate:
    """An X.509 certificate.

    Attributes:
        pem: 64 columns, with a newline at the end.
        key: the key that it certifies.
        not_before: start of validity, UTC.
        not_after: end of validity, UTC.
        key_id: the subject key identifier in lower-case hexadecimal; empty without one.
        extensions: those of Fulcio, by their number: the content as it stands.
    """

    pem: str
    key: PublicKey
    subject: str
    issuer: str
    alternative_names: str
    serial_number: int
    not_before: datetime
    not_after: datetime
    key_id: str
    extensions: Mapping[int, bytes]

    def check_logged_at(self, time: datetime) -> None:
        """Check that a signature logged at `time` was made while the certificate was valid.

        Raises:
            VerificationError: it wasn't.
        """
        self._check_at(time, "bundle")

    def check_stamped_at(self, time: datetime) -> None:
        """Check that a signature that was stamped at `time` was made while the certificate was valid.

        Raises:
            VerificationError: it wasn't.
        """
        self._check_at(time, "timestamp")

    def _check_at(self, time: datetime, witness: str) -> None:
        prefix = f"checking expiry on certificate with {witness}: certificate"
        end = _rfc3339(self.not_after)
        if self.not_after < time:
            raise VerificationError(
                f"{prefix} expired before signatures were entered in log: {end} is before {_rfc3339(time)}"
            )
        if self.not_before > time:  # the contract names the end here too
            raise VerificationError(
                f"{prefix} was issued after signatures were entered in log: {end} is after {_rfc3339(time)}"
            )

    def covers(self, time: datetime) -> bool:
        """Whether the certificate is valid at a time."""
        return self.not_before <= time <= self.not_after

    def check_now(self, now: datetime) -> None:
        """Check that the certificate is valid at `now`, for want of a log time.

        Raises:
            VerificationError: it isn't.
        """
        if not self.covers(now):
            raise VerificationError("expected a signed timestamp to verify an expired certificate")

    def extension_text(self, number: int) -> str:
        """What an extension of Fulcio's says; empty without it.

        Raises:
            VerificationError: it isn't what it should be.
        """
        if number not in self.extensions:
            return ""
        content = self.extensions[number]
        return _utf8_string(content) if number in _UTF8 else content.decode("utf-8", "replace")

    def facts(self) -> dict[str, str]:
        """The report's ``metadata``: sorted by name, empty facts left out.

        Raises:
            VerificationError: an extension isn't what it should be.
        """
        facts = {
            "Subject": self.subject,
            "Issuer": self.issuer,
            "Subject Alternative Name": self.alternative_names,
            "Serial Number": f"{self.serial_number:x}",
            "Not Before": _rfc3339(self.not_before),
            "Not After": _rfc3339(self.not_after),
        }
        for number in self.extensions:
            name = _RAW.get(number) or _UTF8.get(number)
            if name:
                facts[name] = self.extension_text(number)
        return {name: fact for name, fact in sorted(facts.items()) if fact}


def parse_certificates(text: str) -> tuple[Certificate, ...]:
    """The certificates of a PEM text, leaf first; at least one.

    Raises:
        VerificationError: anything in it isn't a certificate.
    """
    blocks, rest = pem.split(text.strip(_SPACE))
    if not blocks or rest:
        raise VerificationError("error during PEM decoding")
    return tuple(_certificate(block.der) for block in blocks)


def _certificate(der: bytes) -> Certificate:
    """Read all that is ever asked of a certificate at once: the package finds many faults only when asked."""
    from cryptography import x509

    from refimpl.verify.names import alternative_names, check_alternative_names, distinguished_name

    with raising(VerificationError("x509: malformed certificate")):
        loaded = x509.load_der_x509_certificate(der)
        try:
            key = PublicKey.from_key(loaded.public_key())
        except KeyMaterialError as error:
            raise VerificationError(str(error)) from None
        if loaded.serial_number < 0:
            raise VerificationError("x509: negative serial number")
        if der[-len(loaded.signature) - 1]:  # bits at its end that don't count, which the package doesn't look at
            raise VerificationError("x509: malformed signature")
        identifiers = [each.value for each in loaded.extensions if isinstance(each.value, x509.SubjectKeyIdentifier)]
        for extension in loaded.extensions:
            if extension.critical and (what := _NEVER_CRITICAL.get(extension.oid.dotted_string)):
                raise VerificationError(f"x509: {what} incorrectly marked critical")
            if isinstance(extension.value, x509.SubjectAlternativeName):
                check_alternative_names(extension.value)
        return Certificate(
            pem.encode("CERTIFICATE", der),
            key,
            distinguished_name(loaded.subject),
            distinguished_name(loaded.issuer),
            alternative_names(loaded, _OTHER_NAME),
            loaded.serial_number,
            loaded.not_valid_before_utc,
            loaded.not_valid_after_utc,
            identifiers[0].digest.hex() if identifiers else "",
            _fulcio(loaded),
        )


def _fulcio(certificate: Any) -> dict[int, bytes]:
    found = {}
    for extension in certificate.extensions:
        prefix, _, number = extension.oid.dotted_string.rpartition(".")
        if prefix == _FULCIO:
            found[int(number)] = extension.value.value
    return found


def _utf8_string(der: bytes) -> str:
    """The text of a DER UTF8String that fills `der`."""
    try:
        element = asn1.read(der)
    except asn1.Asn1Error:
        element = None
    if element is None or element.tag != _UTF8_TAG or element.end != len(der):
        raise VerificationError("asn1: structure error: an extension of the certificate is not a UTF8String")
    return element.content.decode("utf-8", "replace")


def _rfc3339(time: datetime) -> str:
    return f"{time.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
