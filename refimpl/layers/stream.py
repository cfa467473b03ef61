"""Bytes one after another, and what stands around an archive: gzip, bzip2, zstd or nothing."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.errors import LimitExceededError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

_INPUT = 1 << 18
_FIRST_INPUT = 1 << 12
_OUTPUT = 1 << 20
_GZIP = b"\x1f\x8b"
_BZIP2 = b"BZh"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_ZSTD_BLOCK = 1 << 17
_ZSTD_WINDOW = 1 << 27
_ZSTD_RLE, _ZSTD_RESERVED = 1, 3


class Stream(Protocol):
    """Where bytes come from."""

    def read(self, size: int) -> bytes:
        """At least one byte and at most `size`; empty only at the end."""
        ...


class Decompressed:
    """A stream's content, whatever compression its first bytes tell; several gzip members or zstd frames are one.

    All is read to its end, and checksums are compared. Memory is bounded: a step makes at most 1 MiB. Time is linear in
    what goes in and comes out, however small members and blocks are.

    Args:
        source: the compressed bytes.
        limit: most bytes that may come out.
        kind: ``gzip``, ``bzip2``, ``zstd`` or ``none``; by default the first bytes tell, but not of bzip2.
        what: what it is, for errors.
    """

    def __init__(self, source: Stream, limit: int, *, kind: str = "", what: str = "layer") -> None:
        self._source = Lookahead(source)
        self._limit = limit
        self._kind = kind
        self._what = what
        self._made = 0
        self._more: Callable[[], bytes] | None = None

    def read(self, size: int) -> bytes:
        """Up to `size` bytes (1 MiB at most, a zstd block may be returned whole); empty at the end.

        Raises:
            MalformedError: the compressed data is damaged or ends early.
            LimitExceededError: more came out than the limit allows.
        """
        del size
        if self._more is None:
            self._more = self._decompressor()
        data = self._more()
        self._made += len(data)
        if self._made > self._limit:
            raise LimitExceededError(f"{self._what} has more than {self._limit} bytes when decompressed")
        return data

    def _decompressor(self) -> Callable[[], bytes]:
        kind = self._kind or _detect(self._source.peek(4))
        if kind == "gzip":
            return _Gzip(self._source).read
        if kind == "bzip2":
            return _Bzip2(self._source).read
        if kind == "zstd":
            return _Zstd(self._source.exactly).read
        return lambda: self._source.some(_INPUT)


def _detect(head: bytes) -> str:
    if head.startswith(_GZIP):
        return "gzip"
    return "zstd" if head.startswith(_ZSTD) or head[1:4] == _ZSTD_SKIPPABLE else "none"


class Lookahead:
    """A source whose next bytes can be looked at. Taking some costs what is taken, not what is there."""

    def __init__(self, source: Stream) -> None:
        self._source = source
        self._buffer = b""
        self._at = 0
        self._before = 0  # bytes that the source gave before the buffer's

    @property
    def taken(self) -> int:
        """How many bytes have been taken."""
        return self._before + self._at

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        have = len(self._buffer) - self._at
        if have < size:
            parts = [self._buffer[self._at :]]
            self._before += self._at
            while have < size and (data := self._source.read(_INPUT)):
                parts.append(data)
                have += len(data)
            self._buffer, self._at = b"".join(parts), 0
        return self._buffer[self._at : self._at + size]

    def exactly(self, size: int) -> bytes:
        """Take `size` bytes, fewer at the end."""
        data = self.peek(size)
        self._at += len(data)
        return data

    def some(self, size: int) -> bytes:
        """Take at most `size` bytes; none only at the end."""
        if self._at == len(self._buffer):
            self._before += self._at
            self._buffer, self._at = self._source.read(_INPUT), 0
        data = self._buffer[self._at : self._at + size]
        self._at += len(data)
        return data

    def give_back(self, count: int) -> None:
        """Have the last `count` bytes of what `some` took untaken."""
        self._at -= count


class _Gzip:
    def __init__(self, source: Lookahead) -> None:
        self._source = source
        self._begin()

    def _begin(self) -> None:
        self._inflate = zlib.decompressobj(31)
        # zlib copies what follows a member: members may be small, so the first bites are.
        self._bite = _FIRST_INPUT

    def read(self) -> bytes:
        while True:
            if self._inflate.eof and not self._next_member():
                return b""
            data = self._inflate.unconsumed_tail
            if not data:
                data = self._source.some(self._bite)
                self._bite = min(2 * self._bite, _INPUT)
            try:
                made = self._inflate.decompress(data, _OUTPUT)
            except zlib.error as error:
                raise MalformedError(f"gzip: {error}") from error
            if made:
                return made
            if not (data or self._inflate.eof):
                raise MalformedError("gzip: unexpected EOF")

    def _next_member(self) -> bool:
        self._source.give_back(len(self._inflate.unused_data))
        while (head := self._source.peek(2)).startswith(b"\0"):  # padding after the last member
            padding = self._source.some(_FIRST_INPUT)
            self._source.give_back(len(padding.lstrip(b"\0")))
        if not head:
            return False
        if not _GZIP.startswith(head):
            raise MalformedError("gzip: invalid header")
        self._begin()
        return True


class _Bzip2:
    def __init__(self, source: Lookahead) -> None:
        self._source = source
        self._begin()

    def _begin(self) -> None:
        import bz2

        self._inflate = bz2.BZ2Decompressor()
        self._bite = _FIRST_INPUT

    def read(self) -> bytes:
        while True:
            if self._inflate.eof and not self._next_stream():
                return b""
            data = b""
            if self._inflate.needs_input:
                data = self._source.some(self._bite)
                self._bite = min(2 * self._bite, _INPUT)
                if not data:
                    raise MalformedError("bzip2: unexpected EOF")
            try:
                made = self._inflate.decompress(data, _OUTPUT)
            except OSError as error:
                raise MalformedError(f"bzip2: {error}") from error
            if made:
                return made

    def _next_stream(self) -> bool:
        self._source.give_back(len(self._inflate.unused_data))
        head = self._source.peek(3)
        if head and not _BZIP2.startswith(head):
            raise MalformedError("bzip2: data after the end")
        if head:
            self._begin()
        return bool(head)


class _Zstd:
    """Feeds block after block, since the library's own readers take a cut frame for a whole one."""

    def __init__(self, take: Callable[[int], bytes]) -> None:
        self._take = take
        self._frame: Any = None
        self._checksum = 0

    def read(self) -> bytes:
        while True:
            if self._frame is None and not self._begin():
                return b""
            head = self._exactly(3)
            block = int.from_bytes(head, "little")
            last, kind, size = block & 1, block >> 1 & 3, block >> 3
            if kind == _ZSTD_RESERVED or size > _ZSTD_BLOCK:
                raise MalformedError("zstd: invalid block")
            body = self._exactly(1 if kind == _ZSTD_RLE else size)
            made = self._feed(head + body + (self._exactly(self._checksum) if last else b""))
            if last:
                if not self._frame.eof:
                    raise MalformedError("zstd: invalid frame")
                self._frame = None
            if made:
                return made

    def _begin(self) -> bool:
        magic = self._take(4)
        while len(magic) == 4 and magic[1:] == _ZSTD_SKIPPABLE and magic[0] & 0xF0 == 0x50:
            left = int.from_bytes(self._exactly(4), "little")
            while left:
                left -= len(self._exactly(min(left, _OUTPUT)))
            magic = self._take(4)
        if not magic:
            return False
        if magic != _ZSTD:
            raise MalformedError("zstd: invalid header")
        flags = self._exactly(1)
        single = flags[0] >> 5 & 1
        rest = (0, 1, 2, 4)[flags[0] & 3] + (1 - single) + (single, 2, 4, 8)[flags[0] >> 6]
        self._checksum = 4 if flags[0] & 4 else 0
        import zstandard

        self._frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        self._feed(magic + flags + self._exactly(rest))
        return True

    def _feed(self, data: bytes) -> bytes:
        import zstandard

        try:
            made: bytes = self._frame.decompress(data)
        except zstandard.ZstdError as error:
            raise MalformedError(f"zstd: {error}") from error
        return made

    def _exactly(self, size: int) -> bytes:
        data = self._take(size)
        if len(data) < size:
            raise MalformedError("zstd: unexpected EOF")
        return data
