"""Content codings of answers, whatever was asked for (RFC 9110 §8.4): a body's bytes before they were coded."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from refimpl.errors import TransferError

if TYPE_CHECKING:
    from collections.abc import Callable

_OUTPUT = 1 << 18
_GZIP = frozenset({"gzip", "x-gzip"})
_MOST = 2  # codings of one body
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15
_DEFLATED, _METHOD = 8, 0x0F


class CodingError(TransferError):
    """The body isn't what its ``Content-Encoding`` says, or ends early."""


def decoder(coding: str, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """A function like `read` that gives the content; `read` itself where there is nothing to decode.

    Codings that aren't known (and those are none that Go would decode) leave the body as it is.

    Args:
        coding: value of ``Content-Encoding``.
        read: gives up to so many coded bytes, none at the end.

    Raises:
        CodingError: coded more than twice.
    """
    codings = [one.strip().lower() for one in coding.split(",")] if coding else []
    codings = [one for one in codings if one and one != "identity"]
    if not all(one in _GZIP or one == "deflate" for one in codings):
        return read
    if len(codings) > _MOST:
        raise CodingError(f"the answer is coded {len(codings)} times")
    for one in reversed(codings):
        read = Decoded(read, gzip=one in _GZIP).read
    return read


class Decoded:
    """A coded body's content. Memory is bounded: a step makes at most 256 KiB."""

    def __init__(self, read: Callable[[int], bytes], *, gzip: bool) -> None:
        self._read = read
        self._gzip = gzip
        self._inflate: zlib._Decompress | None = None
        self._pending = b""
        self._ended = False

    def read(self, size: int) -> bytes:
        """At least one byte and at most `size`; empty only at the end.

        Raises:
            CodingError: damaged, or cut off.
            TransferError: the connection broke.
        """
        while not self._ended:
            data = self._pending or self._read(_OUTPUT)
            if self._inflate is None:
                if not data:  # no body at all, as after HEAD
                    break
                self._inflate = zlib.decompressobj(self._bits(data))
            try:
                made = self._inflate.decompress(data, min(size, _OUTPUT))
            except zlib.error:
                raise CodingError(f"{'gzip' if self._gzip else 'flate'}: invalid data") from None
            self._pending = self._inflate.unconsumed_tail
            if self._inflate.eof:
                self._next_member()
            elif not (data or made):
                raise CodingError("unexpected EOF")
            if made:
                return made
        return b""

    def _bits(self, data: bytes) -> int:
        if self._gzip:
            return _GZIP_BITS
        # "deflate" is meant to be zlib's format; some send the bare one.
        return _ZLIB_BITS if data[0] & _METHOD == _DEFLATED else _RAW_BITS

    def _next_member(self) -> None:
        assert self._inflate is not None  # noqa: S101 - it has just ended
        rest = self._inflate.unused_data or self._read(_OUTPUT)
        if not rest:
            self._ended = True
        elif self._gzip:
            self._inflate, self._pending = zlib.decompressobj(_GZIP_BITS), rest
        else:
            raise CodingError("flate: data after the end")
