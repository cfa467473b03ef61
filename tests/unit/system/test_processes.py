"""Processes that work on things: all outcomes, the first failure, and an end that leaves none of them."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from refimpl.deadline import Deadline
from refimpl.errors import Error, InternalError, PolicyError, TimeoutExceededError
from refimpl.system.processes import work_in_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no copies of processes")

_PATIENT = Deadline(365 * 86400)  # longer than systems can be asked to wait


def _double(number: int, things: Iterator[int]) -> Iterator[tuple[int, tuple[int, int]]]:
    for place, thing in enumerate(things):
        yield place, (number, 2 * thing)


def test_each_outcome_has_the_number_of_its_thing() -> None:
    done = dict(work_in_processes(_double, range(100), room=[1, 2, 1], deadline=_PATIENT))
    assert {number: outcome for number, (_, outcome) in done.items()} == {n: 2 * n for n in range(100)}
    assert {process for process, _ in done.values()} == {0, 1, 2}


def test_things_are_taken_when_there_is_room_for_them() -> None:
    taken = []

    def things() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    outcomes = work_in_processes(_double, things(), room=[2, 2], deadline=_PATIENT)
    next(outcomes)
    time.sleep(0.05)  # nothing can be waited for: it is what mustn't happen
    assert len(taken) <= 4 + 2  # one more for the outcome that was given away, one in the hand of who hands them out
    outcomes.close()


def test_nothing_at_all() -> None:
    assert list(work_in_processes(_double, [], room=[1, 1], deadline=_PATIENT)) == []


def test_what_one_of_them_runs_into_is_raised() -> None:
    def fail(_: int, things: Iterator[int]) -> Iterator[tuple[int, int]]:
        for place, thing in enumerate(things):
            if thing == 7:
                raise PolicyError("no rules")
            yield place, thing

    with pytest.raises(PolicyError, match=r"^no rules$"):
        list(work_in_processes(fail, range(10), room=[1, 1], deadline=_PATIENT))


def test_a_fault_of_ours_is_told_as_one() -> None:
    def fail(_: int, things: Iterator[int]) -> Iterator[tuple[int, int]]:
        yield next(things), 1 // 0

    with pytest.raises(InternalError, match="ZeroDivisionError"):
        list(work_in_processes(fail, range(10), room=[1, 1], deadline=_PATIENT))


def test_what_the_things_themselves_raise_is_raised() -> None:
    def things() -> Iterator[int]:
        yield 1
        raise Error("line 2 can't be read")

    with pytest.raises(Error, match=r"^line 2 can't be read$"):
        list(work_in_processes(_double, things(), room=[1, 1], deadline=_PATIENT))


def test_one_that_is_killed_ends_the_work() -> None:
    def die(number: int, things: Iterator[int]) -> Iterator[tuple[int, int]]:
        for place, thing in enumerate(things):
            if number == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            yield place, thing

    with pytest.raises(Error, match=r"was ended by SIGKILL, so there is no report; .* for 2 of them"):
        list(work_in_processes(die, range(10), room=[1, 1], deadline=_PATIENT))


def test_none_is_left_whatever_they_do() -> None:
    def sleep(_: int, things: Iterator[int]) -> Iterator[tuple[int, int]]:
        next(things)
        yield 0, os.getpid()
        time.sleep(3600)

    now = 0.0
    outcomes = work_in_processes(sleep, range(10), room=[1, 1], deadline=Deadline(0.5, clock=lambda: now))
    pids = [next(outcomes)[1], next(outcomes)[1]]
    now = 1.0
    with pytest.raises(TimeoutExceededError):
        next(outcomes)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_if_the_system_lets_fewer_be_made_those_do_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    fork = os.fork
    made: list[bool] = []

    def once() -> int:
        if made:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        made.append(True)
        return fork()

    monkeypatch.setattr(os, "fork", once)
    done = dict(work_in_processes(_double, range(9), room=[1, 1, 1], deadline=_PATIENT))
    assert {number: outcome for number, (_, outcome) in done.items()} == {n: 2 * n for n in range(9)}
    assert {process for process, _ in done.values()} == {0}


def test_if_none_can_be_made_that_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", never)
    with pytest.raises(Error, match=r"^unable to start 2 processes: .*; use --processes 1$"):
        list(work_in_processes(_double, range(9), room=[1, 1], deadline=_PATIENT))


def test_a_process_that_ends_before_it_has_told_all_is_named_by_its_status() -> None:
    def leave(_: int, things: Iterator[int]) -> Iterator[tuple[int, int]]:
        for place, thing in enumerate(things):
            if thing == 3:
                os._exit(7)
            yield place, thing

    with pytest.raises(InternalError, match="one of the processes that judge images ended with status 7"):
        list(work_in_processes(leave, range(10), room=[1, 1], deadline=_PATIENT))
