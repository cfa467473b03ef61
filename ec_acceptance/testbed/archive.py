"""Layer archives whose bytes are the same on every machine: tar, and gzip or zstd around it.

Compressors of different versions give different bytes, and digests in stored snapshots must not move. So by default
nothing is compressed: the data stands in stored blocks (RFC 1951 §3.2.4) or raw blocks (RFC 8878 §3.1.1.2), which every
decompressor reads. Blocks end where the caller wants, so that a stream can be cut exactly between two entries.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Directory", "Entry", "Hardlink", "Symlink", "gzip", "tar", "zstd"]

_STORED_LIMIT = 0xFFFF
_RAW_LIMIT = 128 << 10


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory's own entry."""


@dataclass(frozen=True, slots=True)
class Symlink:
    """A symbolic link to `target`."""

    target: str


@dataclass(frozen=True, slots=True)
class Hardlink:
    """A hard link to `target`, a path in the archive."""

    target: str


Entry = bytes | Directory | Symlink | Hardlink
"""What stands at a path; bytes are a file's content."""


def tar(entries: Mapping[str, Entry] | Iterable[tuple[str, Entry]]) -> tuple[bytes, tuple[int, ...]]:
    """A POSIX tar of `entries` in their order, names as they are, and the places at which each entry ends.

    Pairs instead of a mapping allow equal names. Owner and times are zero; modes are 0644 and 0755.
    """
    pairs = entries.items() if hasattr(entries, "items") else entries
    out = io.BytesIO()
    ends = []
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, entry in pairs:
            info = tarfile.TarInfo(name)
            content = b""
            match entry:
                case Directory():
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                case Symlink(target):
                    info.type, info.linkname, info.mode = tarfile.SYMTYPE, target, 0o777
                case Hardlink(target):
                    info.type, info.linkname = tarfile.LNKTYPE, target
                case _:
                    content, info.size = entry, len(entry)
            archive.addfile(info, io.BytesIO(content))
            ends.append(out.tell())
    return out.getvalue(), tuple(ends)


def gzip(data: bytes, *, cuts: Sequence[int] = (), level: int = 0) -> tuple[bytes, tuple[int, ...]]:
    """`data` as gzip (RFC 1952) without a time, and where each of `cuts` is in it.

    A `level` above 0 really compresses: then the bytes depend on this machine's zlib, and there are no such places.
    """
    if level:
        # zlib's own wrapper writes no time, but the system's number; 255 stands for unknown.
        squeezed = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = squeezed.compress(data) + squeezed.flush()
        places: tuple[int, ...] = ()
    else:
        body, places = _framed(data, cuts, _STORED_LIMIT, _stored_header)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    tail = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return head + body + tail, tuple(len(head) + place for place in places)


def zstd(data: bytes, *, cuts: Sequence[int] = (), level: int = 0) -> tuple[bytes, tuple[int, ...]]:
    """`data` as one zstd frame (RFC 8878) without a check sum, and where each of `cuts` is in it.

    A `level` above 0 really compresses, as `gzip` does.
    """
    if level:
        import zstandard

        return zstandard.ZstdCompressor(level=level).compress(data), ()
    # Magic number; descriptor: content size in 8 bytes, no dictionary, no check sum; a window of 8 MiB (§3.1.1.1).
    head = b"\x28\xb5\x2f\xfd" + b"\xc0" + bytes([13 << 3]) + len(data).to_bytes(8, "little")
    body, places = _framed(data, cuts, _RAW_LIMIT, _raw_header)
    return head + body, tuple(len(head) + place for place in places)


def _stored_header(size: int, *, last: bool) -> bytes:
    return bytes([last]) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")


def _raw_header(size: int, *, last: bool) -> bytes:
    return (size << 3 | last).to_bytes(3, "little")


class _Header(Protocol):
    def __call__(self, size: int, *, last: bool) -> bytes:
        """The head of a block."""


def _framed(data: bytes, cuts: Sequence[int], limit: int, header: _Header) -> tuple[bytes, tuple[int, ...]]:
    """Blocks of at most `limit` bytes that end at each cut, and the cuts' places among them."""
    out = bytearray()
    places = {}
    view = memoryview(data)
    for begin, end in _blocks(len(data), cuts, limit):
        out += header(end - begin, last=end == len(data))
        out += view[begin:end]
        places[end] = len(out)
    return bytes(out), tuple(places[cut] for cut in cuts)


def _blocks(size: int, cuts: Sequence[int], limit: int) -> Iterator[tuple[int, int]]:
    begin = 0
    for cut in sorted({*cuts, size}):
        while begin < cut:
            end = min(begin + limit, cut)
            yield begin, end
            begin = end
    if size == 0:
        yield 0, 0
