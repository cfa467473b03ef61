"""What the gate's log says of requests, and what one can wait for."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from sessions import Session
from wire import DATA, DIGEST, PATH, WAIT, get

from ec_acceptance.testbed.gate.log import Log, NotReachedError
from ec_acceptance.testbed.gate.rules import Delay, Hold

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future, ThreadPoolExecutor

    from ec_acceptance.testbed.gate.gate import Gate


def test_the_log_tells_what_was_asked_and_answered(gate: Gate) -> None:
    with Session() as session:
        for method, path in (("GET", "/v2/"), ("GET", PATH), ("HEAD", PATH), ("GET", "/v2/a/tags/list?n=1")):
            session.ask(method, f"{gate.url}{path}", headers={"User-Agent": "tester/1", "Range": "bytes=2-4"})
    gate.log.complete()
    seen = [
        (one.method, one.kind, one.repository, one.reference, one.query, one.status, one.sent)
        for one in gate.log.requests()
    ]
    assert seen == [
        ("GET", "ping", "", "", "", 200, 2),
        ("GET", "blob", "a", DIGEST, "", 206, 3),
        ("HEAD", "blob", "a", DIGEST, "", 200, 0),
        ("GET", "tags", "a", "", "n=1", 200, len(b'{"name": "a", "tags": []}')),
    ]
    for exchange in gate.log.requests():
        assert exchange.answered is not None
        assert exchange.ended is not None
        assert exchange.started <= exchange.answered <= exchange.ended
        assert (exchange.user_agent, exchange.headers["range"]) == ("tester/1", "bytes=2-4")
    assert str(gate.log.requests()[0]) == "0 GET /v2/ → 200, 2 bytes, done"
    assert gate.log.longest_gap() >= 0


def test_the_log_counts_what_was_received(gate: Gate) -> None:
    session = Session()
    session.ask("POST", f"{gate.url}/v2/a/blobs/uploads/?digest={DIGEST}", DATA)
    session.close()
    [upload] = gate.log.requests(kind="upload")
    assert upload.received == len(DATA)


def test_a_mark_parts_what_came_before_from_what_comes_after(gate: Gate) -> None:
    get(gate)
    gate.log.complete()
    mark = gate.log.mark()
    assert gate.log.requests(since=mark) == ()
    get(gate, "/v2/")
    assert [one.kind for one in gate.log.requests(since=mark)] == ["ping"]


def test_waiting_ends_with_the_request_or_with_an_account_of_the_log(
    gate: Gate, background: ThreadPoolExecutor
) -> None:
    waiting = background.submit(gate.log.wait_for, 2, timeout=WAIT, kind="blob")
    get(gate, "/v2/")
    get(gate)
    assert not waiting.done()
    get(gate)
    assert [one.kind for one in waiting.result(WAIT)] == ["blob", "blob"]
    with pytest.raises(NotReachedError, match=r"not reached: 1 × tags; the log has\n0 GET /v2/ → 200"):
        gate.log.wait_for(timeout=0.05, kind="tags")


def test_quiet_means_that_nothing_goes_on_but_what_is_held(gate: Gate, background: ThreadPoolExecutor) -> None:
    slow = gate.add(Delay(0.3), kind="ping")
    hold = gate.add(Hold(5), kind="blob")
    pinged: Future[tuple[int, bytes]] = background.submit(get, gate, "/v2/")
    fetched = background.submit(get, gate)
    slow.wait_hits(timeout=WAIT)
    hold.wait_held(timeout=WAIT)
    gate.log.wait_until_quiescent(0.05, timeout=WAIT)
    [ping] = gate.log.requests(kind="ping")
    assert ping.state == "done"
    assert pinged.result(WAIT)[0] == 200
    assert not fetched.done()
    hold.release()
    assert fetched.result(WAIT) == (200, DATA)


def test_quiet_isnt_reported_while_things_happen(gate: Gate) -> None:
    stop = threading.Event()

    def ping() -> None:
        while not stop.is_set():
            get(gate, "/v2/")

    thread = threading.Thread(target=ping)
    thread.start()
    try:
        with pytest.raises(NotReachedError, match=r"not reached: 5 s of quiet"):
            gate.log.wait_until_quiescent(5, timeout=0.3)
    finally:
        stop.set()
        thread.join()


def test_a_waiter_is_freed_when_the_log_is_closed(background: ThreadPoolExecutor) -> None:
    log = Log()
    waits: list[Callable[[], object]] = [
        lambda: log.wait_for(timeout=WAIT, kind="blob"),
        lambda: log.wait_until_quiescent(WAIT, timeout=WAIT),
    ]
    waiting = [background.submit(wait) for wait in waits]
    log.close()
    assert all(isinstance(one.exception(WAIT), NotReachedError) for one in waiting)


def test_a_waiter_looks_again_when_woken(background: ThreadPoolExecutor) -> None:
    log, ended = Log(), threading.Event()
    waiting = background.submit(log.wait_until, ended.is_set, timeout=WAIT)
    ended.set()
    log.wake()
    waiting.result(WAIT)


def test_a_waiter_looks_now_and_then_at_what_is_no_event_here() -> None:
    looks = iter([False, False, False, True])
    Log().wait_until(lambda: next(looks), timeout=WAIT)
    assert next(looks, None) is None


def test_a_client_that_leaves_is_told_from_one_that_was_cut(gate: Gate) -> None:
    digest = gate.repository("a").put_blob(bytes(32 << 20))
    with socket.create_connection(("127.0.0.1", int(gate.address.partition(":")[2])), timeout=WAIT) as connection:
        connection.sendall(f"GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connection.recv(100)
    gate.log.complete(timeout=WAIT)
    [exchange] = gate.log.requests()
    assert exchange.state == "gone"
    assert exchange.sent < 32 << 20
    assert not gate.failures
