"""Keys made from a seed, so that the same seed gives the same signatures on every machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

__all__ = ["KeyPair"]

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # FIPS 186-4, D.1.2.3


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A named P-256 key pair."""

    name: str
    private: ec.EllipticCurvePrivateKey

    @classmethod
    def derive(cls, seed: str, name: str) -> Self:
        """The key pair of this name under this seed, always the same one. Not for secrets."""
        value = int.from_bytes(hashlib.sha512(f"{seed}\0{name}".encode()).digest())
        return cls(name, ec.derive_private_key(value % (_P256_ORDER - 1) + 1, ec.SECP256R1()))

    @classmethod
    def derived(cls, seed: str, name: str) -> Self:
        """The former name of `derive`."""
        return cls.derive(seed, name)

    @property
    def public_pem(self) -> str:
        """The public key, PKIX in PEM."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def public_der(self) -> bytes:
        """The public key, PKIX in DER."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def private_pem(self) -> str:
        """The private key, unencrypted PKCS#8 in PEM."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of `public_der`: what a transparency log calls its id."""
        return hashlib.sha256(self.public_der).digest()

    def sign(self, data: bytes) -> bytes:
        """The ECDSA signature over SHA-256 of the data, in DER, with the nonce of RFC 6979."""
        return self.private.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
