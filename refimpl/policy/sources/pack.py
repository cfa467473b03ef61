"""Reading a pack of git's, as in gitformat-pack.

Dulwich can do it too, but all that it loads for it takes longer than to fetch and read the pack of a usual policy.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import IO, TYPE_CHECKING, Final

from refimpl.policy.sources.content import MAX_BYTES
from refimpl.policy.sources.git_object import BLOB, COMMIT, TAG, TREE, GitObject

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PackError", "read_pack"]

_KINDS: Final = {1: COMMIT, 2: TREE, 3: BLOB, 4: TAG}
_BY_OFFSET, _BY_NAME = 6, 7
_MAGIC: Final = b"PACK"
_VERSIONS: Final = (2, 3)
_HEADING: Final = 12
_NAME: Final = 20
_OBJECT_HEADING: Final = 64  # more than any has
_CHUNK: Final = 1 << 14
_COPIED: Final = 1 << 16
_MOST_BYTES: Final = 4 * MAX_BYTES  # a source may take a part of its repository only


class PackError(ValueError):
    """Not a pack, a damaged one, or one that holds too much."""


def read_pack(file: IO[bytes]) -> dict[bytes, GitObject]:
    """All objects of a pack that is complete in itself, by name.

    Raises:
        PackError: it can't be read.
    """
    end = _verified(file)
    file.seek(0)
    heading = file.read(_HEADING)
    version, count = (int.from_bytes(heading[at : at + 4], "big") for at in (4, 8))
    if heading[:4] != _MAGIC or version not in _VERSIONS:
        raise PackError("not a pack")
    content = _Content()
    at = _HEADING
    for _ in range(count):
        at = _read_object(file, at, content)
    if at != end:
        raise PackError("the pack holds more than its objects")
    return content.resolved()


class _Content:
    """Objects as they are found; those that are differences wait for what they differ from."""

    def __init__(self) -> None:
        self._whole: list[tuple[int, GitObject]] = []
        self._waiting: dict[int | bytes, list[tuple[int, bytes]]] = {}
        self._room = _MOST_BYTES

    def add(self, at: int, kind: bytes, data: bytes) -> None:
        self._whole.append((at, GitObject(kind, data)))

    def add_difference(self, at: int, base: int | bytes, difference: bytes) -> None:
        self._waiting.setdefault(base, []).append((at, difference))

    def spend(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise PackError(f"the pack holds more than {_MOST_BYTES} bytes")

    def resolved(self) -> dict[bytes, GitObject]:
        found: dict[bytes, GitObject] = {}
        while self._whole:
            at, item = self._whole.pop()
            name = hashlib.sha1(b"%b %d\0" % (item.kind, len(item.data)), usedforsecurity=False)
            name.update(item.data)
            found[name.hexdigest().encode()] = item
            for key in (at, name.digest()):
                for difference_at, difference in self._waiting.pop(key, ()):
                    size, _ = _number(difference, _number(difference, 0)[1])
                    self.spend(size)
                    self.add(difference_at, item.kind, _applied(item.data, difference))
        if self._waiting:
            raise PackError("the pack lacks what its objects differ from")
        return found


def _verified(file: IO[bytes]) -> int:
    """Where the objects end; what follows is the checksum of all before."""
    end = file.seek(0, 2) - _NAME
    if end < _HEADING:
        raise PackError("unexpected EOF")
    file.seek(0)
    checksum = hashlib.sha1(usedforsecurity=False)
    left = end
    while left:
        chunk = file.read(min(left, _CHUNK))
        checksum.update(chunk)
        left -= len(chunk)
    if file.read() != checksum.digest():
        raise PackError("the pack's checksum is wrong")
    return end


def _read_object(file: IO[bytes], at: int, content: _Content) -> int:
    """Read the object that begins there; returns where it ends."""
    file.seek(at)
    heading = file.read(_OBJECT_HEADING)
    first = _byte(heading, 0)
    kind = first >> 4 & 7
    size, used = first & 15, 1
    if first & 0x80:
        more, used = _number(heading, 1)
        size |= more << 4
    base: int | bytes = 0
    if kind == _BY_OFFSET:
        distance, used = _distance(heading, used)
        base = at - distance
    elif kind == _BY_NAME:
        base, used = heading[used : used + _NAME], used + _NAME
    content.spend(size)
    file.seek(at + used)
    data, taken = _inflated(file, size)
    if kind in _KINDS:
        content.add(at, _KINDS[kind], data)
    elif kind in (_BY_OFFSET, _BY_NAME):
        content.add_difference(at, base, data)
    else:
        raise PackError(f"the pack holds an object of unknown type {kind}")
    return at + used + taken


def _inflated(file: IO[bytes], size: int) -> tuple[bytes, int]:
    """The data, and how many bytes it took in the file."""
    inflater = zlib.decompressobj()
    parts: list[bytes] = []
    taken = 0
    while not inflater.eof:
        chunk = inflater.unconsumed_tail
        if not chunk:
            chunk = file.read(_CHUNK)
            taken += len(chunk)
        if not chunk:
            raise PackError("unexpected EOF")
        try:
            part = inflater.decompress(chunk, size + 1)  # the size bounds it: a few bytes may stand for many
        except zlib.error as error:
            raise PackError(f"the pack is damaged: {error}") from None
        size -= len(part)
        if size < 0:
            break
        parts.append(part)
    if size:
        raise PackError("an object of the pack has another size than it says")
    return b"".join(parts), taken - len(inflater.unused_data)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first; and where it ends."""
    value = shift = 0
    while True:
        byte = _byte(data, at)
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _distance(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the highest first, each but the last one less; and where it ends."""
    value = -1
    while True:
        byte = _byte(data, at)
        at += 1
        value = (value + 1) << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise PackError("unexpected EOF")
    return data[at]


def _applied(base: bytes, difference: bytes) -> bytes:
    """What differs from `base` by `difference`."""
    base_size, at = _number(difference, 0)
    size, at = _number(difference, at)
    parts: list[bytes] = []
    left = size
    for part in _pieces(base, difference, at):
        left -= len(part)
        if left < 0:
            break
        parts.append(part)
    if left or base_size != len(base):
        raise PackError("an object of the pack has another size than it says")
    return b"".join(parts)


def _pieces(base: bytes, difference: bytes, at: int) -> Iterator[bytes]:
    while at < len(difference):
        command = difference[at]
        at += 1
        if not command:
            raise PackError("an object of the pack differs in an unknown way")
        if command < 0x80:
            yield difference[at : at + command]
            at += command
            continue
        numbers = [0] * 7
        for bit in range(7):
            if command & 1 << bit:
                numbers[bit] = _byte(difference, at)
                at += 1
        offset = int.from_bytes(numbers[:4], "little")
        end = offset + (int.from_bytes(numbers[4:], "little") or _COPIED)
        if end > len(base):
            raise PackError("an object of the pack differs in an unknown way")
        yield base[offset:end]
