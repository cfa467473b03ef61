"""Layers whose archives have entries of any kind: links out of the image, odd types, marks of removal."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from ec_acceptance.testbed.images import OLM_LABEL, Layer
from ec_acceptance.testbed.registry.digests import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ec_acceptance.testbed.world import World

__all__ = ["add_of_entries", "layer_of_entries"]

_MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar"
_BLOCK = 512
_TYPES = {
    "hard link": b"1",
    "link": b"2",
    "device": b"3",
    "folder": b"5",
    "pipe": b"6",
    "file": b"0",
    "pax header": b"x",
}
_RECORD = b"6 a=b\n"


def layer_of_entries(entries: Sequence[tuple[str, str, str]]) -> Layer:
    """A layer, not compressed, of entries: kind, path, and content or what a link leads to.

    A kind is one of `_TYPES`, or `type` and the type's character. A pax header has 170,000 small records, 1 MiB.
    """
    data = b""
    for kind, path, text in entries:
        entry = tarfile.TarInfo(path)
        entry.type = _TYPES[kind] if kind in _TYPES else _character(kind.removeprefix("type "))
        content = b""
        if entry.islnk() or entry.issym():
            entry.linkname = text
        elif kind == "pax header":
            content = (_RECORD * (1 << 20))[: (1 << 20) // len(_RECORD) * len(_RECORD)]
        else:
            content = text.encode()
        entry.size = len(content)
        data += entry.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % _BLOCK)
    data += bytes(2 * _BLOCK)
    digest = digest_of(data)
    return Layer(_MEDIA_TYPE, digest, len(data), digest, data)


def _character(text: str) -> bytes:
    return bytes([int(text)]) if text in {"0", "1"} else text.encode()


def add_of_entries(world: World, name: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Make an image whose files policies see: its layer, kind, path and content or target of each entry."""
    layers: dict[str, list[tuple[str, str, str]]] = {}
    for layer, kind, path, text in rows:
        layers.setdefault(layer, []).append((kind, path, text))
    made = {f"{layer} layer of {name}": layer_of_entries(entries) for layer, entries in layers.items()}
    world.stock.add_image(name, made, {OLM_LABEL: "manifests/"})
