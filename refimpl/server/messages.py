"""Requests and responses, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.golang import jsontext
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http import HTTPStatus


@record
class Request:
    """A request that was read to its end.

    Attributes:
        method: as it was sent, such as ``POST``.
        path: as it was sent, without the query; nothing in it is decoded or taken away.
        content_type: the field's value, or empty.
        body: at most `refimpl.server.limits.BODY` bytes.
    """

    method: str
    path: str
    content_type: str = ""
    body: bytes = field(repr=False, default_factory=bytes)


@record
class Response:
    """What is answered; ``Content-Length`` and ``Date`` are added when it is sent."""

    status: int
    fields: Mapping[str, str]
    body: bytes = field(repr=False)


def error_response(status: int, message: str) -> Response:
    """``{"error":"<message>","status":<status>}`` and a newline, as each error of a request is told."""
    body = jsontext.encode({"error": message, "status": status}) + b"\n"
    return Response(status, {"Content-Type": "application/json"}, body)


def text_response(status: HTTPStatus, text: str, **fields: str) -> Response:
    """A line of plain text: what is said of paths and methods that there aren't."""
    plain = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return Response(status, {**fields, **plain}, f"{text}\n".encode())
