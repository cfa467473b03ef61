"""Several things at the same time: in order, and nobody waits for what doesn't count any more."""

from __future__ import annotations

import threading

import pytest

from refimpl.deadline import Deadline
from refimpl.errors import ComponentError, TimeoutExceededError
from refimpl.system.workers import map_all, run_all


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

    for waiting in ("wait", "_await"):
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
