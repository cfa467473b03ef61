"""Sigstore bundles and how they are found beside an image (specification 20 §6.1, 30 §5).

https://github.com/sigstore/protobuf-specs, ``sigstore_bundle.proto`` as JSON. As protobuf demands, 64-bit numbers may
be strings, and an unknown member makes the whole unreadable.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from refimpl.errors import RegistryError
from refimpl.golang import base64text
from refimpl.golang.document import FEW_VALUES, DocumentError, kind, parse
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from refimpl.oci.client import Registry
    from refimpl.oci.descriptor import Descriptor
    from refimpl.oci.reference import Reference

__all__ = ["Bundle", "BundleSignature", "Checkpointed", "fetch_bundles"]

_log = logging.getLogger(__name__)

_LAYER = "application/vnd.dev.sigstore.bundle"
_VERSIONS = frozenset({f"{_LAYER}.v0.3+json", f"{_LAYER}+json;version=0.3"})
_INT64 = re.compile("-?(?:0|[1-9][0-9]{0,18})")

# What a member must be: a name for scalars, a dict for messages, a list of one for repeated ones.
_CERTIFICATE = {"rawBytes": "bytes"}
_ENTRY = {
    "logIndex": "int64",
    "logId": {"keyId": "bytes"},
    "kindVersion": {"kind": "string", "version": "string"},
    "integratedTime": "int64",
    "inclusionPromise": {"signedEntryTimestamp": "bytes"},
    "inclusionProof": {
        "logIndex": "int64",
        "rootHash": "bytes",
        "treeSize": "int64",
        "hashes": ["bytes"],
        "checkpoint": {"envelope": "string"},
    },
    "canonicalizedBody": "bytes",
}
_BUNDLE = {
    "mediaType": "string",
    "verificationMaterial": {
        "publicKey": {"hint": "string"},
        "x509CertificateChain": {"certificates": [_CERTIFICATE]},
        "certificate": _CERTIFICATE,
        "tlogEntries": [_ENTRY],
        "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": "bytes"}]},
    },
    "messageSignature": {"messageDigest": {"algorithm": "enum", "digest": "bytes"}, "signature": "bytes"},
    "dsseEnvelope": {
        "payload": "bytes",
        "payloadType": "string",
        "signatures": [{"sig": "bytes", "keyid": "string"}],
    },
}
_MATERIAL_KINDS = ("publicKey", "x509CertificateChain", "certificate")
_CONTENT_KINDS = ("messageSignature", "dsseEnvelope")


@record
class BundleSignature:
    """One signature of a bundle's envelope."""

    keyid: str
    sig: bytes


@record
class Checkpointed:
    """A log entry with its proof.

    Attributes:
        kind: of the body, as the bundle tells; None when it doesn't.
        version: of the kind, likewise.
        log_id: lower-case hexadecimal.
        index: in the whole log.
        signed_timestamp: the log's promise; empty without one.
        leaf_index: in the tree that the proof is about.
        checkpoint: the tree's head as a signed note.
    """

    kind: str | None
    version: str | None
    log_id: str
    index: int
    integrated_time: int
    body: bytes
    signed_timestamp: bytes
    leaf_index: int
    tree_size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@record
class Bundle:
    """One bundle.

    Attributes:
        has_certificate: whether the verification material is a certificate.
        has_envelope: whether it has a DSSE envelope; without one the next three are empty.
        entries: of transparency logs.
    """

    has_certificate: bool
    has_envelope: bool
    payload_type: str
    payload: bytes
    signatures: tuple[BundleSignature, ...]
    entries: tuple[Checkpointed, ...]

    @classmethod
    def parse(cls, data: bytes) -> Bundle:
        """Read one of version 0.3, the only one that counts.

        Raises:
            DocumentError: not such a bundle, or a log entry in it has no inclusion proof.
        """
        document = _message(parse(data, most_values=FEW_VALUES).value, _BUNDLE)
        if document.get("mediaType") not in _VERSIONS:
            raise DocumentError("unsupported bundle version")
        material = document.get("verificationMaterial")
        if material is None or "x509CertificateChain" in material:
            raise DocumentError("no verification material of version 0.3")
        if (
            sum(name in material for name in _MATERIAL_KINDS) > 1
            or sum(name in document for name in _CONTENT_KINDS) != 1
        ):
            raise DocumentError("not exactly one content or verification material")
        envelope = document.get("dsseEnvelope") or {}
        return cls(
            "certificate" in material,
            "dsseEnvelope" in document,
            envelope.get("payloadType", ""),
            envelope.get("payload", b""),
            tuple(BundleSignature(one.get("keyid", ""), one.get("sig", b"")) for one in envelope.get("signatures", ())),
            tuple(_entry(entry) for entry in material.get("tlogEntries", ())),
        )


def fetch_bundles(client: Registry, ref: Reference, referring: Sequence[Descriptor], *, limit: int) -> Iterator[Bundle]:
    """Those of an image's referrers that are bundles, in their order. One that cannot be fetched doesn't count.

    Each is fetched when it is asked for, so that no more than one need be held.

    Args:
        client: asks the registry.
        ref: the image.
        referring: what refers to it.
        limit: largest bundle in bytes.
    """
    for descriptor in referring:
        try:
            layers = client.manifest(ref.at(descriptor.digest)).layers
            if len(layers) != 1 or not layers[0].media_type.startswith(_LAYER):
                continue
            bundle = Bundle.parse(client.blob(ref.repository, layers[0], limit=limit))
        except (DocumentError, RegistryError) as error:
            _log.debug("ignoring referrer %s: %s", descriptor.digest, error)
            continue
        yield bundle
        del bundle  # before the next one is fetched


def _entry(entry: Mapping[str, Any]) -> Checkpointed:
    proof, body = entry.get("inclusionProof"), entry.get("canonicalizedBody")
    if proof is None or body is None:
        raise DocumentError("a log entry without inclusion proof")
    kind_version = entry.get("kindVersion") or {}
    return Checkpointed(
        kind_version.get("kind"),
        kind_version.get("version"),
        (entry.get("logId") or {}).get("keyId", b"").hex(),
        entry.get("logIndex", 0),
        entry.get("integratedTime", 0),
        body,
        (entry.get("inclusionPromise") or {}).get("signedEntryTimestamp", b""),
        proof.get("logIndex", 0),
        proof.get("treeSize", 0),
        proof.get("rootHash", b""),
        tuple(proof.get("hashes", ())),
        (proof.get("checkpoint") or {}).get("envelope", ""),
    )


def _message(value: Any, members: Mapping[str, Any]) -> dict[str, Any]:
    """The message's members that aren't null.

    Raises:
        DocumentError: an unknown member, or one of the wrong type.
    """
    if kind(value) != "object":
        raise DocumentError("not a message")
    if unknown := value.keys() - members.keys():
        raise DocumentError(f"unknown member {min(unknown)}")
    return {name: _member(member, members[name]) for name, member in value.items() if member is not None}


def _member(value: Any, wanted: Any) -> Any:
    if isinstance(wanted, dict):
        return _message(value, wanted)
    if isinstance(wanted, list):
        if not isinstance(value, list):
            raise DocumentError("not a list")
        return [_member(item, wanted[0]) for item in value]
    if wanted == "int64" and kind(value) in ("number", "string"):
        return _integer(str(value))
    if wanted == "enum" and type(value) is int:
        return value
    if type(value) is not str:
        raise DocumentError(f"not of type {wanted}")
    if wanted != "bytes":
        return value
    try:
        return base64text.decode_protobuf(value)
    except base64text.Base64Error as error:
        raise DocumentError(str(error)) from None


def _integer(text: str) -> int:
    number = int(text) if _INT64.fullmatch(text) else 1 << 63
    if not -(1 << 63) <= number < 1 << 63:
        raise DocumentError("not of type int64")
    return number
