"""Answers that the gate changes, seen from the wire: heads, bodies, and how a connection ends."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from wire import DATA, DIGEST, PATH, WAIT, raw, split

from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.rules import (
    Answer,
    Close,
    EarlyEnd,
    FlipBit,
    Rate,
    Replace,
    Reset,
    SetHeaders,
    ShortLength,
    Verb,
)
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry

if TYPE_CHECKING:
    from ec_acceptance.testbed.servers.http import Request, Response


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
    gate.add(SetHeaders((("Docker-Content-Digest", "sha256:forged"),), drop=("content-type",)), kind="blob")
    headers = split(raw(gate))[1]
    assert (headers["Docker-Content-Digest"], "Content-Type" in headers) == ("sha256:forged", False)


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
