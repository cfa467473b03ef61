"""Ways to damage a file in a layer cache, in the words of scenarios (specification 40 #10).

Only what each validator's cache has in common is used: a file named by a digest, with the bytes of that digest in it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from typing import TYPE_CHECKING

from ec_acceptance.testbed.fixtures.images import Layer
from ec_acceptance.testbed.fixtures.malformed_images import substitute
from ec_acceptance.testbed.fixtures.special_files import SPECIAL_FILES
from ec_acceptance.testbed.gate.faults import UnknownPhraseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ec_acceptance.testbed.cache.directory import Entry

__all__ = ["DAMAGES", "damage"]

_WORD, _OTHER_WORD = b'"first"', b'"worst"'


def damage(words: str, entry: Entry, layer: Layer) -> None:
    """Do what `words` say, one of `DAMAGES`, to the entry of a layer, which has its compressed bytes or its tar.

    Raises:
        UnknownPhraseError: they mean nothing.
    """
    if words not in DAMAGES:
        raise UnknownPhraseError(f"there is no damage {words!r}; there are {sorted(DAMAGES)}")
    path = entry.path
    DAMAGES[words](path, layer if entry.digest == layer.digest else _plain(path))


def _plain(path: Path) -> Layer:
    """The layer that a file is when it holds the tar alone."""
    data = path.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
    ends = (*(member.offset for member in members[1:]), archive.offset)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Layer("application/vnd.oci.image.layer.v1.tar", digest, len(data), digest, data, ends)


def _cut_in_the_middle(path: Path, layer: Layer) -> None:
    os.truncate(path, layer.size // 2)


def _cut_at_a_boundary(path: Path, layer: Layer) -> None:
    os.truncate(path, layer.boundaries[1])


def _empty(path: Path, layer: Layer) -> None:
    del layer
    os.truncate(path, 0)


def _change(path: Path, layer: Layer) -> None:
    """Change a word that policies see; size, times and the file itself stay."""
    before = path.stat()
    data = layer.data
    if _WORD not in data:
        raise UnknownPhraseError(f"{path} doesn't show its content, which could be changed")
    with path.open("r+b") as file:
        file.write(data.replace(_WORD, _OTHER_WORD))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace(path: Path, layer: Layer) -> None:
    """Put another file in its place: as large, as valid, with the same times."""
    before = path.stat()
    path.unlink()
    path.write_bytes(substitute(layer.data))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace_by_directory(path: Path, layer: Layer) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").write_bytes(layer.data)


def _replace_by_link_to_nothing(path: Path, layer: Layer) -> None:
    del layer
    path.unlink()
    path.symlink_to(path.parent / "nothing")


def _replace_by_link_outside(path: Path, layer: Layer) -> None:
    outside = path.parent.parent / "outside.bin"
    outside.write_bytes(substitute(layer.data))
    path.unlink()
    path.symlink_to(outside)


def _replace_by(kind: str) -> Callable[[Path, Layer], None]:
    def replace(path: Path, layer: Layer) -> None:
        del layer
        path.unlink()
        SPECIAL_FILES[kind](path)

    return replace


DAMAGES: dict[str, Callable[[Path, Layer], None]] = {
    "cut in the middle": _cut_in_the_middle,
    "cut at an entry boundary": _cut_at_a_boundary,
    "emptied": _empty,
    "changed by one word, its size and time kept": _change,
    "replaced by another archive": _replace,
    "replaced by a directory": _replace_by_directory,
    "replaced by a link to nothing": _replace_by_link_to_nothing,
    "replaced by a link to a file outside": _replace_by_link_outside,
    **{f"replaced by {kind}": _replace_by(kind) for kind in ("a pipe", "a socket", "a link to itself")},
}
"""By the words that scenarios use."""
