from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
import trustme
from sessions import BROKEN, Session, ask

from ec_acceptance.testbed.servers.http import Headers, Request, Response, Server, Wire, slices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def echo(request: Request) -> Response:
    text = f"{request.method} {request.path} {dict(request.query)} {request.raw_query} {request.secure}\n".encode()
    return Response(200, (("Content-Type", "text/plain"),), text + request.body)


def conversation(server: Server, sent: bytes) -> bytes:
    """What comes back for `sent` until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(sent)
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def test_headers_are_found_whatever_their_case_and_the_last_counts() -> None:
    headers = Headers([("X-One", "1"), ("x-one", "2")])
    assert headers["X-ONE"] == "2"
    assert len(headers) == 1


def test_one_connection_carries_many_requests() -> None:
    with Server(echo) as server, Session() as session:
        for number in range(3):
            answer = session.ask("PUT", f"{server.url}/a%20b?n={number}&n=x", b"body")
            assert answer.content == f"PUT /a%20b {{'n': 'x'}} n={number}&n=x False\nbody".encode()
            assert answer.headers["Content-Length"]


def test_head_announces_the_length_and_sends_no_body() -> None:
    with Server(lambda _: Response(200, (), b"four")) as server, Session() as session:
        for _ in range(2):
            answer = session.ask("HEAD", server.url)
            assert (answer.headers["Content-Length"], answer.content) == ("4", b"")


def test_no_content_has_neither_body_nor_length() -> None:
    with Server(lambda _: Response(204)) as server:
        answer = ask("GET", server.url)
        assert (answer.status_code, answer.headers.get("Content-Length"), answer.content) == (204, None, b"")


def test_a_stream_is_chunked_unless_it_brings_its_length() -> None:
    def parts(request: Request) -> Response:
        known = (("Content-Length", "6"),) if request.path == "/known" else ()
        pieces: list[bytes | memoryview] = [b"abc", b"", memoryview(b"def")]
        return Response(200, known, iter(pieces))

    with Server(parts) as server, Session() as session:
        for path, encoding in (("/", "chunked"), ("/known", None)):
            answer = session.ask("GET", f"{server.url}{path}")
            assert (answer.content, answer.headers.get("Transfer-Encoding")) == (b"abcdef", encoding)


def test_a_chunked_request_is_understood() -> None:
    with Server(echo) as server:
        head = b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = conversation(server, head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n")
    assert answer.endswith(b"\nabcde")


def test_who_expects_to_be_asked_for_the_body_is_asked_once() -> None:
    with Server(echo) as server, socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        interim = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.recv(len(interim), socket.MSG_WAITALL) == interim
        connection.sendall(b"ab")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\nab")


def test_a_body_that_ends_early_reaches_no_service() -> None:
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        return Response(200)

    with Server(handler) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(10) == b""
        assert not seen
        assert not server.failures


def test_a_tls_greeting_on_a_plain_port_gets_a_plain_answer_at_once() -> None:
    with Server(echo) as server:
        assert conversation(server, b"\x16\x03\x01\x02\x00\x01").startswith(b"HTTP/1.0 400 ")


def test_it_speaks_tls_and_says_so_to_its_service(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with Server(echo, tls=context) as server:
        assert server.url == f"https://{server.address}"
        with Session(tmp_path / "ca.pem") as session:
            assert session.ask("GET", server.url).content == b"GET / {}  True\n"
        # Who doesn't speak TLS, or doesn't trust, harms nobody else.
        assert conversation(server, b"GET / HTTP/1.1\r\n\r\n") in {b"", b"\x15\x03\x03\x00\x02\x02\x46"}
        with Session(tmp_path / "ca.pem") as session:
            assert session.ask("GET", server.url).status_code == 200
        assert not server.failures


def test_a_mistake_of_the_service_is_kept_and_answered() -> None:
    def broken(_: Request) -> Response:
        raise FileNotFoundError("gone")

    with Server(broken) as server:
        answer = ask("GET", server.url)
        assert (answer.status_code, answer.content) == (500, b"FileNotFoundError('gone')\n")
        assert [str(error) for error in server.failures] == ["gone"]


def test_a_stream_that_breaks_is_kept_and_never_looks_whole() -> None:
    def parts() -> Iterator[bytes]:
        yield b"abc"
        raise ValueError("broken")

    with Server(lambda _: Response(200, (), parts())) as server:
        with pytest.raises(BROKEN):
            ask("GET", server.url)
        assert [str(error) for error in server.failures] == ["broken"]


def written(*actions: str) -> Response:
    def write(wire: Wire) -> None:
        wire.head(200, (("Content-Length", "10"),))
        for action in actions:
            if action in {"close", "reset"}:
                getattr(wire, action)()
            else:
                wire.write(action.encode())

    return Response(0, writer=write)


def test_a_writer_that_closes_ends_the_stream_in_good_order() -> None:
    with Server(lambda _: written("abc", "close")) as server:
        assert conversation(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"\r\n\r\nabc")


def test_a_writer_that_resets_aborts_after_what_it_sent() -> None:
    with Server(lambda _: written("abc", "reset")) as server:
        got = b""
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(ConnectionResetError):  # noqa: PT012  # the data comes first, then the reset
                while part := connection.recv(1 << 16):
                    got += part
        assert got.endswith(b"\r\n\r\nabc")


def test_a_wire_knows_when_its_peer_has_gone() -> None:
    answers: list[bool] = []
    left = threading.Event()
    told = threading.Event()

    def write(wire: Wire) -> None:
        answers.append(wire.peer_gone)
        told.set()
        left.wait(60)
        answers.append(wire.peer_gone)
        told.set()

    with Server(lambda _: Response(0, writer=write)) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert told.wait(60)
            told.clear()
        left.set()
        assert told.wait(60)
    assert answers == [False, True]


def test_close_ends_idle_connections_and_all_threads() -> None:
    server = Server(echo, name="closing")
    with Session() as session:
        session.ask("GET", server.url)
        server.close()
        server.close()
        with pytest.raises(BROKEN):
            session.ask("GET", server.url)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("closing:")]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1).close()


def test_slices_are_small_never_empty_and_not_copied() -> None:
    big = bytes(3 << 20) + b"x"
    parts = list(slices(big))
    assert [len(part) for part in parts] == [1 << 20, 1 << 20, 1 << 20, 1]
    assert all(isinstance(part, memoryview) and part.obj is big for part in parts)
    assert list(slices([b"", b"a"])) == [b"a"]
