"""Images that are the same bytes in every run, made of named files and incompressible filler."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ec_acceptance.testbed.archive import Entry, gzip, tar, zstd
from ec_acceptance.testbed.registry.digests import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.registry.repository import Repository

__all__ = ["OLM_LABEL", "Compression", "Image", "Index", "Layer", "Published", "filler", "publish"]

OLM_LABEL = "operators.operatorframework.io.bundle.manifests.v1"
"""The label that names the directory whose files a validator reads (specification 22 A3)."""

Compression = Literal["gzip", "zstd", "none"]

_OCI = "application/vnd.oci.image"
_DOCKER = "application/vnd.docker"
_LAYER_TYPES: dict[tuple[bool, Compression], str] = {
    (False, "gzip"): f"{_OCI}.layer.v1.tar+gzip",
    (False, "zstd"): f"{_OCI}.layer.v1.tar+zstd",
    (False, "none"): f"{_OCI}.layer.v1.tar",
    (True, "gzip"): f"{_DOCKER}.image.rootfs.diff.tar.gzip",
    (True, "zstd"): f"{_DOCKER}.image.rootfs.diff.tar.zstd",
    (True, "none"): f"{_DOCKER}.image.rootfs.diff.tar",
}
_CREATED = "2024-01-01T00:00:00Z"


def filler(seed: str, size: int) -> bytes:
    """`size` bytes that no compressor makes smaller, always the same for one seed."""
    return hashlib.shake_256(seed.encode()).digest(size)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as it is stored.

    `data` are the stored bytes, `digest` and `size` theirs; `diff_id` is the digest of the tar inside. `boundaries` are
    the places in `data` at which the tar's entries end; a cut there leaves whole entries. There are none when it was
    really compressed.
    """

    media_type: str
    digest: str
    size: int
    diff_id: str
    data: bytes = field(repr=False)
    boundaries: tuple[int, ...] = field(default=(), repr=False)
    urls: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        files: Mapping[str, Entry],
        *,
        filler_size: int = 0,
        seed: str = "",
        compression: Compression = "gzip",
        level: int = 0,
        algorithm: str = "sha256",
        docker: bool = False,
        urls: Sequence[str] = (),
    ) -> Layer:
        """Make a layer of files, by path; a name such as `dir/.wh.name` hides what lower layers have.

        Args:
            files: what is in it, in this order.
            filler_size: bytes of `filler` in files of their own, `filler/0` and so on, before, between and after.
            seed: of the filler.
            compression: what stands around the tar.
            level: above 0 it is really compressed, with bytes that differ between machines.
            algorithm: of `digest`.
            docker: use Docker's media types.
            urls: of the descriptor; a registry then doesn't ask for the blob.
        """
        data, ends = tar(_with_filler(files, filler_size, seed) if filler_size else files.items())
        stored, places = data, ends
        if compression == "gzip":
            stored, places = gzip(data, cuts=ends, level=level)
        elif compression == "zstd":
            stored, places = zstd(data, cuts=ends, level=level)
        digest = digest_of(stored, algorithm)
        media_type = _LAYER_TYPES[docker, compression]
        return cls(media_type, digest, len(stored), digest_of(data), stored, places, tuple(urls))

    def descriptor(self) -> dict[str, Any]:
        """As a manifest names it."""
        urls = {"urls": list(self.urls)} if self.urls else {}
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size, **urls}


@dataclass(frozen=True, slots=True)
class Image:
    """An image's manifest, configuration and layers; `digest` is the manifest's."""

    digest: str
    media_type: str
    manifest: bytes = field(repr=False)
    config: bytes = field(repr=False)
    config_digest: str
    layers: tuple[Layer, ...]
    platform: tuple[str, str] = ("linux", "amd64")

    @classmethod
    def of(
        cls,
        layers: Sequence[Layer] = (),
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        claimed_diff_ids: Mapping[int, str] | None = None,
        config: Mapping[str, Any] | None = None,
        platform: tuple[str, str] = ("linux", "amd64"),
        algorithm: str = "sha256",
        docker: bool = False,
        extra: Mapping[str, Any] | None = None,
    ) -> Image:
        """Make an image.

        Args:
            layers: from the lowest to the top one.
            labels: of the configuration; see `OLM_LABEL`.
            annotations: of the manifest.
            claimed_diff_ids: a lie: the diffID that the configuration claims for a layer, by its number from 0.
            config: more members of the configuration's `config`, such as `Env`.
            platform: operating system and architecture.
            algorithm: of the manifest's and the configuration's digests.
            docker: use Docker's media types.
            extra: more members of the manifest, such as `subject` or `artifactType`, or other values for its own.
        """
        claims = dict(claimed_diff_ids or {})
        if wrong := sorted(set(claims) - set(range(len(layers)))):
            raise ValueError(f"there is no layer {wrong[0]} to claim a diffID for")
        system, architecture = platform
        document = {
            "created": _CREATED,
            "architecture": architecture,
            "os": system,
            "config": {**({"Labels": dict(labels)} if labels else {}), **(config or {})},
            "rootfs": {
                "type": "layers",
                "diff_ids": [claims.get(number, layer.diff_id) for number, layer in enumerate(layers)],
            },
            "history": [{"created": _CREATED, "created_by": f"layer {number}"} for number in range(len(layers))],
        }
        configuration = _compact(document)
        config_digest = digest_of(configuration, algorithm)
        media_type = f"{_DOCKER}.distribution.manifest.v2+json" if docker else f"{_OCI}.manifest.v1+json"
        config_type = f"{_DOCKER}.container.image.v1+json" if docker else f"{_OCI}.config.v1+json"
        manifest = _compact(
            {
                "schemaVersion": 2,
                "mediaType": media_type,
                "config": {"mediaType": config_type, "digest": config_digest, "size": len(configuration)},
                "layers": [layer.descriptor() for layer in layers],
                **({"annotations": dict(annotations)} if annotations else {}),
                **(extra or {}),
            }
        )
        digest = digest_of(manifest, algorithm)
        return cls(digest, media_type, manifest, configuration, config_digest, tuple(layers), platform)

    def descriptor(self) -> dict[str, Any]:
        """As an index or a subject names it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.manifest)}


@dataclass(frozen=True, slots=True)
class Index:
    """An index of images for several platforms; `digest` is its own."""

    digest: str
    media_type: str
    manifest: bytes = field(repr=False)
    images: tuple[Image, ...]

    @classmethod
    def of(
        cls,
        images: Sequence[Image],
        *,
        annotations: Mapping[str, str] | None = None,
        algorithm: str = "sha256",
        docker: bool = False,
    ) -> Index:
        """Make an index of `images` in this order, each with its platform."""
        media_type = f"{_DOCKER}.distribution.manifest.list.v2+json" if docker else f"{_OCI}.index.v1+json"
        manifest = _compact(
            {
                "schemaVersion": 2,
                "mediaType": media_type,
                "manifests": [
                    {**image.descriptor(), "platform": {"os": image.platform[0], "architecture": image.platform[1]}}
                    for image in images
                ],
                **({"annotations": dict(annotations)} if annotations else {}),
            }
        )
        return cls(digest_of(manifest, algorithm), media_type, manifest, tuple(images))

    def descriptor(self) -> dict[str, Any]:
        """As a subject names it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.manifest)}


@dataclass(frozen=True, slots=True)
class Published:
    """Where an image or index was put: `repository` at a registry, `tag` if any."""

    repository: str
    tag: str | None
    digest: str
    content: Image | Index

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The image's layers, or those of all of an index's images."""
        images = (self.content,) if isinstance(self.content, Image) else self.content.images
        return tuple(layer for image in images for layer in image.layers)

    def pinned(self, address: str) -> str:
        """The reference by digest, at a registry such as `127.0.0.1:5000`."""
        return f"{address}/{self.repository}@{self.digest}"

    def tagged(self, address: str) -> str:
        """The reference by tag."""
        if self.tag is None:
            raise LookupError(f"{self.repository}@{self.digest} was put there without a tag")
        return f"{address}/{self.repository}:{self.tag}"


def publish(content: Image | Index, repository: Repository, tag: str | None = "latest") -> Published:
    """Push an image, or an index with all its images; layers with `urls` stay where these lead."""
    images = (content,) if isinstance(content, Image) else content.images
    for image in images:
        algorithm = image.config_digest.partition(":")[0]
        repository.put_blob(image.config, algorithm=algorithm)
        for layer in image.layers:
            if not layer.urls:
                repository.put_blob(layer.data, algorithm=layer.digest.partition(":")[0])
        if image is not content:
            repository.put_manifest(image.manifest, image.media_type, algorithm=image.digest.partition(":")[0])
    algorithm = content.digest.partition(":")[0]
    repository.put_manifest(content.manifest, content.media_type, tag=tag, algorithm=algorithm)
    return Published(repository.name, tag, content.digest, content)


def _with_filler(files: Mapping[str, Entry], size: int, seed: str) -> list[tuple[str, Entry]]:
    parts = len(files) + 1
    data = filler(seed, size)
    bounds = [size * part // parts for part in range(parts + 1)]
    entries: list[tuple[str, Entry]] = [("filler/0", data[: bounds[1]])]
    for number, pair in enumerate(files.items(), 1):
        entries += [pair, (f"filler/{number}", data[bounds[number] : bounds[number + 1]])]
    return entries


def _compact(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
