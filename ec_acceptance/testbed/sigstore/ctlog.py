"""A certificate transparency log's signed certificate timestamps (RFC 6962 §3.2, §3.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ec_acceptance.testbed.sigstore import der

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ec_acceptance.testbed.signing import KeyPair

__all__ = ["CTLog", "sct_list"]

_V1 = 0
_SHA256_ECDSA = bytes([4, 3])
_PRECERTIFICATE = 1


@dataclass(frozen=True, slots=True)
class CTLog:
    """One log; its id is the SHA-256 of its key."""

    key: KeyPair

    def sct(
        self, precertificate: bytes, issuer_key_hash: bytes, at: datetime, *, signer: KeyPair | None = None
    ) -> bytes:
        """The timestamp of a precertificate, as the certificate has it embedded.

        Args:
            precertificate: the TBSCertificate in DER, without poison and without timestamps.
            issuer_key_hash: SHA-256 of the issuer's SubjectPublicKeyInfo.
            at: the timestamp.
            signer: another key, which signs in this log's name.
        """
        timestamp = struct.pack(">Q", int(at.timestamp() * 1000))
        signed = b"".join(
            [
                bytes([_V1, 0]),
                timestamp,
                struct.pack(">H", _PRECERTIFICATE),
                issuer_key_hash,
                len(precertificate).to_bytes(3),
                precertificate,
                struct.pack(">H", 0),
            ]
        )
        signature = (signer or self.key).sign(signed)
        head = bytes([_V1]) + self.key.fingerprint + timestamp + struct.pack(">H", 0)
        return head + _SHA256_ECDSA + struct.pack(">H", len(signature)) + signature


def sct_list(scts: Iterable[bytes]) -> bytes:
    """The content of a certificate's extension 1.3.6.1.4.1.11129.2.4.2."""
    body = b"".join(struct.pack(">H", len(sct)) + sct for sct in scts)
    return der.octets(struct.pack(">H", len(body)) + body)
