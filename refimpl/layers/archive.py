"""Reading tar archives as a stream, strictly: what isn't a whole archive is an error, never a shorter one.

ustar, GNU (long names, numbers beyond octal) and pax. The standard library's reader takes a damaged header in the
midst of an archive for its end, which would silently lose the files after it. In what it accepts, and in the names it
finds, it follows Go's `archive/tar`, since runtimes read layers with that: blocks of zeroes and padding may be missing
at the end, unless the reader asks for a marked end. Time and memory are linear in what is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refimpl.errors import LimitExceededError, MalformedError
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refimpl.layers.stream import Stream

REGULAR, SYMBOLIC_LINK, DIRECTORY, PAX_GLOBAL = "0", "2", "5", "g"
_BLOCK = 512
_ZEROES = bytes(_BLOCK)
_CHUNK = 1 << 20
#: Characters of an entry's name; no file system has longer ones.
NAME_LIMIT = 4096
#: Bytes of one header of pax or of GNU's long names, as in Go, and of all headers before one entry.
_HEADER_LIMIT = 1 << 20
_HEADERS_LIMIT = 16 << 20
_WITHOUT_CONTENT = frozenset("123456")
_OLD_REGULAR, _CONTIGUOUS = "\0", "7"
_USTAR, _GNU = b"ustar\0", b"ustar  \0"
_OCTAL = re.compile(rb"[0-7]*")
_PAX, _LONG_NAME, _LONG_LINK, _SPARSE = "x", "L", "K", "S"
_RECORD = re.compile(rb"([0-9]{1,8}) ([^=]+)=")
_INTEGER = re.compile(rb"[+-]?[0-9]{1,19}")
_INTEGERS = frozenset({b"size", b"uid", b"gid"})
_TEXTS = frozenset({b"path", b"linkpath", b"uname", b"gname"})
_SPARSE_RECORDS = frozenset(b"GNU.sparse." + name for name in (b"major", b"minor", b"map", b"offset", b"name"))
_NEWLINE = ord("\n")
_LARGEST = (1 << 63) - 1


@record
class Entry:
    """One member: `name` and `link` as stored, `kind` the type flag, `size` of its content in bytes.

    A name that isn't UTF-8 has surrogate escapes.
    """

    name: str
    kind: str
    size: int
    link: str = ""
    sparse: bool = False

    @property
    def has_content(self) -> bool:
        """Whether it is a file with bytes: a regular one, or of a kind that readers take for one (POSIX, ustar)."""
        return self.kind not in _WITHOUT_CONTENT


class Archive:
    """Iterate over it for the entries; `content` or `chunks` gives the current one's bytes.

    Args:
        source: the archive's bytes.
        entries: most entries that it may have.
        marked_end: whether a block of zeroes must mark its end, and nothing but zeroes follow. Without one, an archive
            that was cut off between two entries can't be told from a shorter one.

    Raises:
        MalformedError: damaged, or cut off; it says at which byte.
        LimitExceededError: more entries than allowed, or longer names or headers.
    """

    def __init__(self, source: Stream, *, entries: int, marked_end: bool = False) -> None:
        self._source = source
        self._most = entries
        self._marked_end = marked_end
        self._taken = 0  # bytes that the source has given
        self._buffer = b""
        self._at = 0
        self._left = 0  # bytes of the current entry that aren't taken yet
        self._padding = 0  # bytes after it, up to a whole block
        self._current: Entry | None = None

    def __iter__(self) -> Iterator[Entry]:
        count = 0
        while (entry := self._next()) is not None:
            count += 1
            if count > self._most:
                raise LimitExceededError(f"archive has more than {self._most} entries")
            yield entry

    def content(self, limit: int) -> bytes:
        """The whole content of the entry that the iteration is at; once.

        Raises:
            LimitExceededError: it has more than `limit` bytes.
            MalformedError: the archive ends within it, or it is a sparse file.
        """
        entry = self._current
        if entry is not None and entry.size > limit:
            raise LimitExceededError(f"file {entry.name} has {entry.size} bytes, more than {limit}")
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """The content of the entry that the iteration is at, in pieces of at most 1 MiB; once.

        Raises:
            MalformedError: the archive ends within it, or it is a sparse file.
        """
        entry, self._current = self._current, None
        if entry is None:
            raise MalformedError("no current entry in archive")
        if entry.sparse:
            raise MalformedError(f"file {entry.name} is sparse, which isn't supported")
        while self._left:
            data = self._exactly(min(self._left, _CHUNK))
            self._left -= len(data)
            yield data

    def _next(self) -> Entry | None:
        records: dict[bytes, str] = {}
        name = link = ""
        headers = 0
        while True:
            self._skip(self._left)
            if len(self._upto(self._padding)) < self._padding:
                return self._check_end()  # writers may leave out what follows the last content
            self._left = self._padding = 0
            start = self._taken - len(self._buffer) + self._at
            header = self._upto(_BLOCK)
            if not header:
                return self._check_end()
            if len(header) < _BLOCK:
                raise self._cut()
            if header == _ZEROES:
                following = self._upto(_BLOCK)
                if following and following != _ZEROES:
                    raise _invalid(start + _BLOCK)
                return self._check_end(marked=True)
            try:
                _check(header)
                kind = chr(header[156])
                if kind not in {_PAX, PAX_GLOBAL, _LONG_NAME, _LONG_LINK}:
                    return self._entry(header, kind, name, link, records)
                size = _number(header[124:136])
                headers += _BLOCK + size + -size % _BLOCK
                if size > _HEADER_LIMIT or headers > _HEADERS_LIMIT:
                    raise MalformedError(f"archive/tar: header too long at byte {start}")
                data = self._exactly(size)
                self._padding = -size % _BLOCK
                if kind == _LONG_NAME:
                    name = _text(data)
                elif kind == _LONG_LINK:
                    link = _text(data)
                elif kind == _PAX:
                    records = _records(data)
                else:
                    name = _records(data).get(b"path") or _stored_name(header)
                    return self._accept(Entry(name, PAX_GLOBAL, 0))
            except _InvalidHeaderError:
                raise _invalid(start) from None

    def _entry(self, header: bytes, kind: str, name: str, link: str, records: dict[bytes, str]) -> Entry:
        sparse = _is_sparse(records)
        # GNU's long names count before pax records, and these before the header.
        name = name or records.get(b"path") or _stored_name(header)
        if sparse:
            name = records.get(b"GNU.sparse.name") or name
        link = link or records.get(b"linkpath") or _text(header[157:257])
        size = _number(header[124:136])
        if records.get(b"size"):
            size = int(records[b"size"])
        if not 0 <= size <= _LARGEST:
            raise _InvalidHeaderError
        if kind == _OLD_REGULAR:
            kind = DIRECTORY if name.endswith("/") else REGULAR
        if kind in _WITHOUT_CONTENT:
            size = 0
        if kind == _CONTIGUOUS:
            kind = REGULAR
        if kind == _SPARSE:
            kind, sparse = REGULAR, True
            extended = header[482]
            while extended:
                extended = self._exactly(_BLOCK)[504]
        self._left, self._padding = size, -size % _BLOCK
        return self._accept(Entry(name, kind, size, link, sparse))

    def _accept(self, entry: Entry) -> Entry:
        if len(entry.name) > NAME_LIMIT:
            raise LimitExceededError(f"archive has a name with more than {NAME_LIMIT} characters")
        self._current = entry
        return entry

    def _check_end(self, *, marked: bool = False) -> Entry | None:
        """No entry, if the end is as it must be."""
        if self._marked_end:
            if not marked:
                raise self._cut()
            while data := self._upto(_CHUNK):
                if data.count(0) < len(data):
                    raise MalformedError(f"archive/tar: data after the end of the archive, before byte {self._taken}")
        return None

    def _upto(self, size: int) -> bytes:
        """`size` bytes, fewer at the end."""
        have = len(self._buffer) - self._at
        if have < size:
            parts = [self._buffer[self._at :]]
            while have < size and (data := self._source.read(_CHUNK)):
                parts.append(data)
                have += len(data)
                self._taken += len(data)
            self._buffer, self._at = b"".join(parts), 0
        data = self._buffer[self._at : self._at + size]
        self._at += len(data)
        return data

    def _exactly(self, size: int) -> bytes:
        data = self._upto(size)
        if len(data) < size:
            raise self._cut()
        return data

    def _skip(self, size: int) -> None:
        here = min(size, len(self._buffer) - self._at)
        self._at += here
        size -= here
        while size:
            self._buffer, self._at = self._source.read(_CHUNK), 0
            if not self._buffer:
                raise self._cut()
            self._taken += len(self._buffer)
            self._at = min(size, len(self._buffer))
            size -= self._at

    def _cut(self) -> MalformedError:
        return MalformedError(f"archive/tar: unexpected EOF after {self._taken} bytes")


class _InvalidHeaderError(Exception):
    """A header that is none; who reads it knows where it is."""


def _invalid(place: int) -> MalformedError:
    return MalformedError(f"archive/tar: invalid tar header at byte {place}")


def _check(header: bytes) -> None:
    stored = _number(header[148:156])
    unsigned = sum(header) - sum(header[148:156]) + 8 * 32
    if stored != unsigned:
        signed = unsigned - 256 * sum(byte >= 128 for byte in header[:148] + header[156:])
        if stored != signed:
            raise _InvalidHeaderError


def _stored_name(header: bytes) -> str:
    name, magic = _text(header[:100]), header[257:265]
    if magic.startswith(_USTAR) or (magic == _GNU and not (_is_time(header[345:357]) and _is_time(header[357:369]))):
        # GNU's form has times in the prefix's place, but Go's old writer put prefixes there, so its readers look.
        prefix = _text(header[345:500])
        if prefix and (magic != _GNU or prefix.isascii()):
            return f"{prefix}/{name}"
    return name


def _is_time(field: bytes) -> bool:
    try:
        _number(field)
    except _InvalidHeaderError:
        return field[0] == 0 or field[0] & 0xC0 == 0xC0  # missing, or before 1970
    return True


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU: the rest is a binary number
        if field[0] & 0x40:
            raise _InvalidHeaderError
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    text = field.strip(b" \0").partition(b"\0")[0]
    if not _OCTAL.fullmatch(text):
        raise _InvalidHeaderError
    return int(text or b"0", 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _records(data: bytes) -> dict[bytes, str]:
    """Those records of a pax header that are needed: ``<length> <key>=<value>`` and a newline each; the last counts."""
    found: dict[bytes, str] = {}
    at = 0
    while at < len(data):
        record = _RECORD.match(data, at)
        end = at + int(record[1]) if record else 0
        if record is None or not record.end() < end <= len(data) or data[end - 1] != _NEWLINE:
            raise _InvalidHeaderError
        key = record[2]
        if key in _TEXTS or key in _INTEGERS or key in _SPARSE_RECORDS:
            value = data[record.end() : end - 1]
            if (key in _TEXTS and b"\0" in value) or (key in _INTEGERS and value and not _INTEGER.fullmatch(value)):
                raise _InvalidHeaderError
            found[key] = value.decode("utf-8", "surrogateescape")
        at = end
    return found


def _is_sparse(records: dict[bytes, str]) -> bool:
    """Whether pax records of a version that is known say that a file is sparse; others say nothing, as in Go."""
    version = records.get(b"GNU.sparse.major", ""), records.get(b"GNU.sparse.minor", "")
    if version == ("", ""):
        return bool(records.get(b"GNU.sparse.map")) or b"GNU.sparse.offset" in records
    return version in {("0", "0"), ("0", "1"), ("1", "0")}
