"""The line on a terminal."""

from __future__ import annotations

import io

import pytest

from refimpl.commands.dask.progress import Progress


@pytest.mark.parametrize(
    ("waiting", "on_the_way", "workers", "read", "words"),
    [
        (400, 4, 2, False, "400 images wait for workers"),
        (0, 1, 2, False, "workers wait for the list"),
        (0, 4, 2, False, "all that was read is at workers"),
        (0, 1, 2, True, "the last ones"),
        (10, 2, 0, False, "10 images wait for a worker"),
    ],
)
def test_who_waits_for_whom(waiting: int, on_the_way: int, workers: int, words: str, *, read: bool) -> None:
    stream = io.StringIO()
    times = iter([0.0, 2.0])
    progress = Progress(stream, lambda: next(times))
    progress.judged = 1000
    progress.show(waiting=waiting, on_the_way=on_the_way, workers=workers, read=read)
    assert stream.getvalue() == f"\r\x1b[2K1,000 images, 500/s; {on_the_way} batches at {workers} workers; {words}"[:84]


def test_it_is_drawn_twice_a_second_at_most() -> None:
    stream = io.StringIO()
    times = iter([0.0, 1.0, 1.2, 1.6])
    progress = Progress(stream, lambda: next(times))
    for _ in range(3):
        progress.show(waiting=0, on_the_way=0, workers=1, read=True)
    assert stream.getvalue().count("\r") == 2


def test_nothing_is_drawn_without_a_terminal() -> None:
    Progress(None).show(waiting=0, on_the_way=0, workers=1, read=True)
