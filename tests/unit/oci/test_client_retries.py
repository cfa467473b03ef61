"""Which answers the client asks for again, how long it waits, and what ends that."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
from registries import IMAGE, SECONDS, Connect, ref_at

from ec_acceptance.testbed.gate.rules import Answer, Replace, Stall
from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.errors import DeniedError, NotFoundError, RegistryError, StatusError, TimeoutExceededError, TransferError
from refimpl.http.retry import Retry

if TYPE_CHECKING:
    from ec_acceptance.testbed.gate.gate import Gate


@pytest.mark.parametrize("status", [400, 403, 404, 418])
def test_head_texts(gate: Gate, client_of: Connect, status: int) -> None:
    gate.add(Answer(status), kind="manifest", method="HEAD")
    phrases = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 418: "I'm a Teapot"}
    with pytest.raises(StatusError) as caught:
        client_of().head(ref_at(gate.address))
    assert str(caught.value) == (
        f"HEAD {gate.url}/v2/acme/app/manifests/v1: unexpected status code {status} {phrases[status]} "
        "(HEAD responses have no body, use GET for details)"
    )
    assert caught.value.status == status
    assert isinstance(caught.value, {403: DeniedError, 404: NotFoundError}.get(status, StatusError))
    assert len(gate.log.requests(method="HEAD")) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"errors":[{"code":"DENIED","message":"no"}]}', "DENIED: no"),
        (b'{"errors":[{"code":"A","message":"b","detail":"c"}]}', "A: b; c"),
        (
            b'{"errors":[{"code":"A","message":"b","detail":{"y":[1,null,true,1.5],"x":"z"}}]}',
            "A: b; map[x:z y:[1 <nil> true 1.5]]",
        ),
        (
            b'{"errors":[{"code":"A","message":"b"},{"code":"C","message":"d"}]}',
            "multiple errors returned: A: b; C: d",
        ),
        (b'{"errors":[]}', 'unexpected status code 403 Forbidden: {"errors":[]}'),
        (b"plain", "unexpected status code 403 Forbidden: plain"),
        (b"", "unexpected status code 403 Forbidden"),
        (b"[" * 60_000, "unexpected status code 403 Forbidden: " + "[" * 60_000),
        (b"[" * 100_000, "unexpected status code 403 Forbidden: body exceeds 65536 byte limit"),
        (b'{"Errors":[{"CODE":"A","message":5},7]}', "multiple errors returned: A: ; : "),
        (
            b'{"errors":[{"code":"A","detail":[%s,1e400,1234567,0.5]}]}' % (b"1" * 400),
            "A: ; [<nil> <nil> 1.234567e+06 0.5]",
        ),
        (b'{"errors":[{"code":"A","message":"\\ud800\\u001b[2J"}]}', "A: ?\\x1b[2J"),
        (b"\xff\x9b2J", "unexpected status code 403 Forbidden: \ufffd\ufffd2J"),
    ],
)
def test_get_texts(gate: Gate, client_of: Connect, body: bytes, text: str) -> None:
    gate.add(Answer(403, body=body), kind="manifest")
    with pytest.raises(DeniedError) as caught:
        client_of().manifest(ref_at(gate.address))
    assert str(caught.value) == f"GET {gate.url}/v2/acme/app/manifests/v1: {text}"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_retries(gate: Gate, client_of: Connect, status: int) -> None:
    client = client_of()
    gate.add(Answer(status), kind="manifest", nth=range(1, 3))
    assert client.manifest(ref_at(gate.address)).digest == IMAGE.digest
    assert len(gate.log.requests(method="GET", kind="manifest")) == 3
    gate.add(Answer(status), kind="manifest")
    with pytest.raises(StatusError):
        client.manifest(ref_at(gate.address).with_tag("other"))
    assert len(gate.log.requests(method="GET", reference="other")) == 3


def test_retry_after_beyond_the_longest_wait(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(429, (("Retry-After", "3600"),)), kind="manifest", nth=1)
    with pytest.raises(StatusError, match="429"):
        client_of().manifest(ref_at(gate.address))
    assert len(gate.log.requests(method="GET", kind="manifest")) == 1


def test_retry_after_zero_or_a_past_date(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(429, (("Retry-After", "0"),)), kind="manifest", nth=1)
    gate.add(Answer(429, (("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"),)), kind="manifest", nth=2)
    slow = Retry(max_wait=3600, duration=3600)
    assert client_of(retry=slow).manifest(ref_at(gate.address)).digest == IMAGE.digest


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("9" * 5000, None),
        ("-1", None),
        ("1.5", None),
        ("Fri, 99 Foo 2026 25:61:61 GMT", None),
        ("Fri, 31 Dec 999999999 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -9999", None),
        ("x" * 100_000, None),
        ("", None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_retry_after_says(client_of: Connect, text: str, seconds: float | None) -> None:
    def handle(request: Request) -> Response:
        del request
        return Response(503, (("Retry-After", text),))

    with Server(handle) as server, pytest.raises(StatusError) as caught:
        client_of(retry=Retry(max_wait=0, max_retry=0)).head(ref_at(server.address))
    assert caught.value.retry_after == seconds


def test_a_pause_ends_with_the_deadline(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(503), kind="manifest")
    with pytest.raises(TimeoutExceededError):
        client_of(seconds=0.3, retry=Retry(max_wait=3600, duration=3600)).manifest(ref_at(gate.address))


@pytest.mark.parametrize("fault", [Stall(at=None), Stall(at=10)], ids=repr)
@pytest.mark.parametrize("kind", ["ping", "manifest"])
def test_a_stall_ends_with_the_deadline(gate: Gate, client_of: Connect, kind: Any, fault: Any) -> None:
    gate.add(fault, kind=kind)
    if kind == "ping" and fault.at:
        gate.add(Replace(b"x" * 100), kind="ping")
    with pytest.raises(TimeoutExceededError, match="time of 500ms"):
        client_of(seconds=0.5).manifest(ref_at(gate.address))


def test_closing_wakes_readers(gate: Gate, client_of: Connect) -> None:
    gate.add(Stall(at=10), kind="manifest")
    client = client_of(seconds=None)
    outcome: list[BaseException] = []

    def read() -> None:
        try:
            client.manifest(ref_at(gate.address))
        except RegistryError as error:
            outcome.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    gate.log.wait_until(lambda: bool(gate.held()), timeout=SECONDS)
    client.close()
    thread.join(SECONDS)
    assert [type(error) for error in outcome] == [TransferError]


def test_a_plain_registry_that_is_slow_to_refuse_https_says_what_it_says(client_of: Connect) -> None:
    """Its answer counts, not how the second attempt by https failed: that is as it would be on a quicker machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    hellos = 0

    def answer(connection: socket.socket) -> None:
        nonlocal hellos
        with connection:
            if connection.recv(1 << 16).startswith(b"GET"):
                connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
                return
            hellos += 1
            if hellos == 1:
                connection.recv(1)  # until the client has had enough
            else:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    def serve() -> None:
        with suppress(OSError):
            while True:
                answer(listening.accept()[0])

    threading.Thread(target=serve, daemon=True).start()
    port = listening.getsockname()[1]
    with closing(listening), pytest.raises(StatusError, match="unexpected status code 503") as caught:
        client_of(retry=Retry(max_wait=0, max_retry=0)).head(ref_at(f"127.0.0.1:{port}"))
    assert (caught.value.status, caught.value.retry_after, hellos) == (503, 7.0, 2)
