from __future__ import annotations

import sys
import threading

import pytest

from refimpl.deadline import Deadline
from refimpl.errors import TimeoutExceededError
from refimpl.oci.memo import Memo
from refimpl.system.exchange import Exchange

SECONDS = 60.0


class Flight:
    """A computation that begins, waits to be released, and can be counted."""

    def __init__(self, result: object) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()
        self.result = result
        self.calls = 0

    def __call__(self) -> object:
        self.calls += 1
        self.begun.set()
        assert self.go.wait(SECONDS)
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


class Asker(threading.Thread):
    def __init__(self, memo: Memo[str, object], compute: Flight, origin: str | None = None) -> None:
        super().__init__(daemon=True)
        self.memo, self.compute, self.origin = memo, compute, origin
        self.outcome: object = None
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self.memo.get("key", self.compute, origin=self.origin)
        except BaseException as error:  # noqa: BLE001  # looked at in the main thread
            self.outcome = error

    def done(self) -> object:
        self.join(SECONDS)
        assert not self.is_alive()
        return self.outcome


def waiting(memo: Memo[str, object], threads: list[Asker]) -> None:
    """Return when all the threads wait for the flight that is under way."""
    pause = threading.Event()
    while any(thread.ident is None for thread in threads):
        pause.wait(0.001)
    pause.wait(0.05)
    assert memo.peek("key") is None


def test_one_computes_for_all() -> None:
    memo: Memo[str, object] = Memo(10, Deadline(None))
    flight = Flight("value")
    askers = [Asker(memo, flight) for _ in range(5)]
    assert flight.begun.wait(SECONDS)
    waiting(memo, askers)
    flight.go.set()
    assert [asker.done() for asker in askers] == ["value"] * 5
    assert flight.calls == 1
    assert memo.get("key", Flight("other")) == "value"


def test_waiters_get_the_same_error_and_later_ones_try_anew() -> None:
    memo: Memo[str, object] = Memo(10, Deadline(None))
    error = ValueError("cause")
    flight = Flight(error)
    leader = Asker(memo, flight)
    assert flight.begun.wait(SECONDS)
    others = [Asker(memo, flight) for _ in range(3)]
    waiting(memo, others)
    flight.go.set()
    assert [asker.done() for asker in [leader, *others]] == [error] * 4
    assert memo.get("key", lambda: "fine") == "fine"


def test_a_failure_elsewhere_is_no_answer() -> None:
    memo: Memo[str, object] = Memo(10, Deadline(None))
    failing, working = Flight(ValueError("not there")), Flight("here")
    working.go.set()
    leader = Asker(memo, failing, "a")
    assert failing.begun.wait(SECONDS)
    other = Asker(memo, working, "b")
    waiting(memo, [other])
    assert working.calls == 0
    failing.go.set()
    assert isinstance(leader.done(), ValueError)
    assert other.done() == "here"


def test_an_interrupted_leader_hands_over() -> None:
    memo: Memo[str, object] = Memo(10, Deadline(None))
    first, second = Flight(KeyboardInterrupt()), Flight("value")
    second.go.set()
    leader = Asker(memo, first)
    assert first.begun.wait(SECONDS)
    other = Asker(memo, second)
    waiting(memo, [other])
    first.go.set()
    assert isinstance(leader.done(), KeyboardInterrupt)
    assert other.done() == "value"


def test_waiting_ends_with_the_deadline() -> None:
    memo: Memo[str, object] = Memo(10, Deadline(0.1))
    flight = Flight("late")
    leader = Asker(memo, flight)
    assert flight.begun.wait(SECONDS)
    with pytest.raises(TimeoutExceededError):
        memo.get("key", flight)
    flight.go.set()
    assert leader.done() == "late"


def test_keeps_what_fits() -> None:
    memo: Memo[str, str] = Memo(10, Deadline(None), len)
    for key in ("aaaa", "bbbb"):
        memo.get(key, lambda key=key: key)  # type: ignore[misc]  # mypy can't type a lambda's default
    memo.get("aaaa", lambda: "not asked")
    memo.get("cccc", lambda: "cccc")
    assert memo.peek("aaaa") == "aaaa"
    assert memo.peek("bbbb") is None
    memo.get("large", lambda: "l" * 11)
    assert memo.peek("large") is None
    memo.forget("aaaa")
    assert memo.get("aaaa", lambda: "new") == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no copies of processes")
def test_what_another_process_of_the_run_has_computed_is_taken_from_it() -> None:
    exchange = Exchange()
    memos: list[Memo[str, str]] = [Memo(10, Deadline(None)) for _ in range(3)]
    for memo, name in zip(memos, ("heads", "heads", "others"), strict=True):
        memo.share(exchange, name)
    assert memos[0].get("key", lambda: "computed") == "computed"
    assert memos[1].get("key", lambda: "again") == "computed"
    assert memos[2].get("key", lambda: "another") == "another"
