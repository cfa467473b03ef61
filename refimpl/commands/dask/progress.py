"""How far a run on a cluster is, on a terminal: one line, drawn again and again."""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Progress", "progress_on_terminal"]

_EVERY = 0.5  # seconds
_CLEAR = "\r\x1b[2K"


class Progress:
    """The line.

    Attributes:
        judged: how many images are.
    """

    def __init__(self, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Draw on a stream; on none without one."""
        self.judged = 0
        self._stream = stream
        self._clock = clock
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
        if self._stream is None or now - self._shown < _EVERY:
            return
        self._shown = now
        rate = self.judged / max(now - self._began, 0.001)
        text = f"{self.judged:,} images, {rate:.0f}/s; {on_the_way} batches at {workers} workers; "
        text += _who_waits(waiting, on_the_way, workers, read=read)
        self._draw(_CLEAR + text[: shutil.get_terminal_size().columns - 1])

    def say(self, text: str) -> None:
        """A line that stays."""
        self._draw(f"{_CLEAR}{text}\n")

    def end(self) -> None:
        """Take the line away."""
        self._draw(_CLEAR)

    def _draw(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # the terminal is gone
            self._stream = None


@contextmanager
def progress_on_terminal(scheduler: str, dashboard: str) -> Iterator[Progress]:
    """The line on standard error, if that is a terminal; first a line that names the cluster."""
    progress = Progress(sys.stderr if sys.stderr.isatty() else None)
    progress.say(f"scheduler {scheduler}" + (f", dashboard {dashboard}" if dashboard else ""))
    try:
        yield progress
    finally:
        progress.end()


def _who_waits(waiting: int, on_the_way: int, workers: int, *, read: bool) -> str:
    if not workers:
        return f"{waiting} images wait for a worker"
    if waiting:
        return f"{waiting} images wait for workers"
    if not read:
        return "workers wait for the list" if on_the_way < workers else "all that was read is at workers"
    return "the last ones"
