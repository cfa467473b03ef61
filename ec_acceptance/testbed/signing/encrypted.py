"""Private keys under a password, as cosign keeps them.

Source: specification 24 §14; RFC 7914 (scrypt), https://nacl.cr.yp.to/secretbox.html.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from nacl.secret import SecretBox

if TYPE_CHECKING:
    from ec_acceptance.testbed.signing.keys import KeyPair

__all__ = ["encrypt_pem"]

_N, _R, _P = 1 << 15, 8, 1
_MEMORY = 64 << 20
_COLUMNS = 64


def encrypt_pem(key: KeyPair, password: str, *, label: str = "ENCRYPTED SIGSTORE PRIVATE KEY") -> str:
    """The private half in PEM; salt and nonce follow from the key's name, so that the same key gives the same text."""
    salt = hashlib.sha256(f"salt of {key.name}".encode()).digest()
    nonce = hashlib.sha256(f"nonce of {key.name}".encode()).digest()[: SecretBox.NONCE_SIZE]
    secret = _derive(password, salt)
    plain = key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    document = {
        "kdf": {"name": "scrypt", "params": {"N": _N, "r": _R, "p": _P}, "salt": _base64(salt)},
        "cipher": {"name": "nacl/secretbox", "nonce": _base64(nonce)},
        "ciphertext": _base64(SecretBox(secret).encrypt(plain, nonce).ciphertext),
    }
    text = _base64(json.dumps(document).encode())
    lines = [text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


@lru_cache
def _derive(password: str, salt: bytes) -> bytes:
    """The secret under a password; it takes 75 ms, by design, and scenarios have few keys and passwords."""
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY, dklen=SecretBox.KEY_SIZE)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
