"""Archives and compressed files as sources (specification 11 §4.2)."""

from __future__ import annotations

import zlib
from typing import IO, TYPE_CHECKING

from refimpl.errors import PolicyError
from refimpl.policy.sources.content import Budget, counts, inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["unpacked"]

_MAGIC = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c")
_TAR_MAGIC = slice(257, 262)
_CHUNK = 1 << 16


def unpacked(source: Path, destination: Path, *, name: str) -> bool:
    """Unpack `source` if it is an archive or compressed; whether it was. `name` decides how, and names it in errors.

    Raises:
        PolicyError: no way to unpack it, damaged, too large, or with members that lead elsewhere.
        OSError: `source` cannot be read or `destination` not written.
    """
    with source.open("rb") as file:
        head = file.read(512)
    if not head.startswith(_MAGIC) and head[_TAR_MAGIC] != b"ustar":
        return False
    expander = next((expander for expander in _EXPANDERS if name.endswith(expander[0])), None)
    if expander is None:
        raise PolicyError("compressed file found, but no expander available")
    _, kind, unpack = expander
    try:
        unpack(source, destination, Budget(name), kind)
    except (PolicyError, OSError):
        raise
    except (EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error) as error:
        raise PolicyError(f"failed to extract {kind} file: {error}") from None
    return True


def _untar(source: Path, destination: Path, budget: Budget, kind: str) -> None:
    import tarfile

    compression = kind.partition(".")[2]
    mode = {"": "r:", "gz": "r:gz", "bz2": "r:bz2"}[compression]
    try:
        with tarfile.open(str(source), mode) as archive:  # type: ignore[call-overload]  # one call for three literals
            for member in archive:
                path = _below(destination, member.name, kind)
                if member.isdir():
                    path.mkdir(parents=True, exist_ok=True)
                elif member.isreg():
                    content = archive.extractfile(member)
                    budget.write(_chunks(content), path)
                elif counts(member.name):
                    raise PolicyError(f"failed to extract {kind} file: {member.name} is not a regular file")
    except tarfile.TarError as error:
        raise PolicyError(f"failed to extract {kind} file: {error}") from None


def _unzip(source: Path, destination: Path, budget: Budget, kind: str) -> None:
    import zipfile

    try:
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                path = _below(destination, member.filename, kind)
                if member.is_dir():
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                with archive.open(member) as content:
                    budget.write(_chunks(content), path)
    except zipfile.BadZipFile as error:
        raise PolicyError(f"failed to extract {kind} file: {error}") from None


def _decompress(source: Path, destination: Path, budget: Budget, kind: str) -> None:
    import bz2
    import gzip

    opener: Callable[[Path], IO[bytes]] = bz2.open if kind == "bz2" else gzip.open  # type: ignore[assignment]  # both open for reading by default
    with opener(source) as content:
        budget.write(_chunks(content), destination / source.stem)


def _below(destination: Path, name: str, kind: str) -> Path:
    path = inside(destination, name)
    if path is None:
        raise PolicyError(f"failed to extract {kind} file: illegal file path: {name}")
    return path


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK):
        yield chunk


_EXPANDERS: tuple[tuple[tuple[str, ...], str, Callable[[Path, Path, Budget, str], None]], ...] = (
    ((".tar",), "tar", _untar),
    ((".tar.gz", ".tgz"), "tar.gz", _untar),
    ((".tar.bz2", ".tbz2"), "tar.bz2", _untar),
    ((".zip",), "zip", _unzip),
    ((".bz2",), "bz2", _decompress),
    ((".gzip", ".gz"), "gz", _decompress),
)
