"""Each verb of the gate's rules, seen from the wire; and what the log tells."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import trustme
from sessions import Session

from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.log import Log, Match, NotReachedError
from ec_acceptance.testbed.gate.rules import (
    Answer,
    Barrier,
    Close,
    Delay,
    EarlyEnd,
    FlipBit,
    Hold,
    Rate,
    Replace,
    Reset,
    SetHeaders,
    ShortLength,
    Stall,
    Verb,
)
from ec_acceptance.testbed.registry.auth import Basic, Bearer
from ec_acceptance.testbed.registry.digests import digest_of
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.servers.http import Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

WAIT = 20.0
DATA = b"0123456789"
DIGEST = digest_of(DATA)
PATH = f"/v2/a/blobs/{DIGEST}"


@pytest.fixture(scope="module")
def backend() -> Iterator[EmbeddedRegistry]:
    registry = EmbeddedRegistry()
    yield registry
    registry.close()


@pytest.fixture
def gate(backend: EmbeddedRegistry) -> Iterator[Gate]:
    with Gate(backend) as gate:
        gate.repository("a").put_blob(DATA)
        yield gate


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def raw(gate: Gate, path: str = PATH, method: str = "GET") -> bytes:
    """Every byte of the answer, until the server ends the connection; ConnectionResetError when it aborts it."""
    with socket.create_connection(tuple(gate.address.split(":")), timeout=WAIT) as connection:  # type: ignore[arg-type]  # create_connection takes the port as text too
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def split(answer: bytes) -> tuple[int, Headers, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    fields = [line.split(": ", 1) for line in lines]
    return int(status.split()[1]), Headers((name, value) for name, value in fields), body


def get(gate: Gate, path: str = PATH) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(gate.address, timeout=WAIT)) as client:
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.read()


# Bodies and heads that lie.


def test_without_rules_the_answer_is_the_registrys_own(gate: Gate) -> None:
    status, headers, body = split(raw(gate))
    assert (status, body) == (200, DATA)
    assert (headers["Content-Length"], headers["Docker-Content-Digest"]) == ("10", DIGEST)


@pytest.mark.parametrize(
    ("verb", "length", "body"),
    [
        (Close(0), "10", b""),
        (Close(4), "10", b"0123"),
        (Close(-1), "10", b"012345678"),
        (Close(10), "10", DATA),
        (ShortLength(0), "0", b""),
        (ShortLength(4), "4", b"0123"),
        (EarlyEnd(4), None, b"4\r\n0123\r\n0\r\n\r\n"),
        (EarlyEnd(0), None, b"0\r\n\r\n"),
        (EarlyEnd(-10), None, b"0\r\n\r\n"),
        (EarlyEnd(10), None, b"a\r\n0123456789\r\n0\r\n\r\n"),
        (FlipBit(0), "10", b"1123456789"),
        (FlipBit(4, bit=5), "10", b"0123\x1456789"),
        (FlipBit(-1), "10", b"0123456788"),
        (Replace(b"other"), "5", b"other"),
        (Replace(b""), "0", b""),
        (SetHeaders((("X-New", "1"),)), "10", DATA),
        (Rate(1e9), "10", DATA),
    ],
)
def test_a_lie_is_told_exactly(gate: Gate, verb: Verb, length: str | None, body: bytes) -> None:
    rule = gate.add(verb, kind="blob", reference=DIGEST)
    status, headers, got = split(raw(gate))
    assert (status, headers.get("Content-Length"), got) == (200, length, body)
    assert headers.get("Transfer-Encoding") == ("chunked" if length is None else None)
    assert rule.hits == 1
    gate.log.complete()
    [exchange] = gate.log.requests(kind="blob", method="GET")
    assert exchange.sent == len(DATA[: verb.at] if isinstance(verb, EarlyEnd) else body)
    assert exchange.state == ("cut" if isinstance(verb, Close) else "done")
    assert not gate.failures


def test_the_digest_in_the_head_stays_while_the_body_lies(gate: Gate) -> None:
    gate.add(Replace(b"other"), kind="blob")
    assert split(raw(gate))[1]["Docker-Content-Digest"] == DIGEST


def test_header_fields_are_set_and_left_out(gate: Gate) -> None:
    gate.add(SetHeaders((("Docker-Content-Digest", "sha256:lie"),), drop=("content-type",)), kind="blob")
    headers = split(raw(gate))[1]
    assert (headers["Docker-Content-Digest"], "Content-Type" in headers) == ("sha256:lie", False)


@pytest.mark.parametrize("at", [0, 4, -1, 10])
def test_a_reset_comes_after_all_bytes_before_it(gate: Gate, at: int) -> None:
    gate.add(Reset(at), kind="blob")
    got = b""
    with socket.create_connection(("127.0.0.1", int(gate.address.partition(":")[2])), timeout=WAIT) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):  # noqa: PT012  # the bytes come first, then the reset
            while part := connection.recv(1 << 16):
                got += part
    assert split(got)[2] == DATA[:at] if at else split(got)[2] == b""
    gate.log.complete()
    assert [one.state for one in gate.log.requests()] == ["cut"]


def test_before_the_head_a_close_sends_nothing_and_a_reset_aborts(gate: Gate) -> None:
    gate.add(Close(None), kind="blob", nth=1)
    gate.add(Reset(None), kind="blob", nth=2)
    assert raw(gate) == b""
    with pytest.raises(ConnectionResetError):
        raw(gate)
    assert split(raw(gate))[2] == DATA
    gate.log.complete()
    assert [one.status for one in gate.log.requests()] == [None, None, 200]


def test_an_answer_brings_its_headers_and_a_body_of_the_protocol(gate: Gate) -> None:
    gate.add(Answer(429, (("Retry-After", "7"),)), kind="blob")
    status, headers, body = split(raw(gate))
    assert (status, headers["Retry-After"], headers["Content-Type"]) == (429, "7", "application/json")
    assert body == b'{"errors":[{"code":"TOOMANYREQUESTS","message":"status 429"}]}\n'


def test_an_answer_may_bring_a_body_of_its_own_to_get_and_head(gate: Gate) -> None:
    verb = Answer(200, (("Docker-Content-Digest", "sha256:x"),), b"made up")
    gate.add(verb, method=None, kind="manifest", reference="v1")
    for method, body in (("GET", b"made up"), ("HEAD", b"")):
        status, headers, got = split(raw(gate, "/v2/any/manifests/v1", method))
        assert (status, headers["Content-Length"], headers["Docker-Content-Digest"]) == (200, "7", "sha256:x")
        assert got == body


def test_an_answer_without_an_error_has_no_body(gate: Gate) -> None:
    gate.add(Answer(307, (("Location", "/elsewhere"),)), kind="blob")
    assert split(raw(gate))[::2] == (307, b"")


def test_lies_add_up_in_a_fixed_order(gate: Gate) -> None:
    gate.add(FlipBit(0), kind="blob")
    gate.add(Replace(b"abcdef"), kind="blob")
    gate.add(FlipBit(1), kind="blob")
    gate.add(ShortLength(3), kind="blob")
    status, headers, body = split(raw(gate))
    assert (status, headers["Content-Length"], body) == (200, "3", b"acc")


def test_a_place_beyond_the_body_is_the_suites_mistake_and_never_passes_for_an_answer(gate: Gate) -> None:
    gate.add(FlipBit(10_000), kind="blob")
    with pytest.raises(ConnectionResetError):
        raw(gate)
    [failure] = gate.failures
    assert "FlipBit(at=10000, bit=0) on GET blob: the body has only 10 bytes" in str(failure)


def test_a_broken_back_end_is_the_suites_mistake_and_never_passes_for_an_answer() -> None:
    class Broken(EmbeddedRegistry):
        def __init__(self) -> None:
            super().__init__()
            self.handle = self.broken

        def broken(self, request: Request) -> Response:
            raise RuntimeError(request.method)

    registry = Broken()
    with Gate(registry) as gate:
        with pytest.raises(ConnectionResetError):
            raw(gate)
        assert [repr(failure) for failure in gate.failures] == ["RuntimeError('GET')"]
    registry.close()


# Which requests.


def test_only_the_wanted_requests_are_lied_to(gate: Gate) -> None:
    other = gate.repository("b").put_blob(b"other")
    gate.repository("b").put_blob(DATA)
    rule = gate.add(Answer(500), kind="blob", repository="a", reference=DIGEST)
    assert get(gate, f"/v2/b/blobs/{other}") == (200, b"other")
    assert get(gate, f"/v2/b/blobs/{DIGEST}") == (200, DATA)
    assert split(raw(gate, PATH, "HEAD"))[0] == 200
    assert rule.hits == 0
    assert get(gate)[0] == 500


@pytest.mark.parametrize(
    ("nth", "expected"),
    [(None, [500] * 4), (1, [500, 200, 200, 200]), (3, [200, 200, 500, 200]), (range(2, 4), [200, 500, 500, 200])],
)
def test_the_nth_request_is_meant(gate: Gate, nth: int | range | None, expected: list[int]) -> None:
    rule = gate.add(Answer(500), kind="blob", nth=nth)
    assert [get(gate)[0] for _ in range(4)] == expected
    assert rule.hits == expected.count(500)


def test_a_removed_rule_is_out_of_force(gate: Gate, background: ThreadPoolExecutor) -> None:
    rule = gate.add(Hold(), kind="blob")
    fetched = background.submit(get, gate)
    rule.wait_held(timeout=WAIT)
    gate.remove(rule)
    assert fetched.result(WAIT) == (200, DATA)
    assert get(gate) == (200, DATA)
    assert rule.hits == 1


def test_seeding_and_looking_leave_no_trace_and_meet_no_rule(gate: Gate) -> None:
    gate.add(Answer(500), method=None)
    digest = gate.repository("c").put_blob(b"quiet")
    assert gate.repository("c").blob(digest) == b"quiet"
    assert gate.log.requests() == ()


# Holding.


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


def test_held_requests_are_let_go_one_by_one(gate: Gate, background: ThreadPoolExecutor) -> None:
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
    gate.log.quiescent(0.1, timeout=WAIT)
    assert [one.state for one in gate.held()] == ["held", "held"]
    gate.close()
    assert all(isinstance(one.exception(WAIT), ConnectionError | http.client.IncompleteRead) for one in stalled)


def test_a_held_request_whose_client_has_gone_is_not_shown(gate: Gate, background: ThreadPoolExecutor) -> None:
    rule = gate.add(Hold(5), kind="blob")
    with socket.create_connection(("127.0.0.1", int(gate.address.partition(":")[2])), timeout=WAIT) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        rule.wait_held(timeout=WAIT)
        other = background.submit(get, gate)
        rule.wait_held(2, timeout=WAIT)
        assert len(gate.held()) == 2
    [left] = gate.held()
    rule.release()
    assert other.result(WAIT) == (200, DATA)
    assert left.number == 1


def test_a_barrier_lets_nobody_through_before_all_are_there(gate: Gate, background: ThreadPoolExecutor) -> None:
    rule = gate.add(Barrier(2), kind="blob")
    first = background.submit(get, gate)
    rule.wait_held(timeout=WAIT)
    gate.log.quiescent(0.1, timeout=WAIT)
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
    assert isinstance(waiting.exception(WAIT), ConnectionError)


# The log.


def test_the_log_tells_what_was_asked_and_answered(gate: Gate) -> None:
    with closing(http.client.HTTPConnection(gate.address, timeout=WAIT)) as client:
        for method, path in (("GET", "/v2/"), ("GET", PATH), ("HEAD", PATH), ("GET", "/v2/a/tags/list?n=1")):
            client.request(method, path, headers={"User-Agent": "tester/1", "Range": "bytes=2-4"})
            client.getresponse().read()
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
    gate.log.quiescent(0.05, timeout=WAIT)
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
            gate.log.quiescent(5, timeout=0.3)
    finally:
        stop.set()
        thread.join()


def test_whichever_is_first_the_awaited_or_the_quiet(gate: Gate, background: ThreadPoolExecutor) -> None:
    rule = gate.add(Hold(), kind="blob")
    fetched = background.submit(get, gate)
    rule.wait_held(timeout=WAIT)
    assert gate.log.wait_for_or_quiescent(quiet=WAIT, timeout=WAIT, kind="blob") is True
    assert gate.log.wait_for_or_quiescent(quiet=0.05, timeout=WAIT, kind="tags") is False
    rule.release()
    fetched.result(WAIT)


def test_a_waiter_is_freed_when_the_log_is_closed(background: ThreadPoolExecutor) -> None:
    log = Log()
    waits: list[Callable[[], object]] = [
        lambda: log.wait_for(timeout=WAIT, kind="blob"),
        lambda: log.quiescent(WAIT, timeout=WAIT),
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


def test_a_match_names_itself() -> None:
    assert str(Match()) == "any request"
    assert str(Match(method="GET", reference="v1")) == "GET v1"


# Doors with locks.


def test_a_gate_asks_for_basic_credentials_and_logs_the_refusal(backend: EmbeddedRegistry) -> None:
    with Gate(backend, guard=Basic("u", "p")) as gate:
        gate.repository("a").put_blob(DATA)
        session = Session()
        assert session.ask("GET", gate.url + PATH).status_code == 401
        assert session.ask("GET", gate.url + PATH, auth=("u", "p")).content == DATA
        session.close()
        gate.log.complete()
        assert [one.status for one in gate.log.requests()] == [401, 200]


def bearer(gate: Gate) -> int:
    """The status that a client gets which follows the challenge."""
    session = Session()
    challenge = session.ask("GET", gate.url + PATH).headers["WWW-Authenticate"]
    assert gate.namespace not in challenge
    parts = dict(part.split("=", 1) for part in challenge.removeprefix("Bearer ").split(","))
    realm, scope = parts["realm"].strip('"'), parts["scope"].strip('"')
    assert (realm, scope) == (f"{gate.url}/token", "repository:a:pull")
    answer = session.ask("GET", f"{realm}?scope={scope}", auth=("u", "p"))
    assert gate.namespace.encode() not in answer.content
    token = answer.json()["token"]
    status = session.ask("GET", gate.url + PATH, headers={"Authorization": f"Bearer {token}"}).status_code
    session.close()
    return status


def test_a_gate_gives_bearer_tokens_itself(backend: EmbeddedRegistry) -> None:
    with Gate(backend, guard=Bearer("u", "p")) as gate:
        gate.repository("a").put_blob(DATA)
        assert bearer(gate) == 200
        assert [one.kind for one in gate.log.requests()] == ["blob", "token", "blob"]


def test_a_registrys_own_bearer_scopes_are_mapped() -> None:
    registry = EmbeddedRegistry(guard=Bearer("u", "p"))
    with Gate(registry) as gate:
        registry.store.put_blob(f"{gate.namespace}/a", DATA)
        assert bearer(gate) == 200
    registry.close()


def test_a_gate_speaks_tls_with_a_plain_registry_behind(backend: EmbeddedRegistry, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    with Gate(backend, tls=context) as gate:
        gate.repository("a").put_blob(DATA)
        rule = gate.add(Hold(5), kind="blob")
        session = Session(ca)
        with ThreadPoolExecutor(1) as background:
            fetched = background.submit(session.ask, "GET", gate.url + PATH)
            rule.wait_held(timeout=WAIT)
            assert len(gate.held()) == 1
            rule.release()
            assert fetched.result(WAIT).content == DATA
        session.close()
        assert not gate.failures


def test_many_scenarios_at_once_dont_meet(backend: EmbeddedRegistry, background: ThreadPoolExecutor) -> None:
    def scenario(number: int) -> list[bytes]:
        with Gate(backend) as gate:
            content = f"scenario {number}".encode()
            digest = gate.repository("a").put_blob(content)
            gate.add(FlipBit(0), kind="blob", nth=2)
            seen = [get(gate, f"/v2/a/blobs/{digest}")[1] for _ in range(3)]
            assert len(gate.log.requests()) == 3
            return seen

    for number, seen in enumerate(background.map(scenario, range(16))):
        whole = f"scenario {number}".encode()
        assert seen == [whole, b"r" + whole[1:], whole]


def test_a_closed_gate_leaves_nothing_at_the_registry(backend: EmbeddedRegistry) -> None:
    with Gate(backend) as gate:
        gate.repository("a").put_blob(DATA)
        name = f"{gate.namespace}/a"
        assert backend.store.blob(name, DIGEST) == DATA
    assert backend.store.mount("x", DIGEST, name) is False


@pytest.mark.parametrize("forget", [None, False, True])
def test_a_namespace_with_a_name_is_kept_unless_told_otherwise(
    backend: EmbeddedRegistry,
    forget: bool | None,  # noqa: FBT001  # pytest passes by name
) -> None:
    with Gate(backend, namespace=f"named-{forget}".lower(), forget=forget) as gate:
        gate.repository("a").put_blob(DATA)
    assert backend.store.mount("x", DIGEST, f"{gate.namespace}/a") is not (forget is True)


def test_registry_and_gate_start_quickly() -> None:
    best = 1.0
    for _ in range(3):
        begun = time.perf_counter()
        registry = EmbeddedRegistry()
        gate = Gate(registry)
        best = min(best, time.perf_counter() - begun)
        gate.close()
        registry.close()
    assert best < 0.05
