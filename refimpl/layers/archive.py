"""Reading tar archives as a stream, strictly: what isn't a whole archive is an error, never a shorter one.

ustar, GNU (long names, numbers beyond octal) and pax. The standard library's reader takes a damaged header in the
midst of an archive for its end, which would silently lose the files after it. In what it accepts, and in the names it
finds, it follows Go's `archive/tar`, since runtimes read layers with that: blocks of zeroes and padding may be missing
at the end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refimpl.oci.errors import LimitExceededError, MalformedError
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refimpl.layers.stream import Stream

__all__ = ["DIRECTORY", "HARD_LINK", "REGULAR", "SYMBOLIC_LINK", "Archive", "Entry"]

REGULAR, HARD_LINK, SYMBOLIC_LINK, DIRECTORY = "0", "1", "2", "5"
_BLOCK = 512
_ZEROES = bytes(_BLOCK)
_CHUNK = 1 << 20
_SPECIAL_LIMIT = 1 << 20
_WITHOUT_CONTENT = frozenset("123456")
_OLD_REGULAR, _CONTIGUOUS = "\0", "7"
_USTAR, _GNU = b"ustar\0", b"ustar  \0"
_OCTAL = re.compile(rb"[0-7]*")
_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK, _SPARSE = "x", "g", "L", "K", "S"


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


class Archive:
    """Iterate over it for the entries; `content` gives the current one's bytes.

    Raises:
        MalformedError: damaged, or cut off.
        LimitExceededError: more entries than allowed.
    """

    def __init__(self, source: Stream, *, entries: int) -> None:
        self._source = source
        self._most = entries
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
                raise LimitExceededError(f"layer has more than {self._most} entries")
            yield entry

    def content(self, limit: int) -> bytes:
        """The whole content of the entry that the iteration is at; once.

        Raises:
            LimitExceededError: it has more than `limit` bytes.
            MalformedError: the archive ends within it, or it is a sparse file.
        """
        entry = self._current
        if entry is None:
            raise MalformedError("no current entry in archive")
        if entry.sparse:
            raise MalformedError(f"file {entry.name} is sparse, which isn't supported")
        if entry.size > limit:
            raise LimitExceededError(f"file {entry.name} has {entry.size} bytes, more than {limit}")
        data = self._exactly(entry.size)
        self._left = 0
        self._current = None
        return data

    def _next(self) -> Entry | None:
        records: dict[str, str] = {}
        name = link = ""
        while True:
            self._skip(self._left)
            if len(self._upto(self._padding)) < self._padding:
                return None  # writers may leave out what follows the last content
            self._left = self._padding = 0
            header = self._upto(_BLOCK)
            if not header:
                return None
            if len(header) < _BLOCK:
                raise MalformedError("archive/tar: unexpected EOF")
            if header == _ZEROES:
                following = self._upto(_BLOCK)
                if following and following != _ZEROES:
                    raise MalformedError("archive/tar: invalid tar header")
                return None
            _check(header)
            kind = chr(header[156])
            if kind not in {_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK}:
                return self._entry(header, kind, name, link, records)
            size = _number(header[124:136])
            if size > _SPECIAL_LIMIT:
                raise MalformedError("archive/tar: header too long")
            data = self._exactly(size)
            self._padding = -size % _BLOCK
            if kind == _LONG_NAME:
                name = _text(data)
            elif kind == _LONG_LINK:
                link = _text(data)
            elif kind == _PAX:
                records = _records(data)
            else:
                self._current = Entry(_records(data).get("path") or _stored_name(header), _PAX_GLOBAL, 0)
                return self._current

    def _entry(self, header: bytes, kind: str, name: str, link: str, records: dict[str, str]) -> Entry:
        sparse = any(key.startswith("GNU.sparse.") for key in records)
        # GNU's long names count before pax records, and these before the header.
        name = records.get("GNU.sparse.name") or name or records.get("path") or _stored_name(header)
        link = link or records.get("linkpath") or _text(header[157:257])
        size = _decimal(records["size"]) if records.get("size") else _number(header[124:136])
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
        self._current = Entry(name, kind, size, link, sparse)
        return self._current

    def _upto(self, size: int) -> bytes:
        """`size` bytes, fewer at the end."""
        while len(self._buffer) - self._at < size:
            data = self._source.read(_CHUNK)
            if not data:
                break
            self._buffer = self._buffer[self._at :] + data
            self._at = 0
        data = self._buffer[self._at : self._at + size]
        self._at += len(data)
        return data

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            data = self._upto(min(size, _CHUNK))
            if not data:
                raise MalformedError("archive/tar: unexpected EOF")
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def _skip(self, size: int) -> None:
        here = min(size, len(self._buffer) - self._at)
        self._at += here
        size -= here
        while size:
            self._buffer, self._at = self._source.read(_CHUNK), 0
            if not self._buffer:
                raise MalformedError("archive/tar: unexpected EOF")
            self._at = min(size, len(self._buffer))
            size -= self._at


def _check(header: bytes) -> None:
    stored = _number(header[148:156])
    unsigned = sum(header) - sum(header[148:156]) + 8 * 32
    if stored != unsigned:
        signed = unsigned - 256 * sum(byte >= 128 for byte in header[:148] + header[156:])
        if stored != signed:
            raise MalformedError("archive/tar: invalid tar header")


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
    except MalformedError:
        return field[0] == 0 or field[0] & 0xC0 == 0xC0  # missing, or before 1970
    return True


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU: the rest is a binary number
        if field[0] & 0x40:
            raise MalformedError("archive/tar: invalid tar header")
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    text = field.strip(b" \0").partition(b"\0")[0]
    if not _OCTAL.fullmatch(text):
        raise MalformedError("archive/tar: invalid tar header")
    return int(text or b"0", 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _decimal(text: str) -> int:
    if not text.isdecimal() or not text.isascii():
        raise MalformedError("archive/tar: invalid tar header")
    return int(text)


def _records(data: bytes) -> dict[str, str]:
    """The records of a pax header: ``<length> <key>=<value>`` and a newline each."""
    records = {}
    while data:
        digits, space, _ = data.partition(b" ")
        length = int(digits) if space and digits.isdigit() and len(digits) < 8 else 0
        record = data[len(digits) + 1 : length]
        key, equals, value = record.partition(b"=")
        if not 0 < length <= len(data) or not equals or not value.endswith(b"\n"):
            raise MalformedError("archive/tar: invalid tar header")
        name = key.decode("utf-8", "surrogateescape")
        text = value[:-1].decode("utf-8", "surrogateescape")
        if name in {"path", "linkpath"} and "\0" in text:
            raise MalformedError("archive/tar: invalid tar header")
        records[name] = text
        data = data[length:]
    return records
