"""Descriptors, manifests and indexes (OCI image specification; Docker's forms have the same members)."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from refimpl.oci.errors import MalformedError
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DIGEST_LENGTHS", "INDEX_TYPES", "MANIFEST_TYPES", "Descriptor", "Manifest", "Platform", "check_digest"]

MANIFEST_TYPES = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
#: The digest algorithms that are understood, with the number of their hexadecimal digits.
DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEXADECIMAL = re.compile(r"[0-9a-f]+", re.ASCII)


def check_digest(text: object) -> str:
    """Give `text` back if it is a digest such as ``sha256:<64 hex>`` of an algorithm that is understood.

    Raises:
        MalformedError: it isn't.
    """
    algorithm, _, encoded = text.partition(":") if isinstance(text, str) else ("", "", "")
    length = DIGEST_LENGTHS.get(algorithm)
    if length is None:
        raise MalformedError(f"unsupported digest algorithm: {text}")
    if len(encoded) != length or not _HEXADECIMAL.fullmatch(encoded):
        raise MalformedError(f"invalid digest: {text}")
    return f"{algorithm}:{encoded}"


@record
class Platform:
    """What an index's entry runs on; a missing member is empty."""

    architecture: str = ""
    os: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()
    variant: str = ""
    features: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: object) -> Platform:
        """Read the member ``platform``.

        Raises:
            MalformedError: not of this form.
        """
        members = _object(value, "platform")
        return cls(
            _text(members, "architecture"),
            _text(members, "os"),
            _text(members, "os.version"),
            _texts(members, "os.features"),
            _text(members, "variant"),
            _texts(members, "features"),
        )


@record
class Descriptor:
    """What names a blob or manifest: `digest` is checked for its form, `size` is in bytes; `data` is decoded."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    data: bytes = b""
    artifact_type: str = ""
    platform: Platform | None = None

    @classmethod
    def from_json(cls, value: object) -> Descriptor:
        """Read one from a manifest or an index.

        Raises:
            MalformedError: not of this form, or the digest's algorithm isn't understood.
        """
        members = _object(value, "descriptor")
        size = members.get("size")
        size = 0 if size is None else size
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise MalformedError(f"invalid size in descriptor: {size}")
        platform = members.get("platform")
        return cls(
            _text(members, "mediaType"),
            check_digest(members.get("digest")),
            size,
            _text_map(members, "annotations"),
            _texts(members, "urls"),
            _decoded(_text(members, "data")),
            _text(members, "artifactType"),
            None if platform is None else Platform.from_json(platform),
        )


@record(slots=False)
class Manifest:
    """A manifest or index: `raw` as received, `document` parsed; the members are read when they are asked for.

    In `document` each known member has its proper name, whatever its letter case in `raw` (`members.canonical`).

    Each property raises `MalformedError` when that member hasn't the right form.
    """

    descriptor: Descriptor
    raw: bytes
    document: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The digest of `raw`."""
        return self.descriptor.digest

    @property
    def media_type(self) -> str:
        """As the registry or the document says."""
        return self.descriptor.media_type or _text(self.document, "mediaType")

    @property
    def is_index(self) -> bool:
        """Whether this is an image index (or Docker's manifest list)."""
        return self.media_type in INDEX_TYPES

    @property
    def artifact_type(self) -> str:
        """The member ``artifactType``; empty when missing."""
        return _text(self.document, "artifactType")

    @cached_property
    def config(self) -> Descriptor:
        """The configuration's descriptor."""
        return Descriptor.from_json(self.document.get("config"))

    @cached_property
    def layers(self) -> tuple[Descriptor, ...]:
        """The layers, lowest first."""
        return self._descriptors("layers")

    @cached_property
    def manifests(self) -> tuple[Descriptor, ...]:
        """An index's entries."""
        return self._descriptors("manifests")

    @cached_property
    def subject(self) -> Descriptor | None:
        """What this refers to."""
        subject = self.document.get("subject")
        return None if subject is None else Descriptor.from_json(subject)

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        """The manifest's own annotations."""
        return _text_map(self.document, "annotations")

    def _descriptors(self, name: str) -> tuple[Descriptor, ...]:
        value = self.document.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise MalformedError(f"invalid {name} in manifest {self.digest}")
        return tuple(Descriptor.from_json(item) for item in value)


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedError(f"invalid {what} in manifest")
    return value


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedError(f"invalid {name} in manifest: not a string")
    return value


def _texts(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = members.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(item is None or isinstance(item, str) for item in value):
        raise MalformedError(f"invalid {name} in manifest: not a list of strings")
    return tuple(item or "" for item in value)


def _text_map(members: Mapping[str, Any], name: str) -> Mapping[str, str]:
    value = members.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(item is None or isinstance(item, str) for item in value.values()):
        raise MalformedError(f"invalid {name} in manifest: not a map of strings")
    return {key: item or "" for key, item in value.items()}


def _decoded(text: str) -> bytes:
    if not text:
        return b""
    import base64

    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise MalformedError("invalid data in descriptor: not base64") from None
