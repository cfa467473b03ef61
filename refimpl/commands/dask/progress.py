"""How far a run on a cluster is, on a terminal: one line, drawn again and again."""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_EVERY = 0.5  # seconds
_CLEAR = "\r\x1b[2K"
_COLUMNS = 80  # of a terminal that doesn't say


class Progress:
    """The line.

    Attributes:
        judged: how many images are.
    """

    def __init__(
        self,
        stream: TextIO | None,
        clock: Callable[[], float] = time.monotonic,
        *,
        draws: bool = True,
        columns: Callable[[], int] = lambda: _COLUMNS,
    ) -> None:
        """Write to a stream; nothing without one.

        Args:
            stream: a terminal.
            clock: seconds.
            draws: whether lines can be taken away there; if not, there are only those that stay.
            columns: of the terminal, which may change.
        """
        self.judged = 0
        self._stream = stream
        self._clock = clock
        self._clear = _CLEAR if draws else ""
        self._columns = columns
        self._began = clock()
        self._shown = self._began - _EVERY

    def show(self, *, waiting: int, on_the_way: int, workers: int, read: bool) -> None:
        """Draw it, unless that was done just now.

        Args:
            waiting: images that were read, and not sent yet.
            on_the_way: batches that were sent.
            workers: who judge them.
            read: whether all of the list was.
        """
        now = self._clock()
        if self._stream is None or not self._clear or now - self._shown < _EVERY:
            return
        self._shown = now
        rate = self.judged / max(now - self._began, 0.001)
        judged, who = _count(self.judged, "image"), _who_waits(waiting, on_the_way, workers, read=read)
        at_work = f"{_count(on_the_way, 'batch', 'batches')} at {_count(workers, 'worker')}"
        texts = (f"{judged}, {rate:.0f}/s; {at_work}; {who}", f"{judged}, {rate:.0f}/s; {who}", f"{judged}; {who}")
        room = self._columns() - 1
        self._write(self._clear + next((text for text in texts if len(text) <= room), texts[-1][:room]))

    def say(self, text: str) -> None:
        """A line that stays."""
        self._write(f"{self._clear}{text}\n")

    def clear(self) -> None:
        """Take the line away, until it is drawn again."""
        self._write(self._clear)

    def _write(self, text: str) -> None:
        if self._stream is None or not text:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # the terminal is gone
            self._stream = None


@contextmanager
def progress_on_terminal(
    scheduler: str, dashboard: str, environ: Mapping[str, str], *, lines_on_stdout: bool
) -> Iterator[Progress]:
    """The line on standard error, if that is a terminal; first a line that names the cluster.

    Args:
        scheduler: its address.
        dashboard: its address; empty if there is none.
        environ: of the process.
        lines_on_stdout: whether results go to standard output; on a terminal these show how far it is.
    """
    terminal = sys.stderr if sys.stderr.isatty() else None
    draws = environ.get("TERM") != "dumb" and not (lines_on_stdout and sys.stdout.isatty())
    progress = Progress(terminal, draws=draws, columns=_columns)
    progress.say(f"scheduler {scheduler}" + (f", dashboard {dashboard}" if dashboard else ""))

    def make_room(_: logging.LogRecord) -> bool:
        progress.clear()
        return True

    logger = logging.getLogger("refimpl")
    handlers = logger.handlers[:]
    for handler in handlers:
        handler.addFilter(make_room)
    try:
        yield progress
    finally:
        for handler in handlers:
            handler.removeFilter(make_room)
        progress.clear()


def _columns() -> int:
    """Of the terminal behind standard error; standard output may be a file."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
    except (OSError, ValueError):
        return _COLUMNS


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _who_waits(waiting: int, on_the_way: int, workers: int, *, read: bool) -> str:
    if waiting:
        return f"{waiting:,} wait for {'workers' if workers else 'a worker'}"
    if not read:
        return "workers wait for the list" if on_the_way < workers else "all that was read is at workers"
    return "the last ones" if workers else "waiting for a worker"
