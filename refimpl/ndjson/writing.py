"""Where the format ``ndjson`` goes: ``--output ndjson[=path][?ordered=true&documents=true]`` (docs/outputs.md)."""

from __future__ import annotations

import os
import select
import stat
import sys
from typing import TYPE_CHECKING, BinaryIO, Self

from refimpl.errors import OutputError
from refimpl.golang.oserrors import describe
from refimpl.ndjson.lines import encode_found, encode_line, encode_removed
from refimpl.record import record
from refimpl.report.file import is_written_by
from refimpl.report.targets import parse_target, read_switches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refimpl.ndjson.lines import Found, Run, Summary

FORMAT = "ndjson"
_SWITCHES = ("ordered", "documents")


@record
class Destination:
    """One place where lines go.

    Attributes:
        path: empty for standard output.
        ordered: whether entries come in the order in which they were given, and not as they are done.
        documents: whether lines have what rules saw, and what attestations state.
    """

    path: str = ""
    ordered: bool = False
    documents: bool = False


def destinations(outputs: Sequence[str]) -> list[Destination]:
    """Of all values of ``--output`` those of this format.

    Raises:
        OutputError: an option of one can't be read.
    """
    targets = [target for target in map(parse_target, outputs) if target.format == FORMAT]
    return [Destination(target.path, **read_switches(target.query, _SWITCHES)) for target in targets]


class Writer:
    """Writes lines to a destination, each as soon as it can be, with nothing held back.

    Args:
        destination: where to.
        run: for the first line.
        kept_until: the end of what is in the file and stays there; 0 makes the file anew.
    """

    def __init__(self, destination: Destination, run: Run, *, kept_until: int = 0) -> None:
        self._destination = destination
        self._run = run
        self._kept = kept_until > 0
        self._waiting: dict[int, Found] = {}
        self._next = 0
        self._descriptor, self._owned = _open(destination.path, kept_until)
        if not self._kept:
            self._write(encode_line(run.to_json()))

    def add(self, number: int, found: Found) -> None:
        """Write what came of the entry with this number, from 0, in the order in which entries were given.

        Raises:
            OutputError: it can't be written.
        """
        if not self._destination.ordered:
            self._write_found(found)
            return
        self._waiting[number] = found
        while (following := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            self._write_found(following)

    def remove(self, position: int) -> None:
        """Say that an entry whose lines were kept isn't named any more."""
        if self._kept:
            self._write(encode_removed(position))

    def finish(self, summary: Summary) -> None:
        """Write the last line."""
        self._write(encode_line(summary.to_json()))

    def close(self) -> None:
        """Close what was opened."""
        if self._owned:
            self._owned = False
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_found(self, found: Found) -> None:
        if not (self._kept and found.is_kept):
            self._write(encode_found(found, self._run))

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except BlockingIOError:  # whoever shares the pipe wants it so
                    select.select([], [self._descriptor], [])
        except OSError as error:
            raise OutputError(describe("write", self._destination.path or "/dev/stdout", error)) from None


def _open(path: str, kept_until: int) -> tuple[int, bool]:
    """The descriptor, and whether it has to be closed."""
    for descriptor in (1, 2):
        if is_written_by(path, descriptor) if path else descriptor == 1:
            stream: BinaryIO = (sys.stdout if descriptor == 1 else sys.stderr).buffer
            stream.flush()
            return descriptor, False
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        if stat.S_ISREG(os.fstat(opened).st_mode):  # pipes and devices have no length
            os.ftruncate(opened, kept_until)
            os.lseek(opened, kept_until, os.SEEK_SET)
    except OSError as error:
        raise OutputError(describe("open", path, error)) from None
    except ValueError:
        raise OutputError(f"open {path}: invalid argument") from None
    return opened, True
