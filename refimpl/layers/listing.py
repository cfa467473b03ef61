"""What one layer does to the directories that somebody asks for.

An image's files are its layers laid over each other: what a higher layer has under a name, or marks as removed
(``.wh.<name>``, ``.wh..wh..opq``), hides what lower layers have there (OCI image specification, layer).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from refimpl.errors import LimitExceededError
from refimpl.layers.archive import DIRECTORY, SYMBOLIC_LINK, Archive, Entry
from refimpl.layers.stream import Decompressed
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refimpl.layers.limits import Limits
    from refimpl.layers.stream import Stream

#: Files with these extensions, in any case, are read.
EXTENSIONS = frozenset({"yaml", "yml", "json"})
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


@record(frozen=False)
class Listing:
    """A layer's part in some directories.

    Args:
        files: content of the matching files by cleaned name.
        names: every name in or above the directories that the layer has: lower layers' same names are hidden.
        covers: those of `names`, and removed ones, that hide also everything below them.
        opaque: directories of which lower layers' content is hidden.
    """

    files: dict[str, Any] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    covers: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    weight: int = 1024

    def weigh(self, size: int, limits: Limits) -> None:
        """Count what is about to be kept: names and content.

        Raises:
            LimitExceededError: too much.
        """
        self.weight += size
        if self.weight > limits.image_bytes:
            raise LimitExceededError(f"files of the image have more than {limits.image_bytes} bytes")


def clean_path(path: str) -> str:
    """A path without ``.``, ``..`` and double slashes where possible, as Go's ``filepath.Clean``; empty is ``.``."""
    path = posixpath.normpath(path)
    return path[1:] if path.startswith("//") else path


def read_listing(stream: Stream, directories: frozenset[str], limits: Limits) -> Listing:
    """Read a layer's archive; `directories` are cleaned and in lower case. The files' content is bytes.

    Links, devices and directories with a fitting name count as empty files, as in `ec`. What a layer removes it removes
    below itself only, wherever the mark stands; `ec` loses files that come after their own mark, and knows no opaque
    ones.

    Raises:
        MalformedError: it is no whole archive.
        LimitExceededError: one of the limits.
    """
    above = {parent for directory in directories for parent in _parents(directory)}
    listing = Listing()
    solid: set[str] = set()  # this layer's own entries that aren't directories; what it removes is only below it
    archive = Archive(Decompressed(stream, limits.layer_bytes), entries=limits.entries)
    for entry in archive:
        name = clean_path(entry.name)
        parent, base = posixpath.split(name)
        if base == _OPAQUE:
            if not parent or parent.lower() in above:
                listing.weigh(len(parent), limits)
                listing.opaque.add(parent)
            continue
        removed = base.startswith(_WHITEOUT)
        if removed:
            name = clean_path(posixpath.join(parent, base[len(_WHITEOUT) :]))  # of no name: the directory itself
            if name == ".":
                listing.opaque.add("")
                continue
        inside = (parent.lower() or ".") in directories
        if not inside and name.lower() not in above:
            continue
        listing.weigh(len(name), limits)
        if removed:
            listing.covers.add(name)
            continue
        if name in listing.names or _is_covered(name, solid) or _escapes(entry, parent):
            continue
        listing.names.add(name)
        if entry.kind != DIRECTORY:
            solid.add(name)
        if inside and base.rpartition(".")[2].lower() in EXTENSIONS and "." in base:
            content = archive.content(limits.file_bytes) if entry.has_content else b""
            listing.weigh(len(content), limits)
            listing.files[name] = content
    listing.covers |= solid
    return listing


def flatten(listings: Iterable[Listing]) -> dict[str, Any]:
    """The files that remain of the layers, which are given from the highest to the lowest."""
    files: dict[str, Any] = {}
    names: set[str] = set()
    covers: set[str] = set()
    opaque: set[str] = set()
    for listing in listings:
        hidden = names | covers
        files |= {
            name: content
            for name, content in listing.files.items()
            if name not in hidden and not _is_covered(name, covers) and not _under(name, opaque)
        }
        names |= listing.names
        covers |= listing.covers
        opaque |= listing.opaque
    return files


def _escapes(entry: Entry, parent: str) -> bool:
    """Whether this is a relative symbolic link out of the image: such a one is passed over, as in `ec`."""
    if entry.kind != SYMBOLIC_LINK or entry.link.startswith("/"):
        return False
    target = clean_path(posixpath.join(parent, entry.link))
    return target == ".." or target.startswith("../")


def _parents(path: str) -> list[str]:
    """The path and what is above it, without the top."""
    found = []
    while path not in {"", ".", "/"}:
        found.append(path)
        path = posixpath.dirname(path)
    return found


def _is_covered(name: str, covers: set[str]) -> bool:
    """Whether something above the name was replaced or removed."""
    return bool(covers) and any(parent in covers for parent in _parents(posixpath.dirname(name)))


def _under(name: str, opaque: set[str]) -> bool:
    return bool(opaque) and ("" in opaque or any(parent in opaque for parent in _parents(posixpath.dirname(name))))
