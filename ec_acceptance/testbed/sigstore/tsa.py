"""A timestamp authority's answers (RFC 3161, RFC 5652, RFC 5816)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ec_acceptance.testbed.sigstore import der
from ec_acceptance.testbed.sigstore.ca import VALID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

    from ec_acceptance.testbed.signing import KeyPair
    from ec_acceptance.testbed.sigstore.ca import Authority

__all__ = ["TimestampAuthority", "refusal"]

_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_TIME, _SIGNING_CERTIFICATE = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.16.2.47"
_POLICY = "1.3.6.1.4.1.57264.2"
_SHA256 = der.sequence(der.object_id("2.16.840.1.101.3.4.2.1"))
_ECDSA_SHA256 = der.sequence(der.object_id("1.2.840.10045.4.3.2"))


@dataclass(frozen=True, slots=True)
class TimestampAuthority:
    """One authority: its root, and a certificate that is good for timestamps alone."""

    root: Authority
    key: KeyPair
    certificate: x509.Certificate

    @classmethod
    def create(
        cls,
        root: Authority,
        key: KeyPair,
        *,
        valid: tuple[datetime, datetime] = VALID,
        usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,),
        critical: bool = True,
    ) -> Self:
        """One that a root, or an authority below one, certifies.

        Args:
            root: certifies it.
            key: its own.
            valid: start and end of its certificate's validity.
            usages: extended key usages of its certificate.
            critical: whether they are marked critical.
        """
        return cls(root, key, root.certify(key, "acceptance timestamps", usages, valid, critical=critical))

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """From its own certificate to the root's."""
        return (self.certificate, *self.root.chain)

    def stamp(
        self, data: bytes, at: datetime, *, signer: KeyPair | None = None, number: int = 1, brings: bool = True
    ) -> bytes:
        """The answer (TimeStampResp) to a request for a timestamp of these bytes.

        Args:
            data: its SHA-256 is stamped; of signatures these are the signature's bytes.
            at: the time, in whole seconds.
            signer: another key, which signs in this authority's name.
            number: the serial number.
            brings: whether its certificate is in the answer.
        """
        imprint = der.sequence(_SHA256, der.octets(hashlib.sha256(data).digest()))
        info = der.sequence(der.integer(1), der.object_id(_POLICY), imprint, der.integer(number), der.time(at))
        attributes = [
            _attribute(_CONTENT_TYPE, der.object_id(_TST_INFO)),
            _attribute(_SIGNING_TIME, der.tagged(0x17, f"{at:%y%m%d%H%M%SZ}".encode())),
            _attribute(_MESSAGE_DIGEST, der.octets(hashlib.sha256(info).digest())),
            _attribute(_SIGNING_CERTIFICATE, der.sequence(der.sequence(der.sequence(der.octets(self._fingerprint))))),
        ]
        signature = (signer or self.key).sign(der.set_of(*attributes))
        signer_info = der.sequence(
            der.integer(1),
            der.sequence(self.certificate.issuer.public_bytes(), der.integer(self.certificate.serial_number)),
            _SHA256,
            der.tagged(0xA0, *sorted(attributes)),
            _ECDSA_SHA256,
            der.octets(signature),
        )
        signed = der.sequence(
            der.integer(3),
            der.set_of(_SHA256),
            der.sequence(der.object_id(_TST_INFO), der.explicit(0, der.octets(info))),
            *([der.tagged(0xA0, self.certificate.public_bytes(Encoding.DER))] if brings else []),
            der.set_of(signer_info),
        )
        granted = der.sequence(der.integer(0))
        return der.sequence(granted, der.sequence(der.object_id(_SIGNED_DATA), der.explicit(0, signed)))

    @property
    def _fingerprint(self) -> bytes:
        return self.certificate.fingerprint(hashes.SHA256())


def refusal() -> bytes:
    """The answer of an authority that stamps nothing: its status is "rejection"."""
    return der.sequence(der.sequence(der.integer(2)))


def _attribute(oid: str, value: bytes) -> bytes:
    return der.sequence(der.object_id(oid), der.set_of(value))
