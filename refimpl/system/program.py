"""Other programs that are asked for something: their answer, in a time and of a size that are bounded."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, cast

from refimpl.record import record
from refimpl.system import leftovers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from io import BufferedReader

_PIECE = 1 << 16


class ProgramError(Exception):
    """The program isn't there, can't be started, or gives no answer; the text says which."""


@record
class Answer:
    """What a program wrote to its standard output, and its exit status; that is negative where a signal ended it."""

    output: bytes
    status: int

    @property
    def end(self) -> str:
        """How it ended, in Go's words: ``exit status 3`` or ``signal: killed``."""
        if self.status >= 0:
            return f"exit status {self.status}"
        return f"signal: {(signal.strsignal(-self.status) or str(-self.status)).lower()}"


def ask(
    command: Sequence[str], *, question: bytes | None, environ: Mapping[str, str], seconds: float, limit: int
) -> Answer:
    """Run a program to the end of its answer; what it says on standard error is passed over.

    Args:
        command: the program and its arguments; without a ``/`` it is looked for in ``PATH`` of `environ`.
        question: for its standard input; None lets it ask the user there.
        environ: its whole environment.
        seconds: after which it is ended.
        limit: bytes of output after which it is ended.

    Raises:
        FileNotFoundError: there is no such program.
        ProgramError: it can't be started, or is ended before its answer is complete.
    """
    alone = not has_terminal()  # only the group in the foreground can ask the user something
    try:
        process = subprocess.Popen(
            command,
            stdin=None if question is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=alone,
        )
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ProgramError(getattr(error, "strerror", None) or str(error)) from error
    if alone:
        leftovers.add_group(process.pid)
    parts: list[bytes] = []
    # A thread, since what it started may keep the pipe open after its own end.
    reader = threading.Thread(target=_converse, args=(process, question, limit, parts), daemon=True)
    reader.start()
    try:
        reader.join(seconds)
        if reader.is_alive():
            raise ProgramError(f"no answer within {seconds:.0f} s")
        output = b"".join(parts)
        if len(output) > limit:
            raise ProgramError(f"its answer is longer than {limit} bytes")
        return Answer(output, process.wait(seconds))
    except subprocess.TimeoutExpired:
        raise ProgramError(f"no end within {seconds:.0f} s") from None
    finally:
        _end(process, alone=alone)


def has_terminal() -> bool:
    """Whether there is a user who can be asked on standard input."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def _converse(process: subprocess.Popen[bytes], question: bytes | None, limit: int, parts: list[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError), process.stdin:  # it needn't read the question
            process.stdin.write(question or b"")
    stdout = cast("BufferedReader", process.stdout)
    room = limit
    with stdout:
        while room >= 0 and (piece := stdout.read1(_PIECE)):
            room -= len(piece)
            parts.append(piece)


def _end(process: subprocess.Popen[bytes], *, alone: bool) -> None:
    """End the program if it still runs, and where it has a group of its own what it started too."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if alone and hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    if alone:
        leftovers.drop_group(process.pid)
