"""A transparency log of Rekor's second version: signed tree heads and proofs, and no signed entry timestamps.

Source: specification 20 §6.6; sigstore/rekor-tiles; C2SP signed-note and tlog-checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.rekor.entries import canonical
from ec_acceptance.testbed.rekor.log import Log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ec_acceptance.testbed.rekor.log import LogEntry
    from ec_acceptance.testbed.signing.keys import KeyPair

__all__ = ["HOST", "TiledLog", "tiled_dsse", "tiled_hashedrekord"]

HOST = "tiles.acceptance.test"
"""The host of the log's URL, which is the log's name, too."""


class TiledLog(Log):
    """Such a log with its key."""

    def __init__(self, key: KeyPair, name: str = HOST) -> None:
        super().__init__(key, name=name)

    @property
    def origin(self) -> str:
        """The first line of its checkpoints."""
        return self.name

    def in_bundle(self, entry: LogEntry) -> dict[str, Any]:
        """An entry as a Sigstore bundle has it: without a signed entry timestamp and without a time."""
        left_out = {"inclusionPromise", "integratedTime"}
        return {name: value for name, value in super().in_bundle(entry).items() if name not in left_out}


def tiled_dsse(envelope: bytes, key: KeyPair, certificate: bytes | None = None) -> bytes:
    """The body for the bytes of an envelope that a key signed once, which may have a certificate in DER."""
    document = json.loads(envelope)
    payload = base64.b64decode(document["payload"])
    signature = _signature(document["signatures"][0]["sig"], key, certificate)
    return _body("dsse", {"dsseV002": {"payloadHash": _hash(payload), "signatures": [signature]}})


def tiled_hashedrekord(payload: bytes, signature: bytes, key: KeyPair, certificate: bytes | None = None) -> bytes:
    """The body for a key's signature over a payload; the key may have a certificate in DER."""
    encoded = base64.b64encode(signature).decode()
    signed = {"data": _hash(payload), "signature": _signature(encoded, key, certificate)}
    return _body("hashedrekord", {"hashedRekordV002": signed})


def _body(kind: str, spec: Mapping[str, Any]) -> bytes:
    return canonical({"apiVersion": "0.0.2", "kind": kind, "spec": spec})


def _signature(content: str, key: KeyPair, certificate: bytes | None) -> dict[str, Any]:
    kind, der = ("publicKey", key.public_der) if certificate is None else ("x509Certificate", certificate)
    verifier = {kind: {"rawBytes": base64.b64encode(der).decode()}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
    return {"content": content, "verifier": verifier}


def _hash(data: bytes) -> dict[str, str]:
    return {"algorithm": "SHA2_256", "digest": base64.b64encode(hashlib.sha256(data).digest()).decode()}
