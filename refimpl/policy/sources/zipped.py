"""Reading zip archives strictly: what their directory says and what stands in the file must be the same.

The standard library's reader finds a directory anywhere near the end, doesn't count its entries, and looks at the
members' own headers only when it opens them; a damaged archive can so have fewer members than a whole one. Source:
PKWARE's APPNOTE.TXT 4.3; as in Go's ``archive/zip``, members are stored or deflated.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from refimpl.errors import LimitExceededError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 16
_END, _END64, _LOCATOR, _ENTRY, _LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02", b"PK\x03\x04"
_END_SIZE, _LOCATOR_SIZE, _END64_SIZE, _ENTRY_SIZE, _LOCAL_SIZE = 22, 20, 56, 46, 30
_LONGEST_COMMENT = (1 << 16) - 1
_ENCRYPTED, _DESCRIBED_AFTER = 1, 8
_LONGEST_DESCRIPTION = 24
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_FOREIGN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, NotImplementedError, struct.error)


def members(file: IO[bytes], *, most: int) -> Iterator[tuple[str, bool, Iterator[bytes] | None]]:
    """Name, whether it is a symbolic link, and content of each member, which is read before the next; None of folders.

    Raises:
        MalformedError: not a whole zip archive, or one with members that can't be read; it names the place.
        LimitExceededError: more members than `most`.
    """
    start, end = _directory(file, most)
    try:
        with zipfile.ZipFile(file) as archive:
            found = archive.infolist()
            if archive.start_dir != start:
                raise MalformedError(f"zip: no directory at byte {start}")
            _check_extents(file, found, start)
            for member in found:
                chunks = None if member.is_dir() else _content(archive, member)
                yield member.filename, stat.S_ISLNK(member.external_attr >> 16), chunks
    except _FOREIGN as error:
        raise MalformedError(f"zip: directory at bytes {start} to {end}: {error}") from None


def _directory(file: IO[bytes], most: int) -> tuple[int, int]:
    """Where the directory begins and ends; its entries are as many as the end record says."""
    size = file.seek(0, os.SEEK_END)
    base = max(0, size - _END_SIZE - _LONGEST_COMMENT)
    file.seek(base)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise MalformedError(f"zip: no end of the directory before byte {size}")
    disk, first, here, count, length, start, comment = struct.unpack_from("<4H2LH", tail, at + 4)
    end = base + at
    if end + _END_SIZE + comment != size:
        raise MalformedError(f"zip: the end of the directory at byte {end} isn't the end of the file")
    if 0xFFFF in {here, count} or 0xFFFFFFFF in {length, start}:
        end, here, count, length, start = _directory64(file, end)
    if disk or first or here != count or start + length != end:
        raise MalformedError(f"zip: the end of the directory at byte {end} doesn't fit the directory")
    if count > most:
        raise LimitExceededError(f"zip: more than {most} members")
    place = start
    for _ in range(count):
        file.seek(place)
        entry = file.read(_ENTRY_SIZE)
        if len(entry) < _ENTRY_SIZE or not entry.startswith(_ENTRY):
            raise MalformedError(f"zip: no entry of the directory at byte {place}")
        place += _ENTRY_SIZE + sum(struct.unpack_from("<3H", entry, 28))
    if place != end:
        raise MalformedError(f"zip: the directory has {count} entries up to byte {place}, but ends at byte {end}")
    return start, end


def _directory64(file: IO[bytes], end: int) -> tuple[int, int, int, int, int]:
    """The same of an archive with more or larger members: end, entries here, in all, length, start."""
    file.seek(max(0, end - _LOCATOR_SIZE))
    locator = file.read(_LOCATOR_SIZE)
    if not locator.startswith(_LOCATOR):
        raise MalformedError(f"zip: no place of the large directory before byte {end}")
    (place,) = struct.unpack_from("<Q", locator, 8)
    if place != end - _LOCATOR_SIZE - _END64_SIZE:
        raise MalformedError(f"zip: no end of the large directory at byte {place}")
    file.seek(place)
    record = file.read(_END64_SIZE)
    if not record.startswith(_END64):
        raise MalformedError(f"zip: no end of the large directory at byte {place}")
    here, count, length, start = struct.unpack_from("<4Q", record, 24)
    return place, here, count, length, start


def _check_extents(file: IO[bytes], found: list[zipfile.ZipInfo], start: int) -> None:
    """Whether the members stand one behind the other, from the file's begin to the directory, under their own names."""
    place, slack = 0, 0
    for member in sorted(found, key=lambda member: member.header_offset):
        if not place <= member.header_offset <= place + slack:
            raise MalformedError(f"zip: bytes {place} to {member.header_offset} belong to no member, or to two")
        file.seek(member.header_offset)
        local = file.read(_LOCAL_SIZE)
        if len(local) < _LOCAL_SIZE or not local.startswith(_LOCAL):
            raise MalformedError(f"zip: no member at byte {member.header_offset}")
        flags, method = struct.unpack_from("<2H", local, 6)
        name_size, extra_size = struct.unpack_from("<2H", local, 26)
        name = file.read(name_size).decode("utf-8" if flags & 0x800 else "cp437", "replace")
        if name != member.orig_filename or flags != member.flag_bits or method != member.compress_type:
            raise MalformedError(f"zip: member {member.filename} at byte {member.header_offset} has another header")
        if flags & _ENCRYPTED or method not in _METHODS:
            raise MalformedError(f"zip: member {member.filename} is encrypted, or compressed in a way that isn't known")
        if member.is_dir() and member.file_size:
            raise MalformedError(f"zip: folder {member.filename} has content")
        place = member.header_offset + _LOCAL_SIZE + name_size + extra_size + member.compress_size
        slack = _LONGEST_DESCRIPTION if flags & _DESCRIBED_AFTER else 0
    if not place <= start <= place + slack:
        raise MalformedError(f"zip: bytes {place} to {start} belong to no member, or to two")


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    place = f"member {member.filename} at byte {member.header_offset}"
    size = 0
    try:
        with archive.open(member) as content:
            while chunk := content.read(_CHUNK):
                size += len(chunk)
                yield chunk
    except _FOREIGN as error:
        raise MalformedError(f"zip: {place}: {error}") from None
    if size != member.file_size:
        raise MalformedError(f"zip: {place} has {size} bytes, not {member.file_size}")
