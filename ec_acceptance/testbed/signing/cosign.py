"""Image signatures in the tag scheme: a "simple signing" payload, signed as it stands.

Source: specification 30 §3, specification 20 §4.1.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.signing.artifact import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ec_acceptance.testbed.signing.keys import KeyPair

__all__ = [
    "BUNDLE",
    "CERTIFICATE",
    "CHAIN",
    "SIGNATURE",
    "SIMPLE_SIGNING",
    "TIMESTAMP",
    "ImageSignature",
    "sign_image",
    "simple_signing",
]

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
BUNDLE = "dev.sigstore.cosign/bundle"
CERTIFICATE = "dev.sigstore.cosign/certificate"
CHAIN = "dev.sigstore.cosign/chain"
TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"

_TYPE = "cosign container image signature"


@dataclass(frozen=True, slots=True)
class ImageSignature:
    """A payload and the signature over its bytes."""

    payload: bytes
    signature: bytes

    @property
    def encoded(self) -> str:
        """The signature in base64."""
        return base64.b64encode(self.signature).decode()

    def layer(
        self,
        *,
        bundle: Mapping[str, Any] | None = None,
        annotations: Mapping[str, str | None] | None = None,
        media_type: str = SIMPLE_SIGNING,
    ) -> Layer:
        """The signature as a layer.

        Args:
            bundle: the log's offline bundle, for the annotation of that name.
            annotations: added over the usual ones; None removes one.
            media_type: of the layer.
        """
        wanted: dict[str, str | None] = {SIGNATURE: self.encoded}
        if bundle is not None:
            wanted[BUNDLE] = json.dumps(bundle, separators=(",", ":"))
        wanted.update(annotations or {})
        return Layer(media_type, self.payload, {name: text for name, text in wanted.items() if text is not None})


def simple_signing(
    digest: str, reference: str, *, kind: str = _TYPE, optional: Mapping[str, Any] | None = None
) -> bytes:
    """The payload that claims that `reference` is the image `digest`."""
    document = {
        "critical": {
            "identity": {"docker-reference": reference},
            "image": {"docker-manifest-digest": digest},
            "type": kind,
        },
        "optional": optional,
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def sign_image(
    digest: str, key: KeyPair, *, reference: str, payload: bytes | None = None, signed: bytes | None = None
) -> ImageSignature:
    """Sign an image.

    Args:
        digest: what the payload claims; another image's digest makes a false claim.
        key: signs.
        reference: the repository without tag or digest, `registry/path`.
        payload: the payload's bytes, when it isn't to be the usual one.
        signed: the bytes that are really signed, when they aren't to be the payload's.
    """
    content = simple_signing(digest, reference) if payload is None else payload
    return ImageSignature(content, key.sign(content if signed is None else signed))
