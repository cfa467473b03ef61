"""Sigstore bundles and how they are found beside an image (specification 20 §6.1, §6.4, 30 §5).

https://github.com/sigstore/protobuf-specs, ``sigstore_bundle.proto`` as JSON.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from refimpl.errors import (
    DeniedError,
    LimitExceededError,
    MismatchError,
    RegistryError,
    VerificationError,
    is_undecided,
)
from refimpl.golang.document import DocumentError
from refimpl.record import record
from refimpl.verify.bundle_entry import ENTRY, HASH, BundleEntry
from refimpl.verify.protojson import BYTES, STRING, Message, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from refimpl.oci.client import Registry
    from refimpl.oci.descriptor import Descriptor
    from refimpl.oci.reference import Reference

_log = logging.getLogger(__name__)

_LAYER = "application/vnd.dev.sigstore.bundle"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
#: Version 0.3 by its two names, and all semantic versions from there on that come before 0.4 (https://semver.org).
_VERSION = re.compile(
    rf"{re.escape(_LAYER)}(?:\+json;version=0\.3|\.v0\.3\+json"
    rf"|\.v0\.(?:3\.0|3\.[1-9][0-9]*(?:-{_IDENTIFIERS})?|4\.0-{_IDENTIFIERS})(?:\+{_IDENTIFIERS})?\+json)"
)

_CERTIFICATE = Message({"rawBytes": BYTES})
_BUNDLE = Message(
    {
        "mediaType": STRING,
        "verificationMaterial": Message(
            {
                "publicKey": Message({"hint": STRING}),
                "x509CertificateChain": Message({"certificates": [_CERTIFICATE]}),
                "certificate": _CERTIFICATE,
                "tlogEntries": [ENTRY],
                "timestampVerificationData": Message({"rfc3161Timestamps": [Message({"signedTimestamp": BYTES})]}),
            },
            oneof=frozenset({"publicKey", "x509CertificateChain", "certificate"}),
        ),
        "messageSignature": Message({"messageDigest": HASH, "signature": BYTES}),
        "dsseEnvelope": Message(
            {
                "payload": BYTES,
                "payloadType": STRING,
                "signatures": [Message({"sig": BYTES, "keyid": STRING})],
            },
            as_declared=True,
        ),
    },
    oneof=frozenset({"messageSignature", "dsseEnvelope"}),
)


@record
class BundleSignature:
    """One signature of a bundle's envelope."""

    keyid: str
    sig: bytes


@record
class BundleEnvelope:
    """A bundle's DSSE envelope."""

    payload_type: str
    payload: bytes
    signatures: tuple[BundleSignature, ...]


@record
class MessageSignature:
    """A signature over something that isn't in the bundle.

    Attributes:
        digest: SHA-256 of that; None when the bundle doesn't tell.
        signature: over it.
    """

    digest: bytes | None
    signature: bytes


@record
class Bundle:
    """One bundle.

    Attributes:
        certificate: the signer's, in DER; None when the verification material is a public key.
        content: what is signed, and the signatures.
        entries: of transparency logs.
        timestamps: RFC 3161 responses in DER.
    """

    certificate: bytes | None
    content: BundleEnvelope | MessageSignature
    entries: tuple[BundleEntry, ...]
    timestamps: tuple[bytes, ...]

    @property
    def signature(self) -> bytes:
        """The first signature; empty when there is none."""
        if isinstance(self.content, MessageSignature):
            return self.content.signature
        return self.content.signatures[0].sig if self.content.signatures else b""

    @classmethod
    def parse(cls, data: bytes) -> Bundle:
        """Read one of version 0.3, the only one that counts.

        Raises:
            DocumentError: not such a bundle, or a log entry in it isn't one.
        """
        document = read(data, _BUNDLE)
        if not _VERSION.fullmatch(document.get("mediaType", "")):
            raise DocumentError("unsupported bundle version")
        material = document.get("verificationMaterial", {})
        entries = tuple(map(BundleEntry.of, material.get("tlogEntries", ())))
        if entries and not any(entry.proof for entry in entries):
            raise DocumentError("inclusion proof missing in bundle (required for bundle v0.2)")
        if "x509CertificateChain" in material:
            raise DocumentError("verification material cannot be X.509 certificate chain (for bundle v0.3)")
        content = _content(document)
        if not material.keys() & {"publicKey", "certificate"}:
            raise DocumentError("missing verification material")
        certificate = material["certificate"].get("rawBytes", b"") if "certificate" in material else None
        listed = material.get("timestampVerificationData", {}).get("rfc3161Timestamps", ())
        return cls(certificate, content, entries, tuple(one.get("signedTimestamp", b"") for one in listed))


def fetch_bundles(client: Registry, ref: Reference, referring: Sequence[Descriptor], *, limit: int) -> Iterator[Bundle]:
    """Those of an image's referrers that are bundles, in their order. One that isn't there doesn't count.

    Each is fetched when it is asked for, so that no more than one need be held.

    Args:
        client: asks the registry.
        ref: the image.
        referring: what refers to it.
        limit: largest bundle in bytes.

    Raises:
        VerificationError: the registry fails, or doesn't give what it lists: that might be a bundle.
    """
    for descriptor in referring:
        try:
            layers = client.manifest(ref.at(descriptor.digest)).layers
            if len(layers) != 1 or not layers[0].media_type.startswith(_LAYER):
                continue
            bundle = Bundle.parse(client.blob(ref.repository, layers[0], limit=limit))
        except (DeniedError, LimitExceededError, MismatchError) as error:
            raise VerificationError(str(error)) from None
        except (DocumentError, RegistryError) as error:
            if isinstance(error, RegistryError) and is_undecided(error):
                raise VerificationError(str(error)) from None
            _log.debug("ignoring referrer %s: %s", descriptor.digest, error)
            continue
        yield bundle
        del bundle  # before the next one is fetched


def _content(document: dict[str, Any]) -> BundleEnvelope | MessageSignature:
    envelope, message = document.get("dsseEnvelope"), document.get("messageSignature")
    if envelope is not None:
        listed = envelope.get("signatures", ())
        signatures = tuple(BundleSignature(one.get("keyid", ""), one.get("sig", b"")) for one in listed)
        return BundleEnvelope(envelope.get("payloadType", ""), envelope.get("payload", b""), signatures)
    if message is not None:
        digest = message.get("messageDigest")
        return MessageSignature(None if digest is None else digest.get("digest", b""), message.get("signature", b""))
    raise DocumentError("missing bundle content")
