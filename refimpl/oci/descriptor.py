"""Descriptors, manifests and indexes (OCI image specification; Docker's forms have the same members)."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from refimpl.errors import MalformedError, RegistryError, SizeMismatchError, UnreadableLayersError
from refimpl.golang.members import TEXT, WHOLE, Flat, Listed, Mapped, Nested, Optional, canonicalise, loads
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.golang.members import Shape

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
    if not isinstance(text, str):
        raise MalformedError("a descriptor has no digest")
    algorithm, _, encoded = text.partition(":")
    length = DIGEST_LENGTHS.get(algorithm)
    if length is None:
        raise MalformedError(f"unsupported digest algorithm: {text}")
    if len(encoded) != length or not _HEXADECIMAL.fullmatch(encoded):
        raise MalformedError(f"invalid digest: {text}")
    return f"{algorithm}:{encoded}"


def _is_digest(value: object) -> bool:
    try:
        check_digest(value)
    except MalformedError:
        return False
    return True


def _is_bytes(value: object) -> bool:
    return _decode(value) is not None


def _decode(value: object) -> bytes | None:
    """Base64 or, as Go takes it too, a list of numbers; None for anything else."""
    from refimpl.golang import base64text  # few descriptors have data

    try:
        if isinstance(value, list):
            return bytes(0 if item is None else item for item in value)
        if isinstance(value, str):
            return base64text.decode(value)
    except (TypeError, ValueError):
        pass
    return None


DIGEST = Flat("a digest", _is_digest, nullable=False)
_TEXTS, _TEXT_MAP = Listed(TEXT), Mapped(TEXT)
_PLATFORM = Optional(
    {
        "architecture": TEXT,
        "os": TEXT,
        "os.version": TEXT,
        "os.features": _TEXTS,
        "variant": TEXT,
        "features": _TEXTS,
    }
)
_DESCRIPTOR: Mapping[str, Shape] = {
    "mediaType": TEXT,
    "digest": DIGEST,
    "size": WHOLE,
    "data": Flat("base64", _is_bytes),
    "urls": _TEXTS,
    "annotations": _TEXT_MAP,
    "artifactType": TEXT,
    "platform": _PLATFORM,
}
_BOTH: Mapping[str, Shape] = {
    "schemaVersion": WHOLE,
    "mediaType": TEXT,
    "artifactType": TEXT,
    "subject": Optional(_DESCRIPTOR),
    "annotations": _TEXT_MAP,
}
_OF_MANIFESTS: Mapping[str, Shape] = {"config": Nested(_DESCRIPTOR), "layers": Listed(Nested(_DESCRIPTOR))}
_OF_INDEXES: Mapping[str, Shape] = {"manifests": Listed(Nested(_DESCRIPTOR))}
#: The members of image manifests, of indexes, and of what may be either.
MANIFEST, INDEX = Nested({**_BOTH, **_OF_MANIFESTS}), Nested({**_BOTH, **_OF_INDEXES})
_EITHER = Nested({**_BOTH, **_OF_MANIFESTS, **_OF_INDEXES})


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
    def from_json(cls, members: Mapping[str, Any]) -> Platform:
        """Take the member ``platform`` of a canonicalised descriptor."""
        return cls(
            members.get("architecture") or "",
            members.get("os") or "",
            members.get("os.version") or "",
            _texts(members, "os.features"),
            members.get("variant") or "",
            _texts(members, "features"),
        )


@record
class Descriptor:
    """What names a blob or manifest: `digest` has the form of one, `size` is in bytes.

    `data` is what the descriptor holds of the content itself, decoded and not verified; None when it holds none.
    """

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    data: bytes | None = None
    artifact_type: str = ""
    platform: Platform | None = None

    @classmethod
    def from_json(cls, members: Mapping[str, Any] | None) -> Descriptor:
        """Take one from a canonical manifest or index (`members.canonicalise`).

        Raises:
            MalformedError: it has no digest.
            SizeMismatchError: nothing can have its size.
        """
        members = members or {}
        size = members.get("size") or 0
        if size < 0:
            raise SizeMismatchError(f"invalid size in descriptor: {size}")
        platform, data = members.get("platform"), members.get("data")
        return cls(
            members.get("mediaType") or "",
            check_digest(members.get("digest")),
            size,
            _text_map(members),
            _texts(members, "urls"),
            None if data is None else _decode(data),
            members.get("artifactType") or "",
            None if platform is None else Platform.from_json(platform),
        )


@record
class Manifest:
    """A manifest or index: `raw` as received, `document` what it says (`members.canonicalise`).

    The properties that give descriptors raise `MalformedError` for one that names nothing, if not said otherwise, and
    `SizeMismatchError` for one of a size that nothing has.
    """

    descriptor: Descriptor
    raw: bytes
    document: Mapping[str, Any]

    @classmethod
    def read(cls, descriptor: Descriptor, raw: bytes) -> Manifest:
        """Read a manifest or index: which it is the descriptor's media type says, or else the document.

        Members that only the other one has are left out.

        Raises:
            UnreadableLayersError: it has a layer by a digest of no known form or algorithm.
            MalformedError: no JSON object, or one whose known members haven't their types.
        """
        try:
            value = loads(raw)
        except (ValueError, RecursionError) as error:
            raise MalformedError(f"not JSON: {error}") from error
        if not isinstance(value, dict):
            raise MalformedError("not a JSON object")
        media_type = descriptor.media_type or canonicalise(value, Nested({"mediaType": TEXT})).get("mediaType")
        shape, others = _EITHER, frozenset[str]()
        if media_type in INDEX_TYPES:
            shape, others = INDEX, frozenset(_OF_MANIFESTS)
        elif media_type in MANIFEST_TYPES:
            shape, others = MANIFEST, frozenset(_OF_INDEXES)
        try:
            document = canonicalise(value, shape)
        except MalformedError as error:
            odd = _odd_layer(value)
            raise error if odd is None else UnreadableLayersError(f"invalid layer: {odd}") from None
        return cls(descriptor, raw, {name: member for name, member in document.items() if name not in others})

    @property
    def digest(self) -> str:
        """The digest of `raw`."""
        return self.descriptor.digest

    @property
    def media_type(self) -> str:
        """As the registry or the document says."""
        return self.descriptor.media_type or self.document.get("mediaType") or ""

    @property
    def is_index(self) -> bool:
        """Whether this is an image index (or Docker's manifest list).

        Registries that serve files call everything ``application/octet-stream``. Then the document says what it is.
        """
        for media_type in (self.descriptor.media_type, self.document.get("mediaType")):
            if media_type in INDEX_TYPES or media_type in MANIFEST_TYPES:
                return media_type in INDEX_TYPES
        return bool(self.document.get("manifests")) and not self.document.get("config")

    @property
    def artifact_type(self) -> str:
        """The member ``artifactType``; empty when missing."""
        return self.document.get("artifactType") or ""

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
        """An index's entries.

        Raises:
            RegistryError: one of them names nothing, so nobody can tell which images the index stands for.
        """
        try:
            return self._descriptors("manifests")
        except MalformedError as error:
            raise RegistryError(f"invalid entry in index {self.digest}: {error}") from error

    @cached_property
    def subject(self) -> Descriptor | None:
        """What this refers to."""
        subject = self.document.get("subject")
        return None if subject is None else Descriptor.from_json(subject)

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        """The manifest's own annotations."""
        return _text_map(self.document)

    def _descriptors(self, name: str) -> tuple[Descriptor, ...]:
        return tuple(Descriptor.from_json(item) for item in self.document.get(name) or ())


def _texts(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(item or "" for item in members.get(name) or ())


def _odd_layer(document: Mapping[str, Any]) -> MalformedError | None:
    """What is wrong with the first layer that nobody can fetch and verify; None without one."""
    layers = document.get("layers")
    for layer in layers if isinstance(layers, list) else ():
        try:
            check_digest(layer.get("digest") if isinstance(layer, dict) else None)
        except MalformedError as error:
            return error
    return None


def _text_map(members: Mapping[str, Any]) -> Mapping[str, str]:
    return {key: item or "" for key, item in (members.get("annotations") or {}).items()}
