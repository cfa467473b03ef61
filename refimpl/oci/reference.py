"""References to images: texts such as ``quay.io/org/app:v1`` or ``localhost:5000/app@sha256:…``.

They are read as go-containerregistry's package ``name`` reads them without strictness (specification 10 §2.6, 12 §2):
the registry defaults to index.docker.io, the tag to ``latest``, and a digest in a reference is always sha256. Beyond
that, a registry whose name no host can have, such as ``..`` or one with a label of 70 letters, makes none.
"""

from __future__ import annotations

import re
from functools import lru_cache

from refimpl.errors import InvalidReferenceError
from refimpl.record import record

_DEFAULT_REGISTRY = "index.docker.io"
_REPOSITORY = re.compile(r"[a-z0-9_./-]{2,255}", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_LONGEST_NAME, _LONGEST_LABEL = 253, 63  # bytes (RFC 1035 §2.3.4)
_REMEMBERED = 64  # of each, up to 64 KiB long


@record
class Repository:
    """A repository of a registry; `path` as written, without the implied ``library/``."""

    registry: str
    path: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.full_path}"

    @property
    def full_path(self) -> str:
        """The path for requests: Docker Hub's short names are in ``library/``."""
        if self.registry == _DEFAULT_REGISTRY and "/" not in self.path:
            return f"library/{self.path}"
        return self.path


@record
class Reference:
    """One image: `text` as given, and either a digest (`tag` is then None) or a tag."""

    text: str
    repository: Repository
    tag: str | None = None
    digest: str | None = None

    @property
    def identifier(self) -> str:
        """The digest, or the tag."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        return f"{self.repository}{'@' if self.digest else ':'}{self.identifier}"

    def at(self, digest: str) -> Reference:
        """The same repository's image with this digest."""
        return Reference(f"{self.repository}@{digest}", self.repository, None, digest)

    def with_tag(self, tag: str) -> Reference:
        """The same repository's image with this tag."""
        return Reference(f"{self.repository}:{tag}", self.repository, tag)


@lru_cache(_REMEMBERED)  # each image's is read several times
def parse(text: str) -> Reference:
    """Read a reference with a tag, a digest, both (the digest counts) or neither.

    Raises:
        InvalidReferenceError: it isn't one.
    """
    return parse_digest(text) if "@" in text else _parse_tag(text, text)


def parse_digest(text: str) -> Reference:
    """Read a reference that must have a digest.

    Raises:
        InvalidReferenceError: it isn't one.
    """
    base, at, digest = text.partition("@")
    if not at or not _DIGEST.fullmatch(digest):
        raise InvalidReferenceError(text)
    return Reference(text, _parse_tag(base, text).repository, None, digest)


def _parse_tag(name: str, text: str) -> Reference:
    base, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # the colon, if any, belongs to the registry's port
        base, tag = name, "latest"
    if not _TAG.fullmatch(tag):
        raise InvalidReferenceError(text)
    return Reference(text, _parse_repository(base, text), tag)


def _parse_repository(name: str, text: str) -> Repository:
    head, slash, rest = name.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        registry, path = head, rest
        if not _is_authority(registry):
            raise InvalidReferenceError(text)
    else:
        registry, path = "", name
    if not _REPOSITORY.fullmatch(path):
        raise InvalidReferenceError(text)
    return Repository(_DEFAULT_REGISTRY if registry in ("", "docker.io") else registry, path)


@lru_cache(_REMEMBERED)  # thousands of references have few registries
def _is_authority(registry: str) -> bool:
    from refimpl.golang import url

    try:
        found = url.parse(f"//{registry}")
    except url.UnreadableURLError:
        return False
    return found.host == registry and (registry.startswith("[") or _is_host(found.hostname))


def _is_host(name: str) -> bool:
    try:
        encoded = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    labels = encoded.removesuffix(".").split(".")
    return len(encoded) <= _LONGEST_NAME and all(0 < len(label) <= _LONGEST_LABEL for label in labels)
