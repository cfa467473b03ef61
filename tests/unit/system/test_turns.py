"""Whose turn it is, counted rather than timed: the tests say themselves what is done, and when."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.deadline import Deadline
from refimpl.system.turns import Turns
from refimpl.system.workers import run_each

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator


def _of(thing: str) -> str:
    return thing[0]


def test_things_of_one_group_come_in_their_order() -> None:
    assert list(Turns(["a1", "a2", "a3"], _of)) == ["a1", "a2", "a3"]
    assert list(Turns([], _of)) == []


def test_a_group_whose_things_are_never_done_leaves_half_of_the_places_to_the_other() -> None:
    things = [f"s{number}" for number in range(50)] + [f"q{number}" for number in range(50)]
    turns = Turns(things, _of)
    handed = iter(turns)
    places = [next(handed) for _ in range(4)]
    assert sorted(places) == ["q0", "q1", "s0", "s1"]
    quick = [number for number, thing in enumerate(places) if thing.startswith("q")]
    for following in range(4, 52):  # only those of q are ever done
        turns.end(quick.pop(0))
        quick.append(following)
        assert next(handed) == f"q{following - 2}"
    turns.end(quick.pop(0))
    assert next(handed) == "s2"  # nobody else waits


def test_a_group_gets_its_turn_however_many_the_others_are() -> None:
    turns = Turns([*(f"a{number}" for number in range(20)), "b0", "c0"], _of)
    assert list(itertools.islice(turns, 4)) == ["a0", "b0", "c0", "a1"]


def test_what_comes_too_late_to_be_known_waits_for_a_place() -> None:
    turns = Turns(["a0", "a1", "a2", "b0"], _of, ahead=2)
    assert list(turns) == ["a0", "a1", "b0", "a2"]


def test_with_one_thing_known_at_a_time_they_come_in_their_order() -> None:
    taken = []

    def things() -> Iterator[str]:
        for thing in ("a0", "a1", "b0", "a2"):
            taken.append(thing)
            yield thing

    handed = iter(Turns(things(), _of, ahead=1))
    assert next(handed) == "a0"
    assert taken == ["a0"]
    assert list(handed) == ["a1", "b0", "a2"]


@pytest.mark.parametrize(("ahead", "window"), [(1000, 10), (1, 10), (5, 5)])
def test_no_more_than_a_window_is_taken_while_the_first_is_not_done(ahead: int, window: int) -> None:
    taken = itertools.count()
    turns = Turns((f"{number % 3}" for number in iter(lambda: next(taken), 100)), _of, ahead=ahead, window=window)
    handed = iter(turns)
    assert [next(handed) for _ in range(window)]
    for number in range(1, window):
        turns.end(number)
        turns.settle(number)
    first: list[str] = []
    waiting = threading.Thread(target=lambda: first.append(next(handed)), daemon=True)
    waiting.start()
    waiting.join(0.05)  # nothing can be waited for: it is what mustn't happen
    assert waiting.is_alive()
    assert next(taken) == window
    turns.end(0)
    turns.settle(0)
    waiting.join(60)
    assert first


@given(
    things=st.lists(st.tuples(st.sampled_from("abc"), st.integers()), max_size=40),
    ahead=st.integers(1, 50),
    chance=st.randoms(use_true_random=False),
)
def test_each_is_handed_out_once_and_known_by_its_number(
    things: list[tuple[str, int]], ahead: int, chance: random.Random
) -> None:
    turns = Turns(things, lambda one: one[0], ahead=ahead)
    at_work: list[tuple[int, tuple[str, int]]] = []
    done: dict[int, tuple[str, int]] = {}

    def finish_one() -> None:
        handed, thing = at_work.pop(chance.randrange(len(at_work)))
        turns.end(handed)
        number, known = turns.settle(handed)
        assert known is thing
        assert number not in done
        done[number] = thing

    for one in enumerate(turns):
        at_work.append(one)
        while at_work and chance.randrange(2):
            finish_one()
    while at_work:
        finish_one()
    assert [done[number] for number in range(len(things))] == things


@pytest.mark.parametrize("window", [1, 2, 7])
def test_a_window_lets_all_through_whoever_works_on_them(window: int) -> None:
    turns = Turns(range(200), lambda number: str(number % 3), window=window)
    first, leads = 0, []
    done: set[int] = set()
    told = run_each(lambda number: number, turns, threads=4, name="x", deadline=Deadline(60), ended=turns.end)
    for handed, outcome in told:
        number, thing = turns.settle(handed)
        assert number == thing == outcome
        done.add(number)
        leads.append(number - first)
        while first in done:
            first += 1
    assert first == len(done) == 200
    assert max(leads) < window
