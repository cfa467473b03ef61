"""Files of the format ``ndjson``: what is in them is found by its place, so that memory holds one entry at a time."""

from __future__ import annotations

import stat
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from refimpl.errors import InputError
from refimpl.golang import jsontext
from refimpl.golang.oserrors import describe
from refimpl.ndjson.lines import Found, LineError, Run, Summary, decode_found, read_position

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_LINE = 512 << 20
"""Bytes. The largest attestation, with the input document that it is in, has less."""


class Results:
    """What is in a file.

    Attributes:
        path: of the file.
        run: its first line.
        summary: its last line; None if the run that wrote it didn't come to its end.
        places: of each entry's lines: the offset of the first, by position. Of two with one position the later counts,
            and none of one that was removed.
        end: the offset behind the last entry that is whole.
    """

    def __init__(self, path: str, stream: BinaryIO) -> None:
        """Look through all of it; what was torn off is passed over: a line without its end, an entry without its rest.

        Raises:
            InputError: it isn't such a file.
        """
        self.path = path
        self.places: dict[int, int] = {}
        self.summary: Summary | None = None
        self._stream = stream
        self._number = 0
        self._turn = threading.Lock()
        try:
            self.run = Run.from_json(self._read_line())
            self.end = stream.tell()
            self._look_through()
        except OSError as error:
            raise InputError(describe("read", path, error)) from None
        except ValueError as error:
            raise InputError(f"{path}:{max(1, self._number)}: not a line of results: {error}") from None

    def find(self, position: int) -> Found:
        """What came of an entry that is there.

        Raises:
            InputError: its lines can't be read.
        """
        return self._decode(self.lines(position))

    def lines(self, position: int) -> list[Mapping[str, Any]]:
        """Its lines as data; several threads may ask."""
        try:
            with self._turn:
                self._stream.seek(self.places[position])
                return self._read_entry(self._read_line())
        except (OSError, ValueError) as error:
            raise InputError(f"read {self.path}: {error}") from None

    def _decode(self, lines: list[Mapping[str, Any]]) -> Found:
        try:
            return decode_found(lines)
        except LineError as error:
            raise InputError(f"{self.path}: not a line of results: {error}") from None

    def _look_through(self) -> None:
        while True:
            place = self._stream.tell()
            try:
                line = self._read_line()
                if not line:
                    return
                if self.summary is not None:
                    raise LineError("it comes after the end")
                if line.get("type") == "summary":
                    self.summary = Summary.from_json(line)
                    continue
                if line.get("type") == "removed":
                    self.places.pop(read_position(line), None)
                    self.end = self._stream.tell()
                    continue
                found = decode_found(self._read_entry(line))
            except _TornError:
                return
            self.places[found.position] = place
            self.end = self._stream.tell()

    def _read_entry(self, first: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        lines = [first]
        parts = first.get("parts", 1)
        while len(lines) != parts:
            line = self._read_line()
            if not line:
                raise _TornError
            if (line.get("position"), line.get("part")) != (first.get("position"), len(lines) + 1):
                raise LineError(f"part {len(lines) + 1} of {parts} is missing")
            lines.append(line)
        return lines

    def _read_line(self) -> Mapping[str, Any]:
        """The next line; empty at the end of the file."""
        text = self._stream.readline(LONGEST_LINE)
        if not text:
            return {}
        self._number += 1
        if not text.endswith(b"\n"):
            if len(text) == LONGEST_LINE:
                raise LineError(f"longer than {LONGEST_LINE} bytes")
            raise _TornError
        line = jsontext.loads(text)
        if not isinstance(line, dict) or not line:
            raise LineError("no object with members")
        return line


class _TornError(LineError):
    """The file ends here, though the entry doesn't."""

    def __init__(self) -> None:
        super().__init__("the file ends in it")


@contextmanager
def open_results(path: str) -> Iterator[Results]:
    """Open a file and look through it.

    Raises:
        InputError: there is none, or it isn't such a file.
    """
    with ExitStack() as stack:
        try:
            if stat.S_ISFIFO(Path(path).stat().st_mode):  # opening one waits for a writer
                raise InputError(f"read {path}: must be a file that can be read twice")
            stream = stack.enter_context(Path(path).open("rb"))
        except OSError as error:
            raise InputError(describe("open", path, error)) from None
        except ValueError:
            raise InputError(f"open {path}: invalid argument") from None
        if not stream.seekable():
            raise InputError(f"read {path}: must be a file that can be read twice")
        yield Results(path, stream)
