"""What a registry keeps: blobs, manifests, tags and uploads in memory, safe to use from many threads."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from ec_acceptance.testbed.registry.digests import digest_of, is_digest, is_known
from ec_acceptance.testbed.registry.errors import RegistryFault

__all__ = ["MANIFEST_LIMIT", "Manifest", "Store"]

MANIFEST_LIMIT = 4 << 20
"""Bytes that a manifest may have: what the specification asks registries to accept at least."""

_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A stored manifest; `document` is `body` parsed, `subject` the digest that it refers to, if any."""

    digest: str
    media_type: str
    body: bytes
    document: dict[str, Any]

    @property
    def subject(self) -> str | None:
        """The digest of the manifest that this one is about (image specification 1.1, "subject")."""
        subject = self.document.get("subject")
        return subject.get("digest") if isinstance(subject, dict) else None

    def descriptor(self) -> dict[str, Any]:
        """The entry of a referrers list (distribution specification 1.1, "Listing Referrers")."""
        entry: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body)}
        config = self.document.get("config") or {}
        if kind := self.document.get("artifactType") or config.get("mediaType"):
            entry["artifactType"] = kind
        if annotations := self.document.get("annotations"):
            entry["annotations"] = annotations
        return entry


@dataclass(slots=True)
class _Repository:
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class Store:
    """Repositories by name. Blobs of equal digest share one object; a repository sees only its own."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._repositories: dict[str, _Repository] = {}

    def put_blob(self, repository: str, data: bytes, *, digest: str | None = None, algorithm: str = "sha256") -> str:
        """Keep `data`, verified against `digest` when that is given; return its digest."""
        digest = self._verify(data, digest, algorithm)
        with self._lock:
            self._make(repository).blobs[digest] = data
        return digest

    def blob(self, repository: str, digest: str) -> bytes:
        """The blob's bytes."""
        self._check_digest(digest)
        with self._lock:
            data = self._find(repository).blobs.get(digest)
        if data is None:
            raise RegistryFault(404, "BLOB_UNKNOWN", "blob unknown to registry", digest)
        return data

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """Make `source`'s blob one of `repository`'s too; False when `source` has no such blob."""
        with self._lock:
            found = self._repositories.get(source)
            data = found.blobs.get(digest) if found else None
            if data is not None:
                self._make(repository).blobs[digest] = data
        return data is not None

    def delete_blob(self, repository: str, digest: str) -> None:
        """Forget a blob."""
        with self._lock:
            self.blob(repository, digest)
            del self._repositories[repository].blobs[digest]

    def put_manifest(
        self,
        repository: str,
        body: bytes,
        media_type: str,
        *,
        tag: str | None = None,
        digest: str | None = None,
        algorithm: str = "sha256",
        check: bool = True,
    ) -> Manifest:
        """Keep a manifest under its digest and, if given, `tag`.

        Unless `check` is off, what it names must be there already, as Distribution demands: blobs without `urls` of an
        image, manifests of an index. A `subject` needn't.
        """
        if len(body) > MANIFEST_LIMIT:
            raise RegistryFault(413, "SIZE_INVALID", "manifest too large")
        try:
            document = json.loads(body)
        except ValueError as error:
            raise RegistryFault(400, "MANIFEST_INVALID", "manifest invalid", str(error)) from error
        if not isinstance(document, dict) or document.get("mediaType", media_type) != media_type:
            raise RegistryFault(400, "MANIFEST_INVALID", "manifest invalid", f"not a document of type {media_type}")
        if tag is not None and not _TAG.fullmatch(tag):
            raise RegistryFault(400, "TAG_INVALID", "manifest tag did not match", tag)
        manifest = Manifest(self._verify(body, digest, algorithm), media_type, body, document)
        with self._lock:
            place = self._make(repository)
            if check:
                _check_parts(document, place)
            place.manifests[manifest.digest] = manifest
            if tag is not None:
                place.tags[tag] = manifest.digest
        return manifest

    def tag(self, repository: str, tag: str, digest: str) -> None:
        """Let `tag` lead to a manifest that is there, of any digest algorithm."""
        with self._lock:
            self.manifest(repository, digest)
            self._repositories[repository].tags[tag] = digest

    def manifest(self, repository: str, reference: str) -> Manifest:
        """The manifest of a tag or digest."""
        if is_digest(reference):
            self._check_digest(reference)
        with self._lock:
            place = self._find(repository)
            manifest = place.manifests.get(place.tags.get(reference, reference))
        if manifest is None:
            raise RegistryFault(
                404, "MANIFEST_UNKNOWN", "manifest unknown", {"name": repository, "reference": reference}
            )
        return manifest

    def delete_manifest(self, repository: str, reference: str) -> None:
        """Forget a tag, or a manifest together with its tags when `reference` is a digest."""
        with self._lock:
            manifest = self.manifest(repository, reference)
            place = self._repositories[repository]
            if not is_digest(reference):
                del place.tags[reference]
                return
            del place.manifests[manifest.digest]
            place.tags = {tag: digest for tag, digest in place.tags.items() if digest != manifest.digest}

    def tags(self, repository: str) -> list[str]:
        """The repository's tags, sorted."""
        with self._lock:
            return sorted(self._find(repository).tags)

    def referrers(self, repository: str, digest: str) -> list[dict[str, Any]]:
        """Descriptors of the manifests whose subject is `digest`, oldest first; empty for what isn't known."""
        self._check_digest(digest)
        with self._lock:
            place = self._repositories.get(repository)
            manifests = list(place.manifests.values()) if place else []
        return [manifest.descriptor() for manifest in manifests if manifest.subject == digest]

    def forget(self, namespace: str) -> None:
        """Drop every repository below `namespace`."""
        with self._lock:
            for name in [name for name in self._repositories if name.startswith(f"{namespace}/")]:
                del self._repositories[name]

    def _find(self, name: str) -> _Repository:
        place = self._repositories.get(name)
        if place is None:
            raise RegistryFault(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": name})
        return place

    def _make(self, name: str) -> _Repository:
        if not _NAME.fullmatch(name):
            raise RegistryFault(400, "NAME_INVALID", "invalid repository name", {"name": name})
        return self._repositories.setdefault(name, _Repository())

    def _verify(self, data: bytes, digest: str | None, algorithm: str) -> str:
        if digest is None:
            return digest_of(data, algorithm)
        self._check_digest(digest)
        actual = digest_of(data, digest.partition(":")[0])
        if actual != digest:
            raise RegistryFault(400, "DIGEST_INVALID", "provided digest did not match uploaded content", actual)
        return digest

    @staticmethod
    def _check_digest(digest: str) -> None:
        if not is_known(digest):
            raise RegistryFault(400, "DIGEST_INVALID", "invalid or unsupported digest", digest)


def _check_parts(document: dict[str, Any], place: _Repository) -> None:
    try:
        config, layers = document.get("config"), document.get("layers") or ()
        blobs = [part["digest"] for part in (config, *layers) if part is not None and not part.get("urls")]
        children = [part["digest"] for part in document.get("manifests") or ()]
    except (AttributeError, KeyError, TypeError) as error:
        raise RegistryFault(400, "MANIFEST_INVALID", "manifest invalid", "a descriptor is malformed") from error
    for digest in blobs:
        if digest not in place.blobs:
            raise RegistryFault(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", {"digest": digest})
    for digest in children:
        if digest not in place.manifests:
            raise RegistryFault(404, "MANIFEST_BLOB_UNKNOWN", "manifest unknown to registry", {"digest": digest})
