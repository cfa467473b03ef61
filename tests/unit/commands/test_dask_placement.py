"""Which worker an image goes to whose layers are known."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from refimpl.commands.dask import placement
from refimpl.commands.dask.placement import Placement

_TWO = ("one", "two")
_FOUR = (*_TWO, "three", "four")
_MANY = tuple(f"worker-{number}" for number in range(20))


def _own(number: int, size: int = 1) -> tuple[str, int]:
    return f"sha256:own-{number}", size


def _bases(count: int, of: int, workers: tuple[str, ...], *, judged_at_once: bool = False) -> dict[str, Counter[str]]:
    """Which worker gets how many of the images on each base layer, each image of a repository of its own."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    where = Placement()
    for number in range(count):
        base = f"sha256:base-{number % of}"
        home = where.place(f"host/repository-{number}", ((base, 100), _own(number)), workers)
        found[base][home] += 1
        if judged_at_once:
            where.finish(home, 1)
    return found


@pytest.mark.parametrize("count", [4, 16, 100, 300])
def test_images_of_many_repositories_on_two_layers_meet_a_worker_each(count: int) -> None:
    homes = _bases(count, 2, _TWO)
    assert [len(one) for one in homes.values()] == [1, 1]
    assert {*homes["sha256:base-0"]} != {*homes["sha256:base-1"]}


def test_many_base_layers_are_spread_over_the_workers() -> None:
    homes = _bases(400, 40, _FOUR)
    assert [len(one) for one in homes.values()] == [1] * 40
    shares = [sum(one[worker] for one in homes.values()) for worker in _FOUR]
    assert max(shares) <= 1.25 * min(shares)


def test_a_layer_that_all_images_have_gets_to_more_workers_rather_than_to_keep_them_idle() -> None:
    (homes,) = _bases(8000, 1, _MANY).values()
    assert len(homes) == len(_MANY)
    assert max(homes.values()) - min(homes.values()) <= placement._SLACK
    assert len(_bases(150, 1, _MANY)["sha256:base-0"]) == 1


def test_while_a_worker_keeps_up_it_alone_has_a_layer() -> None:
    (homes,) = _bases(8000, 1, _MANY, judged_at_once=True).values()
    assert len(homes) == 1


def test_the_most_bytes_decide_and_not_the_number_of_layers() -> None:
    where = Placement()
    small = tuple((f"sha256:small-{number}", 1) for number in range(5))
    first = where.place("host/a", small, _TWO)
    second = where.place("host/b", (("sha256:large", 1000),), _TWO)
    assert first != second
    assert where.place("host/c", (*small, ("sha256:large", 1000)), _TWO) == second


def test_a_layer_that_is_a_small_part_of_images_keeps_none_of_them_together() -> None:
    where = Placement()
    empty = ("sha256:empty", 32)
    homes = Counter(where.place(f"host/{number}", (empty, _own(number, 1000)), _FOUR) for number in range(100))
    assert len(homes) == len(_FOUR)
    assert max(homes.values()) <= 32


def test_images_of_a_repository_go_to_one_worker_if_nothing_else_tells_where_to() -> None:
    where = Placement()
    homes = {(f"host/{number % 10}", where.place(f"host/{number % 10}", (), _FOUR)) for number in range(100)}
    assert len(homes) == 10


def test_an_image_shares_layers_with_others_of_its_repository_first() -> None:
    where = Placement()
    base = ("sha256:base", 100)
    first = where.place("host/a", (base, _own(1, 900)), _TWO)
    other = next(one for one in _TWO if one != first)
    where.place("host/b", (base, _own(2, 900)), (other,))
    assert where.place("host/a", (base, _own(1, 900)), _TWO) == first
    assert where.place("host/b", (base, _own(2, 900)), _TWO) == other


def test_a_worker_that_is_gone_gets_nothing_and_its_layers_another_home() -> None:
    where = Placement()
    layers = (("sha256:base", 100),)
    gone = where.place("host/a", layers, _TWO)
    left = tuple(one for one in _TWO if one != gone)
    assert where.place("host/a", layers, left) == left[0]


def test_of_any_number_of_images_a_fixed_number_of_layers_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "REMEMBERED", 100)
    where = Placement()
    base = ("sha256:base", 100)
    homes = set()
    for number in range(1000):
        home = where.place(f"host/{number}", (base, _own(number)), _TWO)
        where.finish(home, 1)
        homes.add(home)
    assert len(where._holders) == 100
    assert len(homes) == 1
