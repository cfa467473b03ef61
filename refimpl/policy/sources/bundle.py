"""OCI artifacts as sources, one file a layer (specification 11 §4.3)."""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING

from refimpl.errors import MalformedError, NotFoundError, PolicyError, RegistryError
from refimpl.layers.stream import Decompressed
from refimpl.oci.descriptor import check_digest
from refimpl.oci.reference import Reference, Repository
from refimpl.policy.sources import unpacking
from refimpl.policy.sources.content import MAX_BYTES, Budget, inside
from refimpl.policy.sources.kinds import without_prefixes

if TYPE_CHECKING:
    from pathlib import Path

    from refimpl.oci.client import Registry
    from refimpl.oci.descriptor import Descriptor, Manifest

_TITLE = "org.opencontainers.image.title"
_UNPACK = "io.deis.oras.content.unpack"
_UNPACKED_DIGEST = "io.deis.oras.content.digest"
_MAX_LAYER = 256 << 20  # held in memory for a moment
_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_PREFIX = re.compile(r"\A(?:[a-z0-9+.-]*::|[a-z0-9+.-]+://)*")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_INVALID = "failed to parse reference: invalid reference"
_UNSTORED = 'pulling policy: failed to perform "Push" on destination'
_FAILED = 'pulling policy: failed to perform "FetchReference" on source'


def fetch(url: str, destination: Path, *, registry: Registry) -> str:
    """Store the artifact's layers under their titles; the pinned URL is the answer.

    Layers without a title are left out. A layer that is marked as a packed directory is unpacked.

    Raises:
        PolicyError: no such artifact, or titles that lead elsewhere or meet.
    """
    reference = _reference(url)
    try:
        manifest = registry.manifest(reference)
    except NotFoundError:
        raise PolicyError(f"{_FAILED}: {reference}: not found") from None
    except RegistryError as error:
        raise PolicyError(f"{_FAILED}: {error}") from None
    try:
        _store(manifest, reference, destination, registry, _Stored(url))
    except RegistryError as error:
        raise PolicyError(f"pulling policy: {error}") from None
    rest = without_prefixes(url, "oci::", "oci://", "https://").partition("@")[0]
    return f"oci::{rest}@{manifest.descriptor.digest}"


def _reference(url: str) -> Reference:
    """The artifact's reference: unlike an image's, it must name its registry."""
    text = _PREFIX.sub("", url)
    host, slash, rest = text.partition("/")
    if not slash:
        raise PolicyError(f"{_INVALID}: missing registry or repository")
    if not re.fullmatch(r"[^@\s?#]+", host):
        user, at, rest = host.rpartition("@")
        name, colon, _ = user.partition(":")
        shown = f"{name}:***{at}{rest}" if colon else host
        raise PolicyError(f'{_INVALID}: invalid registry "{shown}"')
    if host == "localhost" or host.startswith("localhost:"):
        host = "127.0.0.1" + host.removeprefix("localhost")
    name, at, digest = rest.partition("@")
    path, _, tag = name.partition(":")
    if not _REPOSITORY.fullmatch(path):
        raise PolicyError(f'{_INVALID}: invalid repository "{path}"')
    if at:
        try:
            check_digest(digest)
        except MalformedError as error:
            raise PolicyError(f'{_INVALID}: invalid digest "{digest}": {error}') from None
    elif tag and not _TAG.fullmatch(tag):
        raise PolicyError(f'{_INVALID}: invalid tag "{tag}"')
    repository = Repository("index.docker.io" if host == "docker.io" else host, path)
    return Reference(text, repository, None if at else tag or "latest", digest or None)


def _store(manifest: Manifest, reference: Reference, destination: Path, registry: Registry, stored: _Stored) -> None:
    if manifest.is_index:
        for child in manifest.manifests:
            _store(registry.manifest(reference.at(child.digest)), reference, destination, registry, stored)
        return
    for layer in manifest.layers:
        if title := (layer.annotations or {}).get(_TITLE):
            _store_layer(title, layer, reference, destination, registry, stored)


class _Stored:
    """What of an artifact has been stored, and how much more there may be."""

    def __init__(self, url: str) -> None:
        self.budget = Budget(url)
        self.digests: dict[Path, str] = {}
        self.written: set[Path] = set()


def _store_layer(
    title: str,
    layer: Descriptor,
    reference: Reference,
    destination: Path,
    registry: Registry,
    stored: _Stored,
) -> None:
    path = inside(destination, title)
    if path is None:
        raise PolicyError(f"{_UNSTORED}: failed to resolve path for writing: path traversal disallowed: {title}")
    if stored.digests.get(path) == layer.digest:
        return  # the same layer, listed once more
    if path in stored.digests or path.exists():
        raise PolicyError(f"{_UNSTORED}: {title}: duplicate name")
    stored.digests[path] = layer.digest
    content = registry.blob(reference.repository, layer, limit=_MAX_LAYER)
    if (layer.annotations or {}).get(_UNPACK) == "true":
        _unpack(title, layer, content, destination, path, stored)
    else:
        stored.written.add(path)
        stored.budget.write((content,), path)


def _unpack(title: str, layer: Descriptor, content: bytes, destination: Path, folder: Path, stored: _Stored) -> None:
    if not content.startswith(_GZIP):
        raise PolicyError(f"{_UNSTORED}: {title}: not a packed directory")
    packed = destination.with_name(f"{destination.name}-packed")
    stored.budget.write((content,), packed)
    try:
        unpacking.unpack(packed, destination, name=f"{title}.tar.gz", written=stored.written, folder=folder)
    except PolicyError as error:
        raise PolicyError(f"{_UNSTORED}: {error}") from None
    packed.unlink()
    claimed = (layer.annotations or {}).get(_UNPACKED_DIGEST)
    if claimed and _digest(content, claimed) != claimed:
        raise PolicyError(f"{_UNSTORED}: {title}: content digest mismatch")


def _digest(packed: bytes, like: str) -> str:
    """The digest of what is packed, by the algorithm of another one; that one itself if it is none."""
    try:
        check_digest(like)
    except MalformedError:
        return like
    algorithm = like.partition(":")[0]
    digest = hashlib.new(algorithm)
    stream = Decompressed(io.BytesIO(packed), MAX_BYTES, kind="gzip", what="archive")
    while data := stream.read(_CHUNK):
        digest.update(data)
    return f"{algorithm}:{digest.hexdigest()}"
