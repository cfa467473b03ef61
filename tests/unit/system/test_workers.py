"""Several things at the same time: in order, and nobody waits for what doesn't count any more."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import pytest

from refimpl.deadline import Deadline
from refimpl.errors import ComponentError, TimeoutExceededError
from refimpl.system.workers import map_all, run_all, run_each

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("threads", [1, 2, 100])
def test_answers_come_in_the_order_of_the_things(threads: int) -> None:
    assert map_all(lambda number: number * 2, range(50), threads=threads, name="x") == [2 * n for n in range(50)]
    assert map_all(lambda number: number, [], threads=threads, name="x") == []


def test_an_error_ends_the_wait_for_those_that_never_end() -> None:
    never, begun = threading.Event(), threading.Event()

    def work(thing: str) -> None:
        if thing == "never":
            begun.set()
            never.wait(60)
        begun.wait(60)
        raise KeyError(thing)

    try:
        with pytest.raises(KeyError, match="bad"):
            map_all(work, ["never", "bad"], threads=2, name="x")
        with pytest.raises(KeyError, match="bad"):
            run_all(work, ["never", "bad"], threads=2, name="x", deadline=Deadline(None))
        assert not never.is_set()
    finally:
        never.set()


def test_an_interrupt_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for waiting in ("wait", "_next"):
        monkeypatch.setattr(f"refimpl.system.workers.{waiting}", interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            map_all(lambda _: never.wait(60), ["a", "b"], threads=2, name="x")
        with pytest.raises(KeyboardInterrupt):
            run_all(lambda _: never.wait(60), ["a", "b"], threads=2, name="x", deadline=Deadline(None))
    finally:
        never.set()


def test_components_that_cant_be_judged_are_all_named() -> None:
    def work(thing: str) -> str:
        if thing.startswith("bad"):
            raise ComponentError(f"{thing} is bad")
        return thing

    with pytest.raises(ComponentError) as told:
        run_all(work, ["bad 1", "fine", "bad 2"], threads=2, name="x", deadline=Deadline(None))
    assert str(told.value) == "bad 1 is bad\nbad 2 is bad"


def test_time_that_is_over_ends_the_wait() -> None:
    never = threading.Event()
    try:
        with pytest.raises(TimeoutExceededError):
            run_all(lambda _: never.wait(60), ["a"], threads=1, name="x", deadline=Deadline(0.05))
    finally:
        never.set()


def test_each_is_told_as_soon_as_it_is_done() -> None:
    first = threading.Event()

    def work(thing: str) -> str:
        if thing == "slow":
            first.wait(60)
        return thing

    told = run_each(work, ["slow", "quick"], threads=2, name="x", deadline=Deadline(None))
    assert next(told) == (1, "quick")
    first.set()
    assert list(told) == [(0, "slow")]


def test_things_are_taken_only_when_there_is_room_for_them() -> None:
    taken = []

    def endless() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            yield number

    told = run_each(lambda number: number, endless(), threads=3, name="x", deadline=Deadline(None))
    for _ in range(100):
        next(told)
    told.close()
    assert len(taken) <= 100 + 2 * 3


def test_things_that_are_long_in_coming_hold_up_none_that_is_done() -> None:
    more = threading.Event()

    def slow() -> Iterator[str]:
        yield "first"
        more.wait(60)
        yield "second"

    told = run_each(lambda thing: thing, slow(), threads=2, name="x", deadline=Deadline(None))
    assert next(told) == (0, "first")
    more.set()
    assert list(told) == [(1, "second")]


def test_things_that_can_not_be_read_end_the_work() -> None:
    def broken() -> Iterator[str]:
        yield "first"
        raise KeyError("unreadable")

    with pytest.raises(KeyError, match="unreadable"):
        list(run_each(lambda thing: thing, broken(), threads=2, name="x", deadline=Deadline(None)))


def test_nothing_is_begun_any_more_when_nobody_takes_the_results() -> None:
    begun: list[int] = []
    told = run_each(begun.append, range(1000), threads=2, name="x", deadline=Deadline(None))
    next(told)
    told.close()
    for thread in threading.enumerate():
        if thread.name.startswith("x_"):
            thread.join(60)
    assert len(begun) < 10
