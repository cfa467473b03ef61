"""Which images go to a worker together, and how many at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from refimpl.commands.dask.grouping import LARGEST, SMALLEST, Groups, Repositories, batch_size, home_of
from refimpl.commands.snapshot import Component

if TYPE_CHECKING:
    from refimpl.commands.dask.grouping import Item

_WORKERS = ("one", "two", "three", "four")


def _digest(number: int) -> str:
    return f"sha256:{number:064x}"


@pytest.mark.parametrize(
    ("count", "sent", "workers", "more", "size"),
    [
        (3, 0, 2, False, 1),
        (20, 0, 2, False, 5),
        (99, 0, 2, False, 25),
        (100, 0, 2, True, SMALLEST),
        (100, 0, 64, True, SMALLEST),
        (100, 1000, 2, True, 125),
        (100, 100_000, 2, True, LARGEST),
        (1000, 0, 2, False, 125),
        (1000, 0, 64, False, 8),
        (10_000, 0, 2, False, LARGEST),
        (0, 0, 2, False, 1),
    ],
)
def test_the_size_of_a_batch(count: int, sent: int, workers: int, size: int, *, more: bool) -> None:
    assert batch_size(count, sent=sent, workers=workers, more=more) == size


def _homes(images: list[str]) -> dict[str, set[str]]:
    """What goes to each worker."""
    repositories = Repositories()
    homes: dict[str, set[str]] = defaultdict(set)
    for image in images:
        homes[home_of(repositories.of(Component("name", image)), _WORKERS)].add(image)
    return homes


def test_images_of_a_repository_go_to_one_worker() -> None:
    images = [f"host/repository-{number % 40}:tag-{number}" for number in range(400)]
    homes = [{image.partition(":")[0] for image in found} for found in _homes(images).values()]
    assert len(homes) == len(_WORKERS)
    assert sum(map(len, homes)) == 40


def test_images_of_one_digest_go_to_one_worker_whatever_their_repositories_are() -> None:
    images = [f"host/repository-{number}@{_digest(number % 5)}" for number in range(400)]
    homes = [{image.partition("@")[2] for image in found} for found in _homes(images).values()]
    assert sum(map(len, homes)) == 5


def test_what_names_no_image_goes_somewhere() -> None:
    assert sum(map(len, _homes(["no image", "http://host/x"]).values())) == 2


def _item(number: int) -> Item:
    return number, Component("name", f"host/one:{number}"), b""


def test_a_full_batch_is_due_at_once_and_others_wait() -> None:
    groups = Groups(10_000)
    for number in range(5):
        groups.add(_item(number), "one")
        assert (groups.take(5, all_there_is=False) is None) == (number < 4)
    groups.add(_item(5), "one")
    assert groups.take(5, all_there_is=False) is None
    assert groups.take(5, all_there_is=True) is not None
    assert groups.count == 0


def test_nothing_waits_for_more_than_so_many_others() -> None:
    groups = Groups(100)
    groups.add(_item(0), "rare")
    taken = []
    for number in range(1, 301):
        groups.add(_item(number), "many")
        if (batch := groups.take(50, all_there_is=False)) is not None:
            taken += [(place, number) for place, *_ in batch[1]]
    assert dict(taken)[0] <= 101


def test_what_is_for_a_worker_that_is_busy_goes_last() -> None:
    groups = Groups(100)
    for number, home in enumerate(["busy", "other", "another"]):
        groups.add(_item(number), home)
    homes = []
    while (batch := groups.take(50, all_there_is=True, is_busy=lambda home: home == "busy")) is not None:
        homes.append(batch[0])
    assert homes == ["other", "another", "busy"]


def test_few_homes_change_when_a_worker_goes() -> None:
    keys = [f"host/{number}" for number in range(1000)]
    moved = [key for key in keys if home_of(key, _WORKERS) != home_of(key, _WORKERS[:3])]
    assert {home_of(key, _WORKERS) for key in moved} == {"four"}
