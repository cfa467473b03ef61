"""Lists of images, read while they are judged: a reference, or an object of JSON, on each line (docs/scale.md)."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from codecs import BOM_UTF8
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from refimpl.commands.snapshot import UNNAMED, Component, begins_a_list, read_component
from refimpl.errors import InputError, InvalidReferenceError
from refimpl.golang.document import FEW_VALUES, DocumentError, parse
from refimpl.golang.jsontext import encode
from refimpl.golang.oserrors import describe
from refimpl.golang.quoting import quote
from refimpl.oci import reference
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_INPUT = "-"
LONGEST_LINE = 64 << 10
"""Bytes; a longer line isn't kept, and can't be read."""

_ENDINGS = (".txt", ".list", ".ndjson", ".jsonl")
_SHOWN = 200  # characters of a line that can't be read


@record
class Entry:
    """What a line of a list, or a place in a snapshot, names.

    Attributes:
        position: the line's number, or the place, from 1.
        component: to judge; a line that can't be read is one with a problem.
        identity: of the component, see `identity`.
    """

    position: int
    component: Component
    identity: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", identity(self.component))


def is_list(path: str) -> bool:
    """Whether ``--images`` names a list, and not a snapshot.

    Standard input is a list, and so is a file whose name ends like one's; of other files the first line tells.
    """
    if path == STANDARD_INPUT:
        return True
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return False
        if path.endswith(_ENDINGS):
            return True
        with Path(path).open("rb") as stream:
            lines = (line for line in iter(lambda: stream.readline(LONGEST_LINE), b"") if not _is_blank(line))
            return begins_a_list(next(lines, b""))
    except (OSError, ValueError):  # ValueError: no file can have this name
        return False


def identity(component: Component) -> str:
    """Tells entries apart: 16 hex digits of what they name, their components' names and sources."""
    named = encode([component.container_image, component.name, component.source])
    return hashlib.sha256(named).hexdigest()[:16]


class ImageList:
    """The entries of a list, read once, line by line; empty lines and those that begin with ``#`` are passed over.

    Args:
        path: of a file, or `STANDARD_INPUT`.
    """

    def __init__(self, path: str) -> None:
        self.where = "standard input" if path == STANDARD_INPUT else path
        self._path = path
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Of what was read."""
        return f"sha256:{self._hash.hexdigest()}"

    @property
    def is_at_hand(self) -> bool:
        """Whether it is a file, so that reading it never waits for who writes it."""
        if self._path != STANDARD_INPUT:
            return True
        try:
            return stat.S_ISREG(os.fstat(_standard_input().fileno()).st_mode)
        except (OSError, ValueError):
            return False

    def count(self, most: int) -> int:
        """How many entries there are, up to so many; of standard input nobody knows, and it may be as many."""
        if self._path == STANDARD_INPUT:
            return most
        try:
            with Path(self._path).open("rb") as stream:
                return sum(1 for _ in islice(self._entries(stream, hashlib.sha256()), most))
        except OSError:
            return 0  # reading it tells why

    def __iter__(self) -> Iterator[Entry]:
        """Each entry as soon as its line is there.

        Raises:
            InputError: it can't be read any further.
        """
        try:
            if self._path == STANDARD_INPUT:
                yield from self._entries(_standard_input(), self._hash)
                return
            with Path(self._path).open("rb") as stream:
                yield from self._entries(stream, self._hash)
        except OSError as error:
            raise InputError(describe("read", self.where, error)) from None

    def _entries(self, stream: BinaryIO, seen: hashlib._Hash) -> Iterator[Entry]:
        number = 0
        while line := stream.readline(LONGEST_LINE):
            number += 1
            seen.update(line)
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                yield self._unreadable(number, line, f"longer than {LONGEST_LINE} bytes")
                while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    seen.update(rest)
                seen.update(rest)
            elif not _is_blank(line):
                yield self._entry(number, line)

    def _entry(self, number: int, line: bytes) -> Entry:
        try:
            component = _read(line.strip())
            reference.parse(component.container_image)
        except UnicodeError:
            return self._unreadable(number, line, "invalid UTF-8")
        except DocumentError as error:
            return self._unreadable(number, line, str(error))
        except InvalidReferenceError as error:
            return self._unreadable(number, line, f"not a reference to an image: {quote(error.text[:_SHOWN])}")
        return Entry(number, component)

    def _unreadable(self, number: int, line: bytes, why: str) -> Entry:
        text = line[: 4 * _SHOWN].decode(errors="replace").strip()[:_SHOWN]
        return Entry(number, Component(f"line {number}", text, problem=f"{self.where}:{number}: {why}"))


def _standard_input() -> BinaryIO:
    if sys.stdin is None:  # it was closed before this process began
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdin.buffer


def _read(line: bytes) -> Component:
    text = line.removeprefix(BOM_UTF8).decode()
    if not text.startswith("{"):
        return Component(UNNAMED, text)
    component = read_component(parse(text.encode(), most_values=FEW_VALUES).value)
    if not component.container_image:
        raise DocumentError('no member "containerImage"')
    return component if component.name else Component(UNNAMED, component.container_image, component.source)


def _is_blank(line: bytes) -> bool:
    text = line.removeprefix(BOM_UTF8).strip()
    return not text or text.startswith(b"#")
