"""Standard input, output and error: whether they are open, and what is written to them."""

from __future__ import annotations

import io
import os
import sys

from refimpl.errors import OutputError
from refimpl.golang.oserrors import describe
from refimpl.golang.utf8 import SURROGATES

TYPE_CHECKING = False  # not imported from typing: `version` takes no longer than the interpreter's start
if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer


def open_all() -> None:
    """Have all three, with the encoding and the line ends of the contract.

    What was closed can't be written, and gives nothing to read; but no file that is opened later takes its place.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest number that is free: this one
    sys.stdout = _text(sys.stdout, 1)
    sys.stderr = _text(sys.stderr, 2)


def print_text(text: str) -> None:
    """Write to standard output, all of it.

    Raises:
        OutputError: not possible.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise OutputError(describe("write", "/dev/stdout", error)) from None


def print_error(text: str) -> None:
    """Write to standard error if that is possible: where not, there is nobody to tell."""
    from refimpl.system.terminal import without_commands  # nothing is wrong, mostly

    try:
        sys.stderr.write(without_commands(text))
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


class _Patient(io.FileIO):
    """Waits where there is no room for now: whoever shares the pipe may want it to fail then."""

    def write(self, data: Buffer) -> int:
        """Write a part, at least one byte."""
        import select

        while (written := super().write(data)) is None:
            select.select([], [self], [])
        return written


def _text(stream: object, descriptor: int) -> io.TextIOWrapper:
    if not isinstance(stream, io.TextIOWrapper):  # None: it was closed
        stream = os.fdopen(descriptor, "w", closefd=False)
    elif sys.platform != "win32" and not os.get_blocking(descriptor):
        stream = io.TextIOWrapper(io.BufferedWriter(_Patient(descriptor, "w", closefd=False)))
    stream.reconfigure(encoding="utf-8", errors=SURROGATES, newline="\n")
    return stream
