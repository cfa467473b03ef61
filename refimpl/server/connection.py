"""One connection: its requests are read within limits, and answered one after another.

h11 knows the protocol: what a request is, where it ends, what mustn't be sent. Here are sockets, sizes and times.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
import uuid
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import h11

from refimpl.deadline import duration_text
from refimpl.server.messages import Request, Response, error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from refimpl.server.limits import Limits

_log = logging.getLogger(__name__)
_PIECE: Final = 64 << 10
_TARGET: Final = re.compile(r"(?:https?://[^/?#]*)?(?P<path>[^?]*)", re.IGNORECASE)
"""A request's target, with or without a host in front; there is no fragment in it (RFC 9112 §3.2)."""
_HOST: Final = re.compile(r"[A-Za-z0-9!$%&()*+,.:;='_~\[\]-]*")
"""What a host and a port may be written with (RFC 3986 §3.2.2); a request of another one is refused (RFC 9112 §3.2)."""
_UNREADABLE: Final = "failed to read request body"
_TOO_LARGE: Final = "request header fields are too large"


class _RefusedError(Exception):
    """The request is answered before it is read to its end, and the connection is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.response = error_response(status, message)


class Connection:
    """A client's connection, from its beginning to its end.

    Args:
        reader: of the socket.
        writer: likewise.
        answer: makes a response; calls the function that it is given when the request's body isn't needed any more.
        limits: of sizes and times.
        large: places for large bodies, which all connections share.
        changed: called when the connection begins or ends to keep the server waiting.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answer: Callable[[Request, Callable[[], None]], Awaitable[Response]],
        limits: Limits,
        large: asyncio.Semaphore,
        changed: Callable[[Connection], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._answer = answer
        self._limits = limits
        self._large = large
        self._lacks_place = self._has_place = False
        self._changed = changed
        self._protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head)
        self._asks_for_head_only = False
        self._ending = False
        self._idle = True
        self.waits_for_client = True
        """Whether the next thing that must happen is the client's."""

    async def serve(self, refused: Response | None = None) -> None:
        """Answer requests until the client or the server wants no more of them; with `refused` say only that."""
        seconds = self._limits.head_seconds
        try:
            if refused is not None:
                await self._refuse(refused)
                return
            while await self._exchange(seconds) and not self._ending:
                seconds = self._limits.idle_seconds
                self._protocol.start_next_cycle()
        except (OSError, TimeoutError, h11.LocalProtocolError):
            pass  # the client is gone, or silent, or doesn't take what it asked for
        finally:
            self._place_given_away()()
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    def finish(self) -> None:
        """End with the request that is begun, or at once when none is."""
        self._ending = True
        if self._idle:
            self.abort()

    def abort(self) -> None:
        """End at once."""
        self._writer.transport.abort()

    async def _exchange(self, seconds: float) -> bool:
        """Read and answer one request; whether the connection may be used again."""
        self._set_waiting_for_client(waiting=True)
        self._idle = True
        try:
            async with asyncio.timeout(seconds):
                head = await self._event()
        except h11.RemoteProtocolError as error:
            await self._refuse(error_response(error.error_status_hint, _reason(error)))
            return False
        if not isinstance(head, h11.Request):
            return False  # the client has ended
        self._idle = False
        self._asks_for_head_only = head.method == b"HEAD"
        if _size(head) > self._limits.head:  # h11 looks at this only while the end is missing
            await self._refuse(error_response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LARGE))
            return False
        begun = time.monotonic()
        try:
            body = await self._body(head)
        except _RefusedError as refused:
            _tell(head, refused.response.status, begun, self._writer)
            await self._refuse(refused.response)
            return False
        self._set_waiting_for_client(waiting=False)
        request = Request(head.method.decode("ascii"), _path(head), _field(head, b"content-type"), body)
        response = await self._answer(request, self._place_given_away())
        self._set_waiting_for_client(waiting=True)
        await self._send(response)
        _tell(head, response.status, begun, self._writer)
        return self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE

    async def _body(self, head: h11.Request) -> bytes:
        limits = self._limits
        _check(head)
        size = int(_field(head, b"content-length") or 0)
        body = bytearray()
        try:
            async with asyncio.timeout(limits.body_seconds):
                await self._make_room(size)
                if self._protocol.they_are_waiting_for_100_continue:
                    await self._write(h11.InformationalResponse(status_code=100, headers=[]))
                while isinstance(event := await self._event(), h11.Data):
                    await self._make_room(len(body) + len(event.data))
                    body += event.data
        except TimeoutError:
            if self._lacks_place:
                raise _RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "too many large requests at a time") from None
            raise _RefusedError(HTTPStatus.BAD_REQUEST, _UNREADABLE) from None
        except h11.RemoteProtocolError:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, _UNREADABLE) from None
        return bytes(body)

    async def _event(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._protocol.receive_data(await self._reader.read(_PIECE))
        return event

    # Room for bodies.

    async def _make_room(self, size: int) -> None:
        """Wait for a place for a body of so many bytes, if it needs one and has none."""
        if size > self._limits.body:
            raise _RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"request body exceeds {self._limits.body >> 20}MB limit"
            )
        if size > self._limits.small_body and not self._has_place:
            self._lacks_place = True
            await self._large.acquire()
            self._lacks_place, self._has_place = False, True

    def _place_given_away(self) -> Callable[[], None]:
        """What gives back the place that this connection has, if any; from now on it is somebody else's to call."""
        if not self._has_place:
            return lambda: None
        self._has_place = False
        return self._large.release

    def _set_waiting_for_client(self, *, waiting: bool) -> None:
        self.waits_for_client = waiting
        self._changed(self)

    # Responses.

    async def _refuse(self, response: Response) -> None:
        """Send the response and pass over what is still on its way, so that the client gets to read it."""
        self._set_waiting_for_client(waiting=True)
        if self._protocol.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            await self._send(response, last=True)
        self._writer.write_eof()
        async with asyncio.timeout(self._limits.lingering_seconds):
            while await self._reader.read(_PIECE):
                pass

    async def _send(self, response: Response, *, last: bool = False) -> None:
        fields = [*response.fields.items(), ("Date", formatdate(usegmt=True))]
        fields.append(("Content-Length", str(len(response.body))))
        if last or self._ending:
            fields.append(("Connection", "close"))
        reason = HTTPStatus(response.status).phrase
        await self._write(h11.Response(status_code=response.status, headers=fields, reason=reason))
        if not self._asks_for_head_only:
            await self._write(h11.Data(data=response.body))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        self._writer.write(self._protocol.send(event) or b"")
        async with asyncio.timeout(self._limits.write_seconds):
            await self._writer.drain()


def _check(head: h11.Request) -> None:
    """Check what h11 leaves to its users.

    Raises:
        _RefusedError: another reader could read the request otherwise, or it wants what isn't done here.
    """
    if head.http_version not in {b"1.0", b"1.1"}:
        raise _RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "only HTTP/1.0 and HTTP/1.1 are spoken here")
    if not _HOST.fullmatch(_field(head, b"host")):
        raise _RefusedError(HTTPStatus.BAD_REQUEST, "malformed request: the Host is none")
    if _field(head, b"transfer-encoding"):
        if _field(head, b"content-length"):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, f"{_UNREADABLE}: it has two lengths")
        if head.http_version == b"1.0":
            raise _RefusedError(HTTPStatus.BAD_REQUEST, f"{_UNREADABLE}: there are no chunks in HTTP/1.0")
    if _field(head, b"expect").lower() not in {"", "100-continue"}:
        raise _RefusedError(HTTPStatus.EXPECTATION_FAILED, "nothing but 100-continue can be expected here")


def _size(head: h11.Request) -> int:
    """The bytes of a head, without those that hold its parts together."""
    return len(head.target) + sum(len(name) + len(value) for name, value in head.headers)


def _path(head: h11.Request) -> str:
    matched = _TARGET.match(head.target.decode("latin-1"))
    return matched["path"] if matched else ""


def _field(head: h11.Request, name: bytes) -> str:
    """The first of the fields of a name; empty without."""
    return next((value.decode("latin-1") for field, value in head.headers if field == name), "")


def _reason(error: h11.RemoteProtocolError) -> str:
    if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
        return _TOO_LARGE
    return f"malformed request: {str(error).partition(': bytearray')[0]}"  # h11 shows some of what it can't read


def _tell(head: h11.Request, status: int, begun: float, writer: asyncio.StreamWriter) -> None:
    """Have the log tell of a request that was answered."""
    peer = writer.get_extra_info("peername") or ("", "")
    fields = {
        "request_id": str(uuid.uuid4()),
        "method": head.method.decode("ascii"),
        "path": _path(head),
        "remote": f"{peer[0]}:{peer[1]}",
        "status": status,
        "latency": duration_text(time.monotonic() - begun),
        "size": int(_field(head, b"content-length") or (-1 if _field(head, b"transfer-encoding") else 0)),
    }
    _log.info("Request completed", extra={"fields": fields})
