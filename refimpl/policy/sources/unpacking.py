"""Archives and compressed files as sources (specification 11 §4.2), read to their true ends: all of it, or an error."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from refimpl.errors import LimitExceededError, MalformedError, PolicyError
from refimpl.layers.archive import DIRECTORY, PAX_GLOBAL, Archive
from refimpl.layers.stream import Decompressed
from refimpl.policy.sources import content
from refimpl.policy.sources.content import Budget, counts, inside

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from refimpl.layers.stream import Stream

_MAGIC = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c", b"\x28\xb5\x2f\xfd")
_TAR_MAGIC = slice(257, 262)
_CHUNK = 1 << 16
#: Bytes of an archive beside its files' content.
_MAX_HEADERS = 1 << 28
#: Endings of names, what errors call such a file, how it is compressed, and whether it is a tar archive.
_FORMS = (
    ((".tar",), "tar", "none", True),
    ((".tar.gz", ".tgz"), "tar.gz", "gzip", True),
    ((".tar.bz2", ".tbz2"), "tar.bz2", "bzip2", True),
    ((".zip",), "zip", "", False),
    ((".bz2",), "bz2", "bzip2", False),
    ((".gzip", ".gz"), "gz", "gzip", False),
)


def unpack(
    source: Path, destination: Path, *, name: str, written: set[Path] | None = None, folder: Path | None = None
) -> bool:
    """Unpack `source` if its `name` is that of an archive or a compressed file; whether it is. Errors have the name.

    Args:
        source: the file.
        destination: an existing directory.
        name: tells by its ending what the file is.
        written: files that were written before, and mustn't be again; gets what is written now.
        folder: of the destination, in which all members must be; by default the destination.

    Raises:
        PolicyError: compressed, but no way to unpack it; not what the name says, damaged, cut off, too large; members
            that lead elsewhere or are there twice.
        OSError: `source` cannot be read or `destination` not written.
    """
    with source.open("rb") as file:
        form = next((form for form in _FORMS if name.endswith(form[0])), None)
        if form is None:
            head = file.read(512)
            if head.startswith(_MAGIC) or head[_TAR_MAGIC] == b"ustar":
                raise PolicyError("compressed file found, but no expander available")
            return False
        _, kind, compression, tar = form
        stream = Decompressed(file, content.MAX_BYTES + _MAX_HEADERS, kind=compression, what="archive")
        unpacking = _Unpacking(destination, Budget(name), f"failed to extract {kind} file:", written, folder)
        try:
            if kind == "zip":
                unpacking.unzip(file)
            elif tar:
                unpacking.untar(stream)
            else:
                unpacking.decompress(stream, source.stem)
        except (MalformedError, LimitExceededError) as error:
            raise PolicyError(f"failed to extract {kind} file: {name}: {error}") from None
    return True


class _Unpacking:
    def __init__(
        self, destination: Path, budget: Budget, failed: str, written: set[Path] | None, folder: Path | None
    ) -> None:
        self._destination = destination
        self._folder = folder
        self._budget = budget
        self._failed = failed
        self._written = set() if written is None else written

    def untar(self, stream: Stream) -> None:
        # With a marked end: without one, nobody can tell whether files are missing.
        archive = Archive(stream, entries=4 * content.MAX_FILES, marked_end=True)
        empty = True
        for entry in archive:
            empty = False
            if entry.kind == PAX_GLOBAL:
                continue
            path = self._below(entry.name)
            if entry.kind == DIRECTORY:
                self._budget.make_directory(path)
            elif entry.has_content:
                self._write(archive.chunks(), path, entry.name)
            elif counts(entry.name):
                raise PolicyError(f"{self._failed} {entry.name} is not a regular file")
        if empty:
            raise MalformedError("tar file is empty")

    def unzip(self, file: IO[bytes]) -> None:
        from refimpl.policy.sources.zipped import members

        for name, is_link, chunks in members(file, most=content.MAX_FILES):
            path = self._below(name)
            if chunks is None:
                self._budget.make_directory(path)
            elif not is_link:
                self._write(chunks, path, name)
            elif counts(name):
                raise PolicyError(f"{self._failed} {name} is not a regular file")

    def decompress(self, stream: Stream, name: str) -> None:
        self._write(iter(lambda: stream.read(_CHUNK), b""), self._below(name), name)

    def _write(self, chunks: Iterable[bytes], path: Path, name: str) -> None:
        if path in self._written:
            raise PolicyError(f"{self._failed} {name} is there twice")
        self._written.add(path)
        self._budget.write(chunks, path)

    def _below(self, name: str) -> Path:
        path = inside(self._destination, name)
        if path is None:
            raise PolicyError(f"{self._failed} illegal file path: {name}")
        if self._folder is not None and path != self._folder and self._folder not in path.parents:
            raise PolicyError(f'{self._failed} "{name}" is outside of "{self._folder.relative_to(self._destination)}"')
        return path
