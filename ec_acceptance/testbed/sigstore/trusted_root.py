"""The document that tells whose keys to trust, and when (protobuf-specs, `sigstore_trustroot.proto`, as JSON).

Source: specification 20 §3.3.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from ec_acceptance.testbed.signing import KeyPair

__all__ = ["MEDIA_TYPE", "Period", "TrustedAuthority", "TrustedLog", "TrustedRoot"]

MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

_FOUNDED = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when something is trusted; without an end, for good."""

    start: datetime = _FOUNDED
    end: datetime | None = None

    def document(self) -> dict[str, str]:
        """As `TimeRange`."""
        ends = {"start": self.start, "end": self.end}
        return {name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in ends.items() if moment is not None}


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """A transparency log, of entries or of certificates."""

    key: KeyPair
    url: str = "https://log.acceptance.test"
    period: Period = field(default_factory=Period)

    def document(self) -> dict[str, Any]:
        """As `TransparencyLogInstance`."""
        key = {
            "rawBytes": _encode(self.key.public_der),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": self.period.document(),
        }
        return {
            "baseUrl": self.url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": key,
            "logId": {"keyId": _encode(self.key.fingerprint)},
        }


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    """A certificate or timestamp authority by its chain, the root last."""

    chain: Sequence[x509.Certificate]
    url: str = "https://authority.acceptance.test"
    period: Period = field(default_factory=Period)

    def document(self) -> dict[str, Any]:
        """As `CertificateAuthority`."""
        certificates = [{"rawBytes": _encode(each.public_bytes(Encoding.DER))} for each in self.chain]
        return {
            "subject": {"organization": "acceptance.test", "commonName": "acceptance"},
            "uri": self.url,
            "certChain": {"certificates": certificates},
            "validFor": self.period.document(),
        }


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """All that is trusted."""

    authorities: Sequence[TrustedAuthority] = ()
    logs: Sequence[TrustedLog] = ()
    certificate_logs: Sequence[TrustedLog] = ()
    timestamp_authorities: Sequence[TrustedAuthority] = ()

    def document(self) -> dict[str, Any]:
        """As `TrustedRoot`, for `json.dumps`."""
        return {
            "mediaType": MEDIA_TYPE,
            "tlogs": [each.document() for each in self.logs],
            "certificateAuthorities": [each.document() for each in self.authorities],
            "ctlogs": [each.document() for each in self.certificate_logs],
            "timestampAuthorities": [each.document() for each in self.timestamp_authorities],
        }

    def encoded(self) -> bytes:
        """The document's bytes."""
        return json.dumps(self.document(), indent=2).encode()


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()
