"""References, manifests, indexes and configurations of images."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from fuzz import seeds
from fuzz.target import target
from refimpl.errors import Error
from refimpl.oci import reference
from refimpl.oci.descriptor import Descriptor, Manifest
from refimpl.policy_input import image as images

if TYPE_CHECKING:
    from collections.abc import Iterable

_MEMBERS = ("artifactType", "annotations", "data", "platform", "os.version", "urls", "LAYERS", "Config", "mediatype")


def _references() -> Iterable[bytes]:
    digest = seeds.DIGEST
    for text in (
        "app",
        "registry.test:5000/a/b:v1",
        f"localhost/x@{digest}",
        f"[::1]:5000/a/b:v1@{digest}",
        "a..b/c:v",
    ):
        yield text.encode()


@target("reference", _references, "@sha256:", "localhost", "library/", ":5000", "../", "[fe80::1%25eth0]")
def _reference(data: bytes) -> None:
    found = reference.parse(data.decode("utf-8", "surrogateescape"))
    again = reference.parse(str(found))
    assert str(again) == str(found)


def _manifest_of(data: bytes) -> Manifest:
    return Manifest.read(Descriptor("", f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)), data)


def _read_all(manifest: Manifest) -> None:
    """Read every member; one that is refused doesn't keep the others from being read."""
    names = [name for name in dir(Manifest) if not name.startswith("_")]
    refusals = []
    for name in names:
        try:
            getattr(manifest, name)
        except Error as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


@target("manifest", seeds.manifests, *_MEMBERS)
def _manifest(data: bytes) -> None:
    _read_all(_manifest_of(data))


@target("index", seeds.indexes, *_MEMBERS, "manifests")
def _index(data: bytes) -> None:
    index = _manifest_of(data)
    assert index.is_index in {True, False}
    assert all(child.size >= 0 for child in index.manifests)


class _Registry:
    """Has one configuration."""

    def __init__(self, config: bytes) -> None:
        self._config = config

    def blob(self, *_: Any, **__: Any) -> bytes:
        return self._config


_IMAGE = reference.parse(f"registry.test/app@{seeds.DIGEST}")
_MANIFEST = _manifest_of(next(iter(seeds.manifests())))


@target("configuration", seeds.configurations, "Labels", "Env", "Volumes", "Healthcheck", "config", "CONFIG", "Cmd")
def _configuration(data: bytes) -> None:
    images._config(_Registry(data), _IMAGE.repository, _MANIFEST)  # type: ignore[arg-type]  # all that is asked of it
