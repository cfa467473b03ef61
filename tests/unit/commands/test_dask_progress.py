"""The line on a terminal."""

from __future__ import annotations

import io
import logging
import os
import pty
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from refimpl.commands.dask.progress import Progress, progress_on_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_CLEAR = "\r\x1b[2K"


@pytest.mark.parametrize(
    ("waiting", "on_the_way", "workers", "read", "words"),
    [
        (400, 4, 2, False, "4 batches at 2 workers; 400 wait for workers"),
        (0, 1, 2, False, "1 batch at 2 workers; workers wait for the list"),
        (0, 4, 2, False, "4 batches at 2 workers; all that was read is at workers"),
        (0, 1, 1, True, "1 batch at 1 worker; the last ones"),
        (1234, 2, 0, False, "2 batches at 0 workers; 1,234 wait for a worker"),
        (0, 1, 0, True, "1 batch at 0 workers; waiting for a worker"),
    ],
)
def test_who_waits_for_whom(waiting: int, on_the_way: int, workers: int, words: str, *, read: bool) -> None:
    stream = io.StringIO()
    times = iter([0.0, 2.0])
    progress = Progress(stream, lambda: next(times), columns=lambda: 100)
    progress.judged = 1000
    progress.show(waiting=waiting, on_the_way=on_the_way, workers=workers, read=read)
    assert stream.getvalue() == f"{_CLEAR}1,000 images, 500/s; {words}"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (62, "1 image, 0/s; 4 batches at 2 workers; 4,321 wait for workers"),
        (60, "1 image, 0/s; 4,321 wait for workers"),
        (37, "1 image, 0/s; 4,321 wait for workers"),
        (36, "1 image; 4,321 wait for workers"),
        (20, "1 image; 4,321 wait"),
    ],
)
def test_a_narrow_terminal_gets_who_waits_first(columns: int, words: str) -> None:
    stream = io.StringIO()
    times = iter([0.0, 10.0])
    progress = Progress(stream, lambda: next(times), columns=lambda: columns)
    progress.judged = 1
    progress.show(waiting=4321, on_the_way=4, workers=2, read=False)
    assert stream.getvalue() == _CLEAR + words


def test_it_is_drawn_twice_a_second_at_most() -> None:
    stream = io.StringIO()
    times = iter([0.0, 1.0, 1.2, 1.6])
    progress = Progress(stream, lambda: next(times))
    for _ in range(3):
        progress.show(waiting=0, on_the_way=0, workers=1, read=True)
    assert stream.getvalue().count("\r") == 2


def test_nothing_is_drawn_without_a_terminal() -> None:
    Progress(None).show(waiting=0, on_the_way=0, workers=1, read=True)


class _Terminal:
    """One that standard error goes to, and standard output, too, if wanted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, stdout: bool, columns: int = 0) -> None:
        self._here, there = pty.openpty()
        if columns:
            import fcntl
            import termios

            fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._stream: TextIO = os.fdopen(there, "w")
        monkeypatch.setattr(sys, "stderr", self._stream)
        monkeypatch.setattr(sys, "stdout", self._stream if stdout else io.StringIO())

    def drawn(self) -> str:
        self._stream.close()
        text = b""
        try:
            while piece := os.read(self._here, 4096):
                text += piece
        except OSError:  # the other end is closed
            pass
        os.close(self._here)
        return text.decode().replace("\r\n", "\n")


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """Ours, with a line for each record on what is standard error."""
    logger = logging.getLogger("refimpl")
    handler = logging.StreamHandler()
    handler.emit = lambda record: sys.stderr.write(f"{record.getMessage()}\n")  # type: ignore[method-assign,assignment]
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)


def _run(log: logging.Logger, environ: dict[str, str], *, lines_on_stdout: bool = False) -> None:
    with progress_on_terminal("tls://a:1", "http://b:2", environ, lines_on_stdout=lines_on_stdout) as progress:
        progress.show(waiting=7654321, on_the_way=4, workers=2, read=False)
        log.warning("there are no workers")
    log.warning("later")


def test_a_terminal_shows_the_cluster_then_the_line_and_lines_of_the_log_beside_it(
    monkeypatch: pytest.MonkeyPatch, log: logging.Logger
) -> None:
    terminal = _Terminal(monkeypatch, stdout=False, columns=39)
    _run(log, {"TERM": "xterm"})
    assert terminal.drawn() == (
        f"{_CLEAR}scheduler tls://a:1, dashboard http://b:2\n"
        f"{_CLEAR}0 images; 7,654,321 wait for workers{_CLEAR}there are no workers\n{_CLEAR}later\n"
    )


@pytest.mark.parametrize(("environ", "stdout"), [({"TERM": "dumb"}, False), ({"TERM": "xterm"}, True)])
def test_where_nothing_can_be_taken_away_or_results_are_shown_the_cluster_is_named_and_no_more(
    monkeypatch: pytest.MonkeyPatch, log: logging.Logger, environ: dict[str, str], *, stdout: bool
) -> None:
    terminal = _Terminal(monkeypatch, stdout=stdout)
    _run(log, environ, lines_on_stdout=True)
    assert terminal.drawn() == "scheduler tls://a:1, dashboard http://b:2\nthere are no workers\nlater\n"
