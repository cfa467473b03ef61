"""Packs of git objects, looked through before they are believed: how much comes out, and where they break off.

Dulwich unpacks all objects at once, as large as they say they are; a delta of a few bytes can make a gigabyte. Source:
git's gitformat-pack.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from contextlib import closing
from typing import IO, TYPE_CHECKING

from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.pack import PackData, PackInflater

from refimpl.errors import LimitExceededError, MalformedError
from refimpl.layers.stream import Lookahead

if TYPE_CHECKING:
    from collections.abc import Callable

    from dulwich.objects import ObjectID, ShaFile

MAX_OBJECTS = 1_000_000
_HEAD, _TRAILER = 12, 20
_BITE = 1 << 12
_OUTPUT = _CHUNK = 1 << 16
_PLAIN, _DELTAS = frozenset({1, 2, 3, 4}), frozenset({6, 7})
_OFFSET_DELTA = 6
_DELTA_HEAD = 20
_LONGEST_NUMBER = 9


def unpack(file: IO[bytes], *, limit: int) -> dict[ObjectID, ShaFile]:
    """The objects of a pack by their names.

    Args:
        file: has nothing else.
        limit: most bytes of all objects together, deltas applied.

    Raises:
        MalformedError: as `check_pack`, an object that is malformed, or a delta that can't be applied.
        LimitExceededError: as `check_pack`.
    """
    check_pack(file, limit=limit)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    with closing(PackData.from_file(file, DEFAULT_OBJECT_FORMAT, size)) as pack:
        try:
            return {found.id: found for found in PackInflater.for_pack_data(pack)}
        except Exception as error:  # noqa: BLE001 - dulwich has a kind for each way, AssertionError among them
            raise MalformedError(f"packfile: {_unusable(error)}") from None


def _unusable(error: Exception) -> str:
    """What is wrong with a pack whose bytes are those that it says."""
    missing = getattr(error, "shas", None)
    if missing:
        return f"a delta is of an object that isn't there: {missing[0].decode(errors='replace')}"
    return "an object that is malformed, or a delta that can't be applied"


def check_pack(file: IO[bytes], *, limit: int) -> None:
    """Read a pack from its begin to its end, and keep nothing.

    Args:
        file: has nothing else.
        limit: most bytes of all objects together, deltas applied.

    Raises:
        MalformedError: it breaks off, is damaged, or has other objects than it says; it names the byte.
        LimitExceededError: more objects than `MAX_OBJECTS`, or more bytes.
    """
    size = file.seek(0, os.SEEK_END)
    _check_digest(file, size - _TRAILER)
    file.seek(0)
    source = Lookahead(file)
    head = source.exactly(_HEAD)
    if len(head) < _HEAD or not head.startswith(b"PACK") or head[4:8] not in {b"\0\0\0\2", b"\0\0\0\3"}:
        raise MalformedError("packfile: no pack")
    count = int.from_bytes(head[8:], "big")
    if count > MAX_OBJECTS:
        raise LimitExceededError(f"packfile: more than {MAX_OBJECTS} objects")
    total = 0
    for _ in range(count):
        place = source.taken
        try:
            total += _object_size(source, limit - total)
        except _DamagedError as error:
            raise MalformedError(f"packfile: {error} in the object at byte {place}") from None
        if total > limit:
            raise LimitExceededError(f"packfile: objects with more than {limit} bytes")
    if source.taken + _TRAILER != size:
        raise MalformedError(f"packfile: {count} objects end at byte {source.taken}, but the pack at byte {size}")


def _check_digest(file: IO[bytes], size: int) -> None:
    file.seek(0)
    digest, left = hashlib.sha1(usedforsecurity=False), size
    while data := file.read(min(_CHUNK, max(0, left))):
        digest.update(data)
        left -= len(data)
    if file.read() != digest.digest():
        raise MalformedError(f"packfile: the checksum at byte {max(0, size)} is that of other bytes")


class _DamagedError(Exception):
    """An object that is none; who reads it knows where it is."""


def _object_size(source: Lookahead, limit: int) -> int:
    """How many bytes an object has, and as a delta needs; the source is behind it then."""
    byte = _byte(source)
    kind, size = byte >> 4 & 7, byte & 15
    if byte & 0x80:
        size |= _number(lambda: _byte(source)) << 4
    if kind not in _PLAIN | _DELTAS:
        raise _DamagedError("unknown kind")
    if kind == _OFFSET_DELTA:
        _number(lambda: _byte(source))
    elif kind in _DELTAS and len(source.exactly(_TRAILER)) < _TRAILER:
        raise _DamagedError("unexpected EOF")
    if size > limit:
        return size
    start = _inflate(source, size)
    if kind in _PLAIN:
        return size
    numbers = iter(start)
    try:
        _number(lambda: next(numbers))
        return size + _number(lambda: next(numbers))
    except StopIteration:
        raise _DamagedError("delta without sizes") from None


def _inflate(source: Lookahead, size: int) -> bytes:
    """The first bytes of compressed data of exactly this size; all of it is read."""
    inflate, made, start = zlib.decompressobj(), 0, b""
    while not inflate.eof:
        data = inflate.unconsumed_tail or source.some(_BITE)
        try:
            out = inflate.decompress(data, _OUTPUT)
        except zlib.error as error:
            raise _DamagedError(str(error)) from None
        made += len(out)
        if made > size:
            break
        if len(start) < _DELTA_HEAD:
            start += out[:_DELTA_HEAD]
        if not (data or out or inflate.eof):
            raise _DamagedError("unexpected EOF")
    if made != size:
        raise _DamagedError("another size than it says")
    source.give_back(len(inflate.unused_data))
    return start


def _number(following: Callable[[], int]) -> int:
    """Groups of seven bits, the lowest first."""
    number = 0
    for group in range(_LONGEST_NUMBER):
        byte = following()
        number |= (byte & 0x7F) << 7 * group
        if not byte & 0x80:
            return number
    raise _DamagedError("a size beyond all measure")


def _byte(source: Lookahead) -> int:
    data = source.exactly(1)
    if not data:
        raise _DamagedError("unexpected EOF")
    return data[0]
