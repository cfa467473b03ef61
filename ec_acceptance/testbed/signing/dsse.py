"""DSSE envelopes and the layers that carry them.

Source: the DSSE specification (secure-systems-lab/dsse, protocol 1.0), specification 30 §4.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.signing.artifact import Layer
from ec_acceptance.testbed.signing.cosign import BUNDLE, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.signing.keys import KeyPair

__all__ = ["ENVELOPE", "IN_TOTO", "Envelope", "EnvelopeSignature", "pae", "seal"]

ENVELOPE = "application/vnd.dsse.envelope.v1+json"
IN_TOTO = "application/vnd.in-toto+json"


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: the pre-authentication encoding of a payload and its type."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """One signature of an envelope."""

    signature: bytes
    keyid: str = ""

    @property
    def encoded(self) -> str:
        """The signature in base64."""
        return base64.b64encode(self.signature).decode()


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, its type and the signatures over both."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]

    @property
    def content(self) -> bytes:
        """The envelope as JSON."""
        document = {
            "payloadType": self.payload_type,
            "payload": base64.b64encode(self.payload).decode(),
            "signatures": [{"keyid": one.keyid, "sig": one.encoded} for one in self.signatures],
        }
        return json.dumps(document, separators=(",", ":")).encode()

    def layer(
        self,
        predicate_type: str,
        *,
        bundle: Mapping[str, Any] | None = None,
        annotations: Mapping[str, str | None] | None = None,
        media_type: str = ENVELOPE,
        content: bytes | None = None,
    ) -> Layer:
        """The envelope as a layer.

        Args:
            predicate_type: for the annotation of that name.
            bundle: the log's offline bundle, for the annotation of that name.
            annotations: added over the usual ones; None removes one.
            media_type: of the layer.
            content: the layer's bytes, when they aren't to be the envelope.
        """
        wanted: dict[str, str | None] = {SIGNATURE: "", "predicateType": predicate_type}
        if bundle is not None:
            wanted[BUNDLE] = json.dumps(bundle, separators=(",", ":"))
        wanted.update(annotations or {})
        present = {name: text for name, text in wanted.items() if text is not None}
        return Layer(media_type, self.content if content is None else content, present)


def seal(
    payload: bytes,
    keys: Sequence[KeyPair],
    *,
    payload_type: str = IN_TOTO,
    signed_type: str | None = None,
    keyids: Mapping[str, str] | None = None,
) -> Envelope:
    """Sign a payload.

    Args:
        payload: any bytes; a statement, usually.
        keys: one signature each, in this order.
        payload_type: what the envelope declares.
        signed_type: the type that is really signed, when it isn't to be the declared one.
        keyids: by a key's name; those not named have an empty one.
    """
    signed = pae(payload_type if signed_type is None else signed_type, payload)
    ids = keyids or {}
    return Envelope(
        payload_type, payload, tuple(EnvelopeSignature(key.sign(signed), ids.get(key.name, "")) for key in keys)
    )
