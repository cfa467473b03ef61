"""What a signer stores beside an image: a manifest at a tag made from the image's digest, a layer a signature.

Source: specification 30 §3 and §4.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Artifact", "Layer", "Push", "attach", "attachment_tag", "digest_of"]

_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_NEVER = "0001-01-01T00:00:00Z"

Push = Callable[[str, str, bytes, Mapping[str, bytes]], object]
"""`push(repository, tag, manifest, blobs)` stores the blobs (by digest), then the manifest under the tag."""


def digest_of(content: bytes) -> str:
    """The `sha256:…` digest of these bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def attachment_tag(digest: str, kind: str) -> str:
    """The tag that holds an image's signatures (`kind` "sig") or attestations ("att")."""
    return f"{digest.replace(':', '-', 1)}.{kind}"


@dataclass(frozen=True, slots=True)
class Layer:
    """A blob with its media type and annotations."""

    media_type: str
    content: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The `sha256:…` digest of the content."""
        return digest_of(self.content)

    @property
    def descriptor(self) -> dict[str, Any]:
        """The layer as a manifest lists it."""
        return {
            "mediaType": self.media_type,
            "size": len(self.content),
            "digest": self.digest,
            "annotations": dict(self.annotations),
        }


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest, the tag it belongs to, and those of its blobs that a registry doesn't have yet, by digest."""

    tag: str
    manifest: bytes
    blobs: Mapping[str, bytes]

    def push(self, repository: str, push: Push) -> None:
        """Store everything in the repository."""
        push(repository, self.tag, self.manifest, self.blobs)


def attach(digest: str, kind: str, layers: Sequence[Layer], existing: bytes | None = None) -> Artifact:
    """The artifact of an image's signatures or attestations, with new layers after those of the `existing` manifest.

    Args:
        digest: the image's.
        kind: "sig" or "att".
        layers: what to add.
        existing: the manifest that the tag holds now; None when there is none.
    """
    descriptors = [*(json.loads(existing)["layers"] if existing else ()), *(layer.descriptor for layer in layers)]
    config = _compact(
        {
            "architecture": "",
            "created": _NEVER,
            "history": [{"created": _NEVER} for _ in descriptors],
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": [descriptor["digest"] for descriptor in descriptors]},
            "config": {},
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        "config": {"mediaType": _CONFIG_TYPE, "size": len(config), "digest": digest_of(config)},
        "layers": descriptors,
    }
    blobs = {digest_of(config): config, **{layer.digest: layer.content for layer in layers}}
    return Artifact(attachment_tag(digest, kind), _compact(manifest), blobs)


def _compact(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
