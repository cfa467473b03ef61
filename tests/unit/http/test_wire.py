"""What a client sends, and what servers answer that it must stand."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import (
    OK,
    SECONDS,
    Scripted,
    Transports,
    answer,
    get,
    transports,  # noqa: F401 - a fixture
    trusting,
)

from ec_acceptance.testbed.servers.certificates import Authority
from refimpl.deadline import Deadline
from refimpl.errors import LimitExceededError, RegistryError, TransferError, UnreachableError
from refimpl.http import transport as module
from refimpl.http.retry import Retry
from refimpl.oci.client import Client
from refimpl.oci.reference import parse as parse_reference

if TYPE_CHECKING:
    from pathlib import Path

# What is sent.


def test_what_is_on_the_wire(transport_of: Transports) -> None:
    with closing(Scripted(OK)) as server:
        transport = transport_of()
        get(transport, f"{server.url}/a/../b?c")
        with transport.exchange("POST", f"{server.url}/", {"Content-Type": "text/x"}, body=b"x" * 2_000_000) as posted:
            assert posted.read_all(9) == b"ok"
        host = f"Host: 127.0.0.1:{server.port}"
        common = ["User-Agent: test", "Accept-Encoding: identity"]
        first, second = (request.partition(b"\r\n\r\n")[0].decode().split("\r\n") for request in server.requests)
        assert first == ["GET /a/../b?c HTTP/1.1", host, *common]
        assert second == ["POST / HTTP/1.1", host, *common, "Content-Type: text/x", "Content-Length: 2000000"]
        assert server.connections == 1


def test_the_process_s_own_environment_names_no_proxy(
    transport_of: Transports, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("all_proxy", "ALL_PROXY", "http_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with closing(Scripted(OK)) as server:
        assert get(transport_of(), server.url) == b"ok"


# What comes.


@pytest.mark.parametrize("status", [100, 102, 103])
def test_interim_answers_are_none(transport_of: Transports, status: int) -> None:
    interim = b"HTTP/1.1 %d Hint\r\nLink: </x>\r\n\r\n" % status
    with closing(Scripted(interim * 3 + OK)) as server:
        response = transport_of().exchange("GET", server.url)
        assert (response.status, response.header("Link"), response.read_all(9)) == (200, "", b"ok")


@pytest.mark.parametrize(
    "fields", [[f"X-{number}: y" for number in range(2000)], [f"X: {'y' * 90_000}"] * 2, ["X: \u00fc"]]
)
def test_many_and_long_fields(transport_of: Transports, fields: list[str]) -> None:
    with closing(Scripted(answer(b"ok", *fields))) as server:
        response = transport_of().exchange("GET", server.url)
        assert response.headers("x-1999" if len(fields) > 9 else "X")[-1] == fields[-1].partition(": ")[2]
        assert response.read_all(9) == b"ok"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 80_000 + b"\r\n") * 5 + b"\r\n",
        b"HTTP/1.1 103 Hint\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n" * 9000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n",
    ],
    ids=["many", "long", "interim", "one"],
)
def test_a_head_without_end(transport_of: Transports, head: bytes) -> None:
    with closing(Scripted(head)) as server, pytest.raises(RegistryError, match=r"header field"):
        transport_of().exchange("GET", server.url)


@pytest.mark.parametrize("digits", ["9" * 5000, "\u0663", "-1", "2, 3", "x"])
def test_lengths_that_are_none(transport_of: Transports, digits: str) -> None:
    text = f"HTTP/1.1 200 OK\r\nContent-Length: {digits}\r\n\r\nok".encode()
    with closing(Scripted(text)) as server:
        with suppress(RegistryError):
            transport_of().exchange("HEAD", server.url).close()
        with pytest.raises(RegistryError):  # noqa: PT012 - either may fail
            response = transport_of().exchange("GET", server.url)
            response.read_all(1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nok", "unexpected EOF"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n", "unexpected EOF"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\nzz\r\n",
            "malformed chunked encoding",
        ),
    ],
    ids=["length", "chunked", "garbage"],
)
@pytest.mark.parametrize("secure", [False, True])
def test_a_short_body_is_not_whole(
    transport_of: Transports,
    tmp_path: Path,
    text: bytes,
    reason: str,
    secure: bool,  # noqa: FBT001 - a table's column
) -> None:
    authority = Authority()
    with closing(Scripted(text, tls=authority.server if secure else None)) as server:
        response = transport_of(trusting(authority, tmp_path)).exchange("GET", server.url)
        for _ in range(2):
            with pytest.raises(TransferError, match=f'^Get "{server.url}": (unexpected EOF|{reason})$'):
                response.read_all(100)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"text" * 99, mtime=0)),
        ("X-GZIP", gzip.compress(b"text" * 98, mtime=0) + gzip.compress(b"text", mtime=0)),
        ("deflate", zlib.compress(b"text" * 99)),
        ("deflate", zlib.compress(b"text" * 99, wbits=-15)),
        ("gzip, identity, deflate", zlib.compress(gzip.compress(b"text" * 99, mtime=0))),
        ("identity", b"text" * 99),
        ("unknown", b"text" * 99),
        ("", b"text" * 99),
    ],
)
def test_bodies_are_decoded_whatever_was_asked_for(transport_of: Transports, coding: str, body: bytes) -> None:
    with closing(Scripted(answer(body, f"Content-Encoding: {coding}"))) as server:
        transport = transport_of()
        assert get(transport, server.url) == b"text" * 99
        with transport.exchange("GET", server.url) as response:
            assert b"".join(iter(lambda: response.read(7), b"")) == b"text" * 99
        transport.exchange("HEAD", server.url).drain()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"text" * 99, mtime=0)[:-9]),
        ("gzip", gzip.compress(b"text" * 99, mtime=0)[:-8] + b"\0" * 8),
        ("gzip", gzip.compress(b"text", mtime=0) + b"more"),
        ("gzip", b"text"),
        ("deflate", zlib.compress(b"text" * 99)[:-1]),
        ("deflate", zlib.compress(b"text" * 99) + b"more"),
        ("gzip, gzip, gzip", b"text"),
    ],
)
def test_bodies_that_are_not_what_they_say(transport_of: Transports, coding: str, body: bytes) -> None:
    with closing(Scripted(answer(body, f"Content-Encoding: {coding}"))) as server, pytest.raises(TransferError):
        get(transport_of(), server.url)


def test_a_bomb_is_bounded_by_what_is_read(transport_of: Transports) -> None:
    inner = gzip.compress(gzip.compress(bytes(1 << 28)))
    with closing(Scripted(answer(inner, "Content-Encoding: gzip, gzip"))) as server:
        response = transport_of().exchange("GET", server.url)
        assert len(response.read(1 << 30)) <= 1 << 18
        with pytest.raises(LimitExceededError):
            response.read_all(1 << 20)


def test_no_answer_is_told_after_two_attempts(transport_of: Transports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.3)
    with closing(Scripted(None)) as server:
        with pytest.raises(TransferError, match=r"no answer within 0.3 seconds, asked twice"):
            transport_of().exchange("GET", server.url)
        assert len(server.asked(2)) == 2
        with pytest.raises(TransferError, match=r"no answer within 0.3 seconds, asked once"):
            transport_of().exchange("POST", server.url, body=b"x")
        assert len(server.asked(3)) == 3


@settings(max_examples=150)
@given(
    st.binary()
    | st.lists(
        st.sampled_from(
            (b"HTTP/1.1 ", b"200", b" OK", b"\r\n", b"\n", b":", b"\0", b"Content-Length: 3", b"Location: http://[",
             b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"307", b"101", b"\xff", b"0\r\n\r\n", b" ")
        )
    ).map(b"".join)
)  # fmt: skip
def test_whatever_comes_is_an_answer_or_an_error(transport_of: Transports, data: bytes) -> None:
    with closing(Scripted(data + b"\r\nConnection: close\r\n\r\n")) as server, suppress(RegistryError):
        get(transport_of(), server.url)


# A run.


def test_a_registry_that_says_nothing_is_given_up_for_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.3)
    with (
        closing(Scripted(None)) as server,
        closing(Client(deadline=Deadline(SECONDS), retry=Retry(), environ={})) as client,
    ):
        ref = parse_reference(f"127.0.0.1:{server.port}/acme/app:v1")
        for _ in range(3):
            with pytest.raises(UnreachableError, match=r"no answer within 0.3 seconds, asked twice$"):
                client.head(ref)
        assert len(server.asked(2, b"GET /v2/ ")) == 2


def test_the_other_libraries_for_http_are_not_loaded() -> None:
    """Each takes as long as a tenth of a run."""
    program = (
        "import sys, refimpl.commands.validate_image, refimpl.http.connection\n"
        "import refimpl.policy.sources.git, refimpl.kubernetes.client\n"
        "print(sorted({'http.client', 'ssl', 'urllib3', 'urllib.request', 'requests'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_a_field_with_several_values_is_sent_as_often(transport_of: Transports) -> None:
    with closing(Scripted(answer(b"ok"))) as server:
        with transport_of().exchange("GET", server.url, {"X-One": "1", "X-Many": ["a", "b, c"], "X-None": ()}) as found:
            assert found.read_all(10) == b"ok"
        head = server.requests[0].decode().split("\r\n")
    assert [line for line in head if line.startswith("X-")] == ["X-One: 1", "X-Many: a", "X-Many: b, c"]


def test_no_value_of_a_field_begins_another_line(transport_of: Transports) -> None:
    with closing(Scripted(answer(b"ok"))) as server, pytest.raises(UnreachableError, match=r'invalid .* for "X-Many"'):
        transport_of().exchange("GET", server.url, {"X-Many": ["a", "b\r\nX-Other: c"]})
