"""Bytes one after another, and what stands around an archive: gzip, zstd or nothing."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.oci.errors import LimitExceededError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Decompressed", "Stream"]

_INPUT = 1 << 18
_OUTPUT = 1 << 20
_GZIP = b"\x1f\x8b"
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

    Memory is bounded: a step makes at most 1 MiB.

    Args:
        source: the compressed bytes.
        limit: most bytes that may come out.
    """

    def __init__(self, source: Stream, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._made = 0
        self._input = b""
        self._more: Callable[[], bytes] | None = None

    def read(self, size: int) -> bytes:
        """Up to `size` bytes (1 MiB at most, a zstd block may be returned whole); empty at the end.

        Raises:
            MalformedError: the compressed data is damaged or ends early.
            LimitExceededError: more came out than the limit allows.
        """
        del size
        if self._more is None:
            self._more = self._detected()
        data = self._more()
        self._made += len(data)
        if self._made > self._limit:
            raise LimitExceededError(f"layer has more than {self._limit} bytes when decompressed")
        return data

    def _detected(self) -> Callable[[], bytes]:
        self._fill(4)
        if self._input.startswith(_GZIP):
            return _Gzip(self._take_some, self._give_back).read
        if self._input.startswith(_ZSTD) or self._input[1:4] == _ZSTD_SKIPPABLE:
            return _Zstd(self._take).read
        return self._take_some

    def _fill(self, size: int) -> None:
        while len(self._input) < size:
            data = self._source.read(_INPUT)
            if not data:
                return
            self._input = self._input + data if self._input else data

    def _take(self, size: int) -> bytes:
        """Exactly `size` bytes, fewer at the end."""
        self._fill(size)
        data, self._input = self._input[:size], self._input[size:]
        return data

    def _take_some(self) -> bytes:
        if self._input:
            data, self._input = self._input, b""
            return data
        return self._source.read(_INPUT)

    def _give_back(self, data: bytes) -> None:
        self._input = data + self._input


class _Gzip:
    def __init__(self, take: Callable[[], bytes], give_back: Callable[[bytes], None]) -> None:
        self._take = take
        self._give_back = give_back
        self._inflate = zlib.decompressobj(31)
        self._pending = b""

    def read(self) -> bytes:
        while True:
            if self._inflate.eof and not self._next_member():
                return b""
            data = self._pending or self._take()
            try:
                made = self._inflate.decompress(data, _OUTPUT)
            except zlib.error as error:
                raise MalformedError(f"gzip: {error}") from error
            self._pending = self._inflate.unconsumed_tail
            if made:
                return made
            if not (data or self._inflate.eof):
                raise MalformedError("gzip: unexpected EOF")

    def _next_member(self) -> bool:
        rest = self._inflate.unused_data
        while not rest.strip(b"\0"):  # padding after the last member
            rest = self._take()
            if not rest:
                return False
        rest = rest.lstrip(b"\0")
        if not _GZIP.startswith(rest[:2]):
            raise MalformedError("gzip: invalid header")
        self._give_back(rest)
        self._inflate = zlib.decompressobj(31)
        self._pending = b""
        return True


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
