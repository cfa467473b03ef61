from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from scripted import OK, SECONDS, Scripted

from refimpl.deadline import Deadline
from refimpl.errors import TransferError
from refimpl.http.transport import Transport, close_idle

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


class Fickle(Scripted):
    """A server that answers the first `patience` requests of each connection, and closes it on the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.url += "/x"
        self.patience = 1
        self.answer = OK
        self.last = b""
        self.closed = threading.Event()
        self.early = False

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            for _ in range(self.patience):
                if not self._receive(connection):
                    return
                connection.sendall(self.answer)
            if not self.early:
                self._receive(connection)
                connection.sendall(self.last)
        self.closed.set()

    def _receive(self, connection: socket.socket) -> bool:
        data = b""
        while not data.endswith((b"\r\n\r\n", b"body")):
            part = connection.recv(1 << 16)
            if not part:
                return False
            data += part
        self.requests.append(data)
        return True


@pytest.fixture
def server() -> Iterator[Fickle]:
    with closing(Fickle()) as made:
        yield made


@pytest.fixture
def transport() -> Iterator[Transport]:
    with closing(Transport({}, Deadline(SECONDS), user_agent="test")) as made:
        yield made


def ask(transport: Transport, url: str, body: bytes | None = None) -> bytes:
    with transport.exchange("GET" if body is None else "POST", url, body=body) as response:
        return response.read_all(100)


def asked_at_once(transport: Transport, server: Fickle, count: int) -> None:
    """Leave `count` idle connections behind."""
    open_ones = [transport.exchange("GET", server.url) for _ in range(count)]
    for response in open_ones:
        response.drain()
    assert server.connections == count


@pytest.mark.parametrize("body", [None, b"body"])
def test_a_kept_connection_that_ends_with_the_request_costs_nothing(
    transport: Transport, server: Fickle, body: bytes | None
) -> None:
    asked_at_once(transport, server, 3)
    assert ask(transport, server.url, body) == b"ok"
    assert server.connections == 4, "of several kept connections only one is tried"


@pytest.mark.parametrize("body", [None, b"body"])
def test_a_kept_connection_that_has_ended_is_not_used(transport: Transport, server: Fickle, body: bytes | None) -> None:
    server.early = True
    ask(transport, server.url)
    assert server.closed.wait(SECONDS)
    assert ask(transport, server.url, body) == b"ok"
    assert len(server.requests) == 2


def test_a_get_has_both_of_its_attempts_after_a_kept_connection_ended(transport: Transport, server: Fickle) -> None:
    asked_at_once(transport, server, 1)
    server.patience = 0
    with pytest.raises(TransferError, match="EOF"):
        ask(transport, server.url)
    assert server.connections == 3
    assert len(server.requests) == 4


def test_a_post_is_not_repeated_on_a_new_connection(transport: Transport, server: Fickle) -> None:
    server.patience = 0
    with pytest.raises(TransferError, match="EOF"):
        ask(transport, server.url, b"body")
    assert len(server.requests) == 1


def test_a_post_is_not_repeated_when_something_of_the_answer_came(transport: Transport, server: Fickle) -> None:
    server.last = b"HTP/1.1 200"
    asked_at_once(transport, server, 1)
    with pytest.raises(TransferError, match="malformed HTTP response"):
        ask(transport, server.url, b"body")
    assert server.connections == 1


def test_a_process_that_is_to_be_forked_closes_what_its_copies_must_not_use(
    transport: Transport, server: Fickle
) -> None:
    server.patience = 2
    asked_at_once(transport, server, 1)
    close_idle()
    assert ask(transport, server.url) == b"ok"
    assert server.connections == 2
