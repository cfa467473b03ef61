"""Limits of time and of places, with limits that are short: what takes seconds in the product takes none here."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from refimpl.record import replace
from refimpl.server.limits import LIMITS
from refimpl.server.listener import Clients, listen
from refimpl.server.messages import Request, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from refimpl.server.limits import Limits

_HEAD = b"POST /v1/validate/input HTTP/1.1\r\nHost: a\r\n"


class _Testbed:
    """Clients of a server that answers with how long their bodies are."""

    def __init__(self, limits: Limits) -> None:
        self.asked: list[Request] = []
        self.releases: list[Callable[[], None]] = []
        self.keeps_bodies = False
        self.clients = Clients(self._answer, limits)

    async def _answer(self, request: Request, release: Callable[[], None]) -> Response:
        self.asked.append(request)
        if self.keeps_bodies:
            self.releases.append(release)
        else:
            release()
        return Response(200, {}, str(len(request.body)).encode())


def _with(limits: Limits, scenario: Callable[[_Testbed, int], Awaitable[None]]) -> _Testbed:
    """Carry out a scenario with a server on a port."""
    testbed = _Testbed(limits)

    async def run() -> None:
        listening = listen("127.0.0.1", 0)
        loop = asyncio.get_running_loop()
        loop.add_reader(listening, testbed.clients.accept, listening)
        port = listening.getsockname()[1]
        try:
            async with asyncio.timeout(300):
                await scenario(testbed, port)
        finally:
            loop.remove_reader(listening)
            listening.close()
            await testbed.clients.finish(0.5)

    asyncio.run(run())
    return testbed


async def _send(port: int, *pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    return reader, writer


async def _answer_to(port: int, *pieces: bytes) -> bytes:
    """All that the server says until it closes the connection."""
    reader, writer = await _send(port, *pieces)
    try:
        return await reader.read()
    finally:
        await _closed(writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def test_a_head_that_doesnt_end_in_time_ends_the_connection() -> None:
    async def scenario(_: _Testbed, port: int) -> None:
        assert await _answer_to(port, b"GET /live HT") == b""

    assert not _with(replace(LIMITS, head_seconds=0.05), scenario).asked


@pytest.mark.parametrize("field", [b"X: ", b"X: a\r\n" * 300 + b"Y: "], ids=["one", "many"])
def test_a_head_that_comes_whole_is_no_larger_than_one_that_goes_on(field: bytes) -> None:
    async def scenario(_: _Testbed, port: int) -> None:
        head = b"GET /live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + field
        assert (await _answer_to(port, head + b"x\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        refused = await _answer_to(port, head + b"x" * 5000 + b"\r\n\r\n")
        assert refused.startswith(b"HTTP/1.1 431 ")
        assert refused.endswith(b'\r\n\r\n{"error":"request header fields are too large","status":431}\n')

    assert len(_with(replace(LIMITS, head=5000, lingering_seconds=0.05), scenario).asked) == 1


def test_a_connection_that_isnt_used_again_ends_later() -> None:
    async def scenario(_: _Testbed, port: int) -> None:
        answer = await _answer_to(port, b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")

    assert len(_with(replace(LIMITS, idle_seconds=0.05), scenario).asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"Content-Length: 5\r\n\r\nhal", b"Transfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n"],
    ids=["length", "chunks"],
)
def test_a_body_that_doesnt_end_in_time_is_refused(body: bytes) -> None:
    async def scenario(_: _Testbed, port: int) -> None:
        answer = await _answer_to(port, _HEAD + body)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.endswith(b'\r\n\r\n{"error":"failed to read request body","status":400}\n')

    assert not _with(replace(LIMITS, body_seconds=0.05, lingering_seconds=0.05), scenario).asked


def test_bytes_that_come_one_by_one_dont_get_more_time() -> None:
    async def scenario(_: _Testbed, port: int) -> None:
        reader, writer = await _send(port, _HEAD + b"Content-Length: 100000\r\n\r\n")
        answered = asyncio.ensure_future(reader.read())
        while not answered.done():
            writer.write(b"x")
            await asyncio.sleep(0.005)
        assert (await answered).startswith(b"HTTP/1.1 400 ")
        await _closed(writer)

    assert not _with(replace(LIMITS, body_seconds=0.1, lingering_seconds=0.05), scenario).asked


def test_large_bodies_wait_for_a_place_and_small_ones_dont() -> None:
    limits = replace(LIMITS, small_body=10, large_bodies=1)

    async def scenario(testbed: _Testbed, port: int) -> None:
        testbed.keeps_bodies = True
        large = _HEAD + b"Content-Length: 20\r\nConnection: close\r\n\r\n" + b"x" * 20
        assert (await _answer_to(port, large)).endswith(b"20")
        second = asyncio.ensure_future(_answer_to(port, large))
        small = _HEAD + b"Content-Length: 10\r\nConnection: close\r\n\r\n" + b"x" * 10
        assert (await _answer_to(port, small)).endswith(b"10")
        assert not second.done()
        assert len(testbed.asked) == 2
        testbed.releases[0]()  # nobody looks at the first one any more
        assert (await second).endswith(b"20")

    _with(limits, scenario)


def test_a_large_body_that_finds_no_place_in_time_is_refused() -> None:
    limits = replace(LIMITS, small_body=10, large_bodies=1, body_seconds=0.2, lingering_seconds=0.05)

    async def scenario(testbed: _Testbed, port: int) -> None:
        testbed.keeps_bodies = True
        chunks = _HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n"
        assert (await _answer_to(port, chunks)).endswith(b"20")
        for large in (chunks, _HEAD + b"Content-Length: 20\r\n\r\n" + b"x" * 20):
            answer = await _answer_to(port, large)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert answer.endswith(b'{"error":"too many large requests at a time","status":503}\n')

    _with(limits, scenario)


def test_a_client_that_goes_away_leaves_its_place() -> None:
    limits = replace(LIMITS, small_body=10, large_bodies=1)

    async def scenario(__: _Testbed, port: int) -> None:
        _, writer = await _send(port, _HEAD + b"Content-Length: 20\r\n\r\n" + b"x" * 15)
        await _closed(writer)
        large = _HEAD + b"Content-Length: 20\r\nConnection: close\r\n\r\n" + b"x" * 20
        assert (await _answer_to(port, large)).endswith(b"20")

    _with(limits, scenario)


def test_of_too_many_connections_the_one_that_waits_for_longest_makes_way() -> None:
    async def scenario(__: _Testbed, port: int) -> None:
        first = await _send(port, b"GET")
        second = await _send(port, b"GET")
        assert (await _answer_to(port, b"GET /live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).endswith(b"0")
        with suppress(ConnectionResetError):
            assert await first[0].read() == b""
        second[1].write(b" /live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await second[0].read()).endswith(b"0")
        for _, writer in (first, second):
            await _closed(writer)

    _with(replace(LIMITS, connections=2), scenario)


def test_chunks_of_one_byte_take_no_more_memory_than_their_bytes() -> None:
    """The body is one array of bytes from the start, not an object for each chunk."""
    import tracemalloc

    size = 100_000

    async def scenario(_: _Testbed, port: int) -> None:
        tracemalloc.start()
        try:
            head = _HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            answer = await _answer_to(port, head, b"1\r\nx\r\n" * size, b"0\r\n\r\n")
            assert answer.endswith(str(size).encode())
            assert tracemalloc.get_traced_memory()[1] < 25 * size
        finally:
            tracemalloc.stop()

    _with(replace(LIMITS, body_seconds=300.0), scenario)  # it is 3 s of work


@pytest.mark.parametrize("expectation", [b"Expect: 100-continue\r\n", b"expect:100-Continue\r\n"])
def test_a_client_that_asks_first_is_told_to_go_on(expectation: bytes) -> None:
    async def scenario(_: _Testbed, port: int) -> None:
        reader, writer = await _send(port, _HEAD + expectation + b"Content-Length: 4\r\nConnection: close\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 \r\n\r\n"
        writer.write(b"body")
        assert (await reader.read()).endswith(b"4")
        await _closed(writer)

    _with(LIMITS, scenario)
