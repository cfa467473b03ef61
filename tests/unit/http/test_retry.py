from __future__ import annotations

import pytest

from refimpl.errors import NotFoundError, StatusError
from refimpl.http.retry import Retry

NEVER = 0.0
ALWAYS = 1.0


def pauses(status: int, retry: Retry, chance: float = NEVER) -> list[float]:
    found: list[float] = []
    while (pause := retry.pause(StatusError("", status), len(found) + 1, lambda: chance)) is not None:
        found.append(pause)
    return found


@pytest.mark.parametrize("status", [408, 429, 503])
def test_overloaded(status: int) -> None:
    assert pauses(status, Retry()) == [1, 2, 3]
    assert pauses(status, Retry(max_wait=100, max_retry=5, duration=0.5, factor=3)) == [0.5, 1.5, 4.5, 13.5, 40.5]
    assert pauses(status, Retry(max_retry=0)) == []


@pytest.mark.parametrize("status", [500, 502, 504])
def test_broken(status: int) -> None:
    assert pauses(status, Retry()) == [1, 2]
    assert pauses(status, Retry(max_retry=1)) == [1]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 416, 501])
def test_never(status: int) -> None:
    assert pauses(status, Retry()) == []


def test_chance_adds_a_little_but_not_beyond_the_longest() -> None:
    assert pauses(503, Retry(), ALWAYS) == [1.1, 2.2, 3]


def test_retry_after_is_kept_to_or_ends_it() -> None:
    retry = Retry(max_wait=3)
    assert retry.pause(StatusError("", 429, 2.5), 1) == 2.5
    assert retry.pause(StatusError("", 429, 3.5), 1) is None
    assert retry.pause(NotFoundError("", 404, 1), 1) is None
