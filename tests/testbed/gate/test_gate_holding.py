"""Answers that the gate holds, delays or slows down."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from sessions import BROKEN
from wire import DATA, PATH, WAIT, get, raw, split

from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.rules import Barrier, Close, Delay, Hold, Rate, Stall

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry


@pytest.mark.parametrize(("at", "sent"), [(None, b""), (0, b""), (5, b"01234"), (-1, b"012345678"), (10, DATA)])
def test_what_was_sent_before_a_hold_has_arrived(gate: Gate, at: int | None, sent: bytes) -> None:
    rule = gate.add(Hold(at), kind="blob")
    with socket.create_connection(("127.0.0.1", int(gate.address.partition(":")[2])), timeout=WAIT) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        rule.wait_held(timeout=WAIT)
        [held] = gate.held()
        assert held.sent == len(sent)
        connection.settimeout(0)
        if at is None:
            with pytest.raises(BlockingIOError):
                connection.recv(1 << 16)
            got = b""
        else:
            got = connection.recv(1 << 16)
            assert split(got)[2] == sent
        connection.settimeout(WAIT)
        rule.release()
        while part := connection.recv(1 << 16):
            got += part
    assert split(got)[2] == DATA


def test_held_requests_are_released_one_by_one(gate: Gate, background: ThreadPoolExecutor) -> None:
    rule = gate.add(Hold(5), kind="blob")
    fetched = {}
    for count in (1, 2):
        future = background.submit(get, gate)
        fetched[rule.wait_held(count, timeout=WAIT)[-1]] = future
    first = rule.release_one()
    assert fetched[first].result(WAIT) == (200, DATA)
    [second] = set(fetched) - {first}
    assert rule.held == (second,)
    third = background.submit(get, gate)
    rule.wait_held(2, timeout=WAIT)
    assert not third.done()
    gate.release()
    assert third.result(WAIT) == fetched[second].result(WAIT) == (200, DATA)
    with pytest.raises(LookupError):
        rule.release_one()


def test_a_hold_and_a_cut_at_one_place_follow_each_other(gate: Gate, background: ThreadPoolExecutor) -> None:
    hold = gate.add(Hold(5), kind="blob")
    gate.add(Close(5), kind="blob")
    fetched = background.submit(raw, gate)
    hold.wait_held(timeout=WAIT)
    assert not fetched.done()
    hold.release()
    assert split(fetched.result(WAIT))[2] == b"01234"


def test_the_log_knows_for_how_long_an_exchange_was_held(gate: Gate, background: ThreadPoolExecutor) -> None:
    hold = gate.add(Hold(5), kind="blob")
    fetched = background.submit(get, gate)
    hold.wait_held(timeout=WAIT)
    [exchange] = gate.log.requests()
    assert [last for _, last in exchange.holds] == [None]
    assert not hold.released
    hold.release()
    fetched.result(WAIT)
    gate.log.complete()
    [exchange] = gate.log.requests()
    [(first, last)] = exchange.holds
    assert exchange.ended is not None
    assert last is not None
    assert exchange.started <= first <= last <= exchange.ended
    assert 0 <= hold.longest_hold <= exchange.ended - exchange.started
    assert hold.released


def test_a_stalled_answer_is_not_released_but_ends_with_the_gate(
    backend: EmbeddedRegistry, background: ThreadPoolExecutor
) -> None:
    gate = Gate(backend)
    gate.repository("a").put_blob(DATA)
    rules = [gate.add(Stall(5), kind="blob", nth=1), gate.add(Stall(None), kind="blob", nth=2)]
    stalled = []
    for rule in rules:
        stalled.append(background.submit(get, gate))
        rule.wait_held(timeout=WAIT)
    gate.release()
    with pytest.raises(LookupError):
        rules[0].release_one()
    gate.log.wait_until_quiescent(0.1, timeout=WAIT)
    assert [one.state for one in gate.held()] == ["held", "held"]
    gate.close()
    assert all(isinstance(one.exception(WAIT), BROKEN) for one in stalled)


def test_a_held_request_whose_client_has_gone_is_not_shown(gate: Gate, background: ThreadPoolExecutor) -> None:
    rule = gate.add(Hold(5), kind="blob")
    with socket.create_connection(("127.0.0.1", int(gate.address.partition(":")[2])), timeout=WAIT) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        rule.wait_held(timeout=WAIT)
        other = background.submit(get, gate)
        rule.wait_held(2, timeout=WAIT)
        assert len(gate.held()) == 2
    gone, until = threading.Event(), time.monotonic() + WAIT
    while len(gate.held()) == 2 and time.monotonic() < until:
        gone.wait(0.001)  # its end comes in its own time, and nobody tells
    [left] = gate.held()
    rule.release()
    assert other.result(WAIT) == (200, DATA)
    assert left.number == 1


def test_a_barrier_lets_nobody_through_before_all_are_there(gate: Gate, background: ThreadPoolExecutor) -> None:
    rule = gate.add(Barrier(2), kind="blob")
    first = background.submit(get, gate)
    rule.wait_held(timeout=WAIT)
    gate.log.wait_until_quiescent(0.1, timeout=WAIT)
    assert not first.done()
    assert [background.submit(get, gate).result(WAIT), first.result(WAIT), get(gate)] == [(200, DATA)] * 3


def test_a_delay_comes_before_the_head(gate: Gate) -> None:
    gate.add(Delay(0.2), kind="blob")
    get(gate)
    gate.log.complete()
    [exchange] = gate.log.requests()
    assert exchange.answered is not None
    assert exchange.answered - exchange.started >= 0.2


def test_a_rate_is_kept(gate: Gate) -> None:
    digest = gate.repository("a").put_blob(bytes(1 << 20))
    gate.add(Rate(4e6), kind="blob")
    begun = time.monotonic()
    assert get(gate, f"/v2/a/blobs/{digest}") == (200, bytes(1 << 20))
    spent = time.monotonic() - begun
    assert spent >= ((1 << 20) - (1 << 16)) / 4e6


def test_a_delayed_answer_ends_with_the_gate(backend: EmbeddedRegistry, background: ThreadPoolExecutor) -> None:
    gate = Gate(backend)
    rule = gate.add(Delay(1000), kind="blob")
    waiting = background.submit(get, gate)
    rule.wait_hits(timeout=WAIT)
    gate.close()
    assert isinstance(waiting.exception(WAIT), BROKEN)
