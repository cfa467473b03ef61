"""What processes of a run share: found out once, whoever asks."""

from __future__ import annotations

import os
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.deadline import Deadline
from refimpl.errors import MalformedError, StatusError, TimeoutExceededError
from refimpl.system.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that are copies")

_PATIENT = Deadline(None)


def _elsewhere(work: Callable[[], object]) -> int:
    """Have another process do some work; its id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def _end(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _never() -> Any:
    raise AssertionError


def test_what_another_process_found_is_not_found_again() -> None:
    exchange = Exchange()
    child = _elsewhere(lambda: exchange.get(("manifest", "a"), lambda: {"found": [1, 2]}, _PATIENT))
    assert _end(child) == 0
    assert exchange.get(("manifest", "a"), _never, _PATIENT) == {"found": [1, 2]}


def test_keys_are_kept_apart_and_equal_ones_are_one() -> None:
    exchange = Exchange()
    assert exchange.get(("a", 1), lambda: "number", _PATIENT) == "number"
    assert exchange.get(("a", "1"), lambda: "text", _PATIENT) == "text"
    assert exchange.get(("a", frozenset({"x", "y"})), lambda: "set", _PATIENT) == "set"
    assert exchange.get(("a", frozenset({"y", "x"})), _never, _PATIENT) == "set"
    assert exchange.get(("a", "1"), _never, _PATIENT) == "text"


def test_who_asks_meanwhile_waits_for_the_answer() -> None:
    exchange = Exchange()
    begun, may_end = os.pipe(), os.pipe()

    def find() -> str:
        os.write(begun[1], b"!")
        os.read(may_end[0], 1)
        return "found"

    child = _elsewhere(lambda: exchange.get("key", find, _PATIENT))
    os.read(begun[0], 1)
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(exchange.get("key", _never, _PATIENT)))
    asking.start()
    assert not answers
    os.write(may_end[1], b"!")
    asking.join()
    assert answers == ["found"]
    assert _end(child) == 0


@pytest.mark.parametrize("same", [True, False])
def test_a_failure_is_that_of_those_who_waited_and_are_of_one_origin(*, same: bool) -> None:
    exchange = Exchange()
    begun, may_end = os.pipe(), os.pipe()

    def fail() -> str:
        os.write(begun[1], b"!")
        os.read(may_end[0], 1)
        raise StatusError("refused", 503, 2.5)

    def expect_failure() -> None:
        with pytest.raises(StatusError):
            exchange.get("key", fail, _PATIENT, origin="one")

    child = _elsewhere(expect_failure)
    os.read(begun[0], 1)
    outcomes: list[object] = []

    def ask() -> None:
        try:
            outcomes.append(exchange.get("key", lambda: "own", _PATIENT, origin="one" if same else "other"))
        except StatusError as error:
            outcomes.append((str(error), error.status, error.retry_after))

    asking = threading.Thread(target=ask)
    asking.start()
    while asking.is_alive() and not _waits(asking):
        time.sleep(0.001)
    os.write(may_end[1], b"!")
    asking.join()
    assert outcomes == ([("refused", 503, 2.5)] if same else ["own"])
    assert _end(child) == 0


def _waits(thread: threading.Thread) -> bool:
    """Whether a thread has come to `Exchange._await`."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_name == "_await":
            return True
        frame = frame.f_back
    return False


def test_a_failure_is_not_kept() -> None:
    exchange = Exchange()

    def fail() -> str:
        raise MalformedError("no")

    with pytest.raises(MalformedError):
        exchange.get("key", fail, _PATIENT)
    assert exchange.get("key", lambda: "now", _PATIENT) == "now"
    assert exchange.get("key", _never, _PATIENT) == "now"


def test_waiting_ends_with_the_time() -> None:
    exchange = Exchange()
    release = exchange.hold("key", _PATIENT)
    with pytest.raises(TimeoutExceededError):
        exchange.get("key", _never, Deadline(0.01))
    release()
    assert exchange.get("key", lambda: 1, _PATIENT) == 1


def test_one_process_at_a_time_holds_a_key() -> None:
    exchange = Exchange()
    release = exchange.hold("key", _PATIENT)
    told, telling = os.pipe()

    def take() -> None:
        exchange.hold("key", _PATIENT)()
        os.write(telling, b"theirs")

    child = _elsewhere(take)
    os.write(telling, b"ours ")
    release()
    assert _end(child) == 0
    assert os.read(told, 64) == b"ours theirs"


def test_the_oldest_make_room() -> None:
    exchange = Exchange(ring=4096, buckets=4)
    for number in range(200):
        assert exchange.get(number, lambda: bytes(100), _PATIENT) == bytes(100)
    assert exchange.get(199, _never, _PATIENT) == bytes(100)
    assert exchange.get(0, lambda: "anew", _PATIENT) == "anew"


def test_what_is_too_large_is_shared_with_nobody() -> None:
    exchange = Exchange(ring=4096)
    assert exchange.get("key", lambda: bytes(2000), _PATIENT) == bytes(2000)
    assert exchange.get("key", lambda: "anew", _PATIENT) == "anew"


def test_without_room_for_more_flights_each_finds_out_for_itself() -> None:
    exchange = Exchange(buckets=1)
    releases = [exchange.hold(number, _PATIENT) for number in range(8)]
    assert exchange.get("key", lambda: 1, _PATIENT) == 1
    for release in releases:
        release()
    assert exchange.get("key", lambda: 2, _PATIENT) == 2
    assert exchange.get("key", _never, _PATIENT) == 2


def test_values_stay_whole_at_the_ring_s_end() -> None:
    exchange = Exchange(ring=1000, buckets=64)
    for number in range(500):
        value = bytes([number % 256]) * (number % 190)
        assert exchange.get(number, partial(bytes, value), _PATIENT) == value
        assert exchange.get(number, _never, _PATIENT) == value
