"""Paces of registries, by a clock that only the tests move."""

from __future__ import annotations

import os
import sys

import pytest

from refimpl.oci.budget import Budget, Pace


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


def _sent(budget: Budget, clock: _Clock, seconds: float, registry: str = "one") -> int:
    """How many requests one after the other come to be sent in so many seconds."""
    end, count = clock.now + seconds, 0
    while clock.now + (pause := budget.turn(registry)) < end:
        clock.now += pause
        count += 1
    clock.now = end
    return count


def test_so_many_requests_a_second(clock: _Clock) -> None:
    assert _sent(Budget(Pace(requests=10), clock), clock, 5) == 50


def test_each_registry_has_its_own_pace(clock: _Clock) -> None:
    budget = Budget(Pace(requests=1), clock)
    assert [budget.turn("one"), budget.turn("one"), budget.turn("other")] == [0, 1, 0]


def test_so_many_bytes_a_second(clock: _Clock) -> None:
    budget = Budget(Pace(bytes=1000), clock)
    assert budget.turn("one") == 0
    budget.note_received("one", 500)
    budget.note_received("one", 1500)
    assert budget.turn("one") == pytest.approx(2)
    assert budget.turn("other") == 0


def test_a_registry_that_had_too_many_is_left_alone_and_then_asked_half_as_fast(clock: _Clock) -> None:
    budget = Budget(Pace(requests=100), clock)
    budget.note_refused("one", 0.5)
    assert _sent(budget, clock, 0.5) == 0
    assert _sent(budget, clock, 0.4) in range(18, 22)
    assert budget.turn("other") == 0


def test_it_is_never_asked_less_than_a_sixteenth_as_fast(clock: _Clock) -> None:
    budget = Budget(Pace(requests=160), clock)
    for _ in range(20):
        budget.note_refused("one", 0)
    assert _sent(budget, clock, 0.9) in range(8, 11)


def test_quiet_lets_the_pace_grow_to_what_was_given_and_no_further(clock: _Clock) -> None:
    budget = Budget(Pace(requests=100), clock)
    budget.note_refused("one", 0)
    counts = [_sent(budget, clock, 1) for _ in range(8)]
    assert counts == sorted(counts)
    assert counts[0] in range(49, 60)
    assert counts[-1] in range(98, 102)


def test_without_a_pace_there_is_only_what_a_registry_asks_for(clock: _Clock) -> None:
    budget = Budget(Pace(), clock)
    assert [budget.turn("one") for _ in range(3)] == [0, 0, 0]
    budget.note_refused("one", 2)
    assert budget.turn("one") == 2


def test_registries_without_number_share_what_is_left(clock: _Clock) -> None:
    budget = Budget(Pace(requests=1), clock)
    assert [budget.turn(f"registry-{number}") for number in range(256)] == [0] * 256
    assert budget.turn("one more") > 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no copies of processes")
def test_all_processes_keep_to_one_pace(clock: _Clock) -> None:
    budget = Budget(Pace(requests=1), clock)
    if not (child := os.fork()):
        os._exit(round(budget.turn("one") + 10))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 10
    assert budget.turn("one") == 1
