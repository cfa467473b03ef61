"""Sigstore bundles: a signature with all that is needed to verify it, as JSON of protobuf.

Source: specification 20 §6, 30 §5; sigstore/protobuf-specs, `sigstore_bundle.proto`.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.signing.dsse import Envelope

__all__ = ["BUNDLE_TYPE", "MEDIA_TYPES", "envelope_bundle", "message_bundle"]

MEDIA_TYPES: Mapping[str, str] = {
    "0.1": "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "0.2": "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "0.3": "application/vnd.dev.sigstore.bundle.v0.3+json",
}
"""By version."""

BUNDLE_TYPE = MEDIA_TYPES["0.3"]


def envelope_bundle(
    envelope: Envelope,
    entries: Sequence[Mapping[str, Any]] = (),
    *,
    certificate: bytes | None = None,
    version: str = "0.3",
) -> dict[str, Any]:
    """A bundle with an envelope, and entries of logs (`Log.in_bundle`); `certificate` is the signer's in DER."""
    sealed = {
        "payload": _encode(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [
            {"sig": one.encoded, **({"keyid": one.keyid} if one.keyid else {})} for one in envelope.signatures
        ],
    }
    return {**_head(entries, version, certificate), "dsseEnvelope": sealed}


def message_bundle(
    digest: bytes,
    signature: bytes,
    entries: Sequence[Mapping[str, Any]] = (),
    *,
    certificate: bytes | None = None,
    version: str = "0.3",
) -> dict[str, Any]:
    """A bundle with a signature over something of this SHA-256."""
    message = {
        "messageDigest": {"algorithm": "SHA2_256", "digest": _encode(digest)},
        "signature": _encode(signature),
    }
    return {**_head(entries, version, certificate), "messageSignature": message}


def _head(entries: Sequence[Mapping[str, Any]], version: str, certificate: bytes | None) -> dict[str, Any]:
    holder = {"publicKey": {"hint": ""}} if certificate is None else {"certificate": {"rawBytes": _encode(certificate)}}
    material = {**holder, **({"tlogEntries": list(entries)} if entries else {})}
    return {"mediaType": MEDIA_TYPES[version], "verificationMaterial": material}


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()
