"""Layers of ``.sig`` and ``.att`` artifacts with their annotations (specification 20 §4.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.golang.base64text import Base64Error
from refimpl.golang.base64text import decode as decode_base64
from refimpl.golang.document import FEW_VALUES, DocumentError, parse
from refimpl.golang.typed import BYTES, Struct, decode_struct
from refimpl.record import record
from refimpl.verify.signature import Signature
from refimpl.verify.transparency_log import SignedEntryTimestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.oci.client import Registry
    from refimpl.oci.descriptor import Descriptor
    from refimpl.oci.reference import Repository
    from refimpl.verify.certificate import Certificate

SIGNATURE = "dev.cosignproject.cosign/signature"
_CERTIFICATE = "dev.sigstore.cosign/certificate"
_CHAIN = "dev.sigstore.cosign/chain"
_BUNDLE = "dev.sigstore.cosign/bundle"
_TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"

#: The largest layer that is read, in bytes.
DEFAULT_LIMIT = 128 << 20

_TIMESTAMPS = Struct.of("bundle.RFC3161Timestamp", SignedRFC3161Timestamp=BYTES)
_SIZE = re.compile("([0-9]*+[.]?[0-9]*+) *+([A-Za-z]*+)")
_DECIMAL, _BINARY = 1000, 1024


@record
class Attachment:
    """One layer.

    Attributes:
        payload: its content, verified against the digest: what an image signature signs, or an attestation's envelope.
        signature: the annotation, base64; may be empty.
        entry_timestamp: of the transparency log, from the bundle annotation.
        timestamp: an RFC 3161 response in DER; empty without one.
    """

    media_type: str
    payload: bytes
    signature: str
    certificate: Certificate | None
    chain: tuple[Certificate, ...]
    entry_timestamp: SignedEntryTimestamp | None
    timestamp: bytes = b""

    @property
    def stamped(self) -> bytes:
        """What a timestamp is of: the signature, or where the annotation is empty, as attestations have it, all.

        Raises:
            VerificationError: the signature isn't base64.
        """
        try:
            return decode_base64(self.signature) if self.signature else self.payload
        except Base64Error as error:
            raise VerificationError(str(error)) from None

    def describe(self, keyid: str = "", sig: str = "") -> Signature:
        """The layer's signature for the report; `keyid` and `sig` stand in where the annotations have none.

        Raises:
            VerificationError: an extension of the certificate cannot be read.
        """
        if self.certificate is None:
            return Signature(keyid, self.signature or sig)
        return Signature(
            self.certificate.key_id or keyid,
            self.signature or sig,
            self.certificate.pem,
            tuple(issuer.pem for issuer in self.chain),
            self.certificate.facts(),
        )


def load(client: Registry, repository: Repository, layer: Descriptor, *, limit: int, signed: bool = True) -> Attachment:
    """Fetch a layer and read its annotations, in the contract's order of errors.

    Args:
        client: fetches.
        repository: of the image.
        layer: of the ``.sig`` or ``.att`` manifest.
        limit: largest size in bytes.
        signed: whether what only verification needs (log bundle, timestamp) is read.

    Raises:
        VerificationError: too large, no signature annotation, or an annotation that cannot be read.
        RegistryError: the layer cannot be fetched.
    """
    if layer.size > limit:
        raise VerificationError(f"size of layer ({layer.size}) exceeded the limit ({limit})")
    payload = client.blob(repository, layer, limit=limit)
    notes = layer.annotations
    if SIGNATURE not in notes:
        raise VerificationError(f'signature layer {layer.digest} is missing "{SIGNATURE}" annotation')
    entry_timestamp = SignedEntryTimestamp.parse(notes[_BUNDLE]) if signed and notes.get(_BUNDLE) else None
    timestamp = _timestamp(notes[_TIMESTAMP]) if signed and notes.get(_TIMESTAMP) else b""
    certificate, chain = _certificates(notes)
    return Attachment(layer.media_type, payload, notes[SIGNATURE], certificate, chain, entry_timestamp, timestamp)


def _certificates(notes: Mapping[str, str]) -> tuple[Certificate | None, tuple[Certificate, ...]]:
    if not notes.get(_CERTIFICATE):
        return None, ()
    from refimpl.verify.certificate import parse_certificates  # most signatures by key come without

    certificate = parse_certificates(notes[_CERTIFICATE])[0]
    return certificate, parse_certificates(notes[_CHAIN]) if notes.get(_CHAIN) else ()


def _timestamp(annotation: str) -> bytes:
    try:
        found = decode_struct(parse(annotation.encode("utf-8", "replace"), most_values=FEW_VALUES), _TIMESTAMPS)
    except DocumentError as error:
        raise VerificationError(f"unmarshaling RFC3161 timestamp bundle: {error}") from None
    return found.get("SignedRFC3161Timestamp") or b""


def attachment_limit(environ: Mapping[str, str]) -> int:
    """``COSIGN_MAX_ATTACHMENT_SIZE`` in bytes (``10``, ``20K``, ``45MiB``); what cannot be read leaves the default."""
    match = _SIZE.fullmatch(environ.get("COSIGN_MAX_ATTACHMENT_SIZE", "").replace(",", "").strip())
    if match is None or match[1] in ("", "."):
        return DEFAULT_LIMIT
    unit = match[2].lower()
    power = "kmgtpe".find(unit[0]) + 1 if unit and unit != "b" else 0
    if unit not in ("", "b") and (power == 0 or unit[1:] not in ("", "b", "i", "ib")):
        return DEFAULT_LIMIT
    size = float(match[1]) * (_BINARY if unit[1:2] == "i" else _DECIMAL) ** power
    return int(size) if size < 1 << 63 else DEFAULT_LIMIT
