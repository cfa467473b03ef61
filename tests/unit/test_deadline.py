from __future__ import annotations

import threading

import pytest

from refimpl.deadline import Deadline, duration_text
from refimpl.errors import TimeoutExceededError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (300, "5m0s"),
        (0.001, "1ms"),
        (0.0015, "1.5ms"),
        (1.5, "1.5s"),
        (3600, "1h0m0s"),
        (5400.5, "1h30m0.5s"),
        (90, "1m30s"),
        (0, "0s"),
        (1e-4, "100µs"),
        (1e-8, "10ns"),
        (-2, "-2s"),
    ],
)
def test_durations_as_go_spells_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_counts_down_and_then_refuses() -> None:
    clock = Clock()
    deadline = Deadline(10, clock)
    clock.now += 4
    assert deadline.remaining() == 6
    assert deadline.cap(100) == 6
    assert deadline.cap(1) == 1
    deadline.check()
    clock.now += 6
    assert deadline.expired
    text = (
        "exceeded allowed execution time of 10s, the timeout can be adjusted using the --timeout command line argument"
    )
    for act in (deadline.remaining, deadline.check, lambda: deadline.cap(1)):
        with pytest.raises(TimeoutExceededError) as caught:
            act()
        assert str(caught.value) == text


def test_without_a_limit() -> None:
    deadline = Deadline(None)
    assert deadline.remaining() is None
    assert not deadline.expired
    assert deadline.limit_text == ""
    assert deadline.cap(3) == 3


def test_waits_for_events() -> None:
    event = threading.Event()
    deadline = Deadline(60)
    assert deadline.wait(event, 0.001) is False
    event.set()
    assert deadline.wait(event) is True
    assert Deadline(None).wait(event) is True


def test_waiting_ends_with_the_time() -> None:
    with pytest.raises(TimeoutExceededError, match="time of 1ms"):
        Deadline(0.001).wait(threading.Event())
    with pytest.raises(TimeoutExceededError):
        Deadline(0.001).wait(threading.Event(), 5)
