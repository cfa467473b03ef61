"""Other programs that are asked for something: their answer, in a time and of a size that are bounded."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, cast

from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from io import BufferedReader

__all__ = ["Answer", "ProgramError", "ask"]

_PIECE = 1 << 16


class ProgramError(Exception):
    """The program isn't there, can't be started, or gives no answer; the text says which."""


@record
class Answer:
    """What a program wrote to its standard output, and its exit status."""

    output: bytes
    status: int


def ask(
    command: Sequence[str], *, question: bytes = b"", environ: Mapping[str, str], seconds: float, limit: int
) -> Answer:
    """Run a program to the end of its answer; what it says on standard error is passed over.

    Args:
        command: the program and its arguments; without a ``/`` it is looked for in ``PATH`` of `environ`.
        question: for its standard input.
        environ: its whole environment.
        seconds: after which it is ended.
        limit: bytes of output after which it is ended.

    Raises:
        FileNotFoundError: there is no such program.
        ProgramError: it can't be started, or is ended before its answer is complete.
    """
    # With a terminal it may ask the user, whom only the group in the foreground can read from.
    alone = not (sys.stdin is not None and sys.stdin.isatty())
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=alone,
        )
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ProgramError(getattr(error, "strerror", None) or str(error)) from error
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


def _converse(process: subprocess.Popen[bytes], question: bytes, limit: int, parts: list[bytes]) -> None:
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("BufferedReader", process.stdout)
    with contextlib.suppress(OSError), stdin:  # it needn't read the question
        stdin.write(question)
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
