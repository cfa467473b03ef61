"""What tests of the gate send through it and read from the wire."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from sessions import ask

from ec_acceptance.testbed.registry.digests import digest_of
from ec_acceptance.testbed.servers.http import Headers

if TYPE_CHECKING:
    from ec_acceptance.testbed.gate.gate import Gate

WAIT = 60.0

DATA = b"0123456789"

DIGEST = digest_of(DATA)

PATH = f"/v2/a/blobs/{DIGEST}"


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
    """The status and the body; an error of requests where the answer breaks off."""
    answer = ask("GET", f"{gate.url}{path}")
    return answer.status_code, answer.content
