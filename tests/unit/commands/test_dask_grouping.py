"""Which images go to a worker together, and how many at a time."""

from __future__ import annotations

import pytest

from refimpl.commands.dask.grouping import LARGEST, SMALLEST, Groups, batch_size, home_of
from refimpl.commands.snapshot import Component

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


def _taken(images: list[str], *, size: int = 1000) -> list[tuple[str, set[str]]]:
    groups = Groups(10_000)
    for number, image in enumerate(images):
        groups.add(number, Component("name", image), _WORKERS)
    found = []
    while (batch := groups.take(size, all_there_is=True)) is not None:
        found.append((batch[0], {component.container_image for _, component in batch[1]}))
    return found


def test_images_of_a_repository_go_to_one_worker() -> None:
    images = [f"host/repository-{number % 40}:tag-{number}" for number in range(400)]
    homes = [{image.partition(":")[0] for image in batch} for _, batch in _taken(images)]
    assert len(homes) == len(_WORKERS)
    assert sum(map(len, homes)) == 40


def test_images_of_one_digest_go_to_one_worker_whatever_their_repositories_are() -> None:
    images = [f"host/repository-{number}@{_digest(number % 5)}" for number in range(400)]
    homes = [{image.partition("@")[2] for image in batch} for _, batch in _taken(images)]
    assert sum(map(len, homes)) == 5


def test_what_names_no_image_goes_somewhere() -> None:
    assert sum(len(batch) for _, batch in _taken(["no image", "http://host/x"])) == 2


def test_a_full_batch_is_due_at_once_and_others_wait() -> None:
    groups = Groups(10_000)
    for number in range(5):
        groups.add(number, Component("name", "host/one:1"), _WORKERS)
        assert (groups.take(5, all_there_is=False) is None) == (number < 4)
    groups.add(5, Component("name", "host/one:1"), _WORKERS)
    assert groups.take(5, all_there_is=False) is None
    assert groups.take(5, all_there_is=True) is not None
    assert groups.count == 0


def test_nothing_waits_for_more_than_so_many_others() -> None:
    groups = Groups(100)
    others = [f"host/many-{number}:1" for number in range(1000)]
    home = home_of("host/rare", _WORKERS)
    others = [one for one in others if home_of(one.partition(":")[0], _WORKERS) != home][:300]
    groups.add(0, Component("name", "host/rare:1"), _WORKERS)
    taken = []
    for number, image in enumerate(others, 1):
        groups.add(number, Component("name", image), _WORKERS)
        if (batch := groups.take(50, all_there_is=False)) is not None:
            taken += [(place, number) for place, _ in batch[1]]
    assert dict(taken)[0] <= 101


def test_few_homes_change_when_a_worker_goes() -> None:
    keys = [f"host/{number}" for number in range(1000)]
    moved = [key for key in keys if home_of(key, _WORKERS) != home_of(key, _WORKERS[:3])]
    assert {home_of(key, _WORKERS) for key in moved} == {"four"}
