"""Listens, keeps count of connections, and ends in order."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from refimpl.errors import Error, InternalError
from refimpl.golang.oserrors import reason
from refimpl.server.connection import Connection
from refimpl.server.messages import Request, Response, error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from refimpl.server.limits import Limits

_log = logging.getLogger(__name__)
_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_PORTS: Final = 1 << 16


class ListeningError(Error):
    """The address can't be listened on: choose another ``--server-address`` or ``--server-port``."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on.

    Args:
        host: a name or an address, one of IPv6 in brackets; empty for all of this machine's.
        port: 0 for any that is free.

    Raises:
        ListeningError: it isn't possible.
    """
    failed = f"listen on {host}:{port}: listen tcp"
    if not 0 <= port < _PORTS:
        raise ListeningError(f"{failed}: address {port}: invalid port")
    bracketed = host.startswith("[") and host.endswith("]")
    if ":" in host and not bracketed:
        raise ListeningError(f"{failed}: address {host}:{port}: too many colons in address")
    plain = host[1:-1] if bracketed else host
    if not host and socket.has_dualstack_ipv6():
        return _bind(("", port), socket.AF_INET6, failed, dualstack=True)
    try:
        found = socket.getaddrinfo(plain or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise ListeningError(f"{failed}: lookup {plain}: no such host") from None
    family, _, _, _, address = found[0]
    return _bind((str(address[0]), port), family, failed)


def _bind(address: tuple[str, int], family: int, failed: str, *, dualstack: bool = False) -> socket.socket:
    try:
        return socket.create_server(
            address, family=family, backlog=socket.SOMAXCONN, reuse_port=False, dualstack_ipv6=dualstack
        )
    except OSError as error:
        where = failed if dualstack else f"{failed} {_format_address(address)}"
        plain = OSError(error.errno, os.strerror(error.errno or 0))  # Python adds the address, in words of its own
        raise ListeningError(f"{where}: bind: {reason(plain)}") from None


def _format_address(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def serve(
    listening: socket.socket, answer: Callable[[Request, Callable[[], None]], Awaitable[Response]], limits: Limits
) -> None:
    """Answer requests until SIGTERM, SIGINT or SIGHUP; then those that are begun, and no more.

    Args:
        listening: takes the connections; closed at the end.
        answer: see `refimpl.server.connection.Connection`.
        limits: of sizes and times.
    """
    clients = Clients(answer, limits)
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = _when_signalled(ending)
    try:
        listening.setblocking(False)  # noqa: FBT003 - the standard library's
        loop.add_reader(listening, clients.accept, listening)
        _log.info("Server listening on %s", _format_address(listening.getsockname()))
        await ending.wait()
        _log.info("Shutting down server...")
        loop.remove_reader(listening)
        listening.close()
        await clients.finish(limits.finishing_seconds)
    finally:
        for number, handler in before.items():
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
    _log.info("Server stopped")


def _when_signalled(ending: asyncio.Event) -> dict[signal.Signals, Any]:
    """Have the event set by each signal that isn't ignored; what was done before is told.

    By the loop's own means where it has them: it is woken by a descriptor. A handler alone isn't called while the loop
    sleeps, if the signal came when it was just about to.
    """
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is None or (handler := signal.getsignal(number)) is signal.SIG_IGN:
            continue
        before[number] = handler
        try:
            loop.add_signal_handler(number, ending.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ending.set))
    return before


class Clients:
    """The connections that are open."""

    def __init__(self, answer: Callable[[Request, Callable[[], None]], Awaitable[Response]], limits: Limits) -> None:
        self._answer = answer
        self._limits = limits
        self._large = asyncio.Semaphore(limits.large_bodies)
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[Connection] = set()
        self._waiting: dict[Connection, None] = {}
        """Those that wait for their client, the one that does so for longest first."""

    def accept(self, listening: socket.socket) -> None:
        """Take one connection that waits at the socket, and serve it in a task of its own.

        `asyncio.start_server` and `sock_accept` aren't used: what they take just before their end is never closed.
        """
        try:
            accepted, _ = listening.accept()
        except OSError as error:  # it may be gone already
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self._make_way()
            return
        task = asyncio.create_task(self._serve(accepted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, accepted: socket.socket) -> None:
        """Serve one connection. When there are too many, it takes the place of the one that waits for longest."""
        reader, writer = await asyncio.open_connection(sock=accepted, limit=self._limits.head)
        connection = Connection(
            reader, writer, answer=self._answer, limits=self._limits, large=self._large, changed=self._update
        )
        refused = None
        if len(self._open) >= self._limits.connections and not self._make_way():
            refused = error_response(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests at a time")
        self._open.add(connection)
        try:
            await connection.serve(refused)
        except Exception as error:  # noqa: BLE001 - a fault of ours costs one connection
            _log.error("%s", InternalError.of(error))
        finally:
            self._waiting.pop(connection, None)
            self._open.remove(connection)

    async def finish(self, seconds: float) -> None:
        """End all connections, those with a request when it is answered, or after so many seconds."""
        for connection in list(self._open):
            connection.finish()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for connection in list(self._open):
            connection.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)

    def _make_way(self) -> bool:
        """End the connection that has kept the server waiting for longest, if there is one."""
        longest = next(iter(self._waiting), None)
        if longest is None:
            return False
        del self._waiting[longest]
        longest.abort()
        return True

    def _update(self, connection: Connection) -> None:
        self._waiting.pop(connection, None)
        if connection.waits_for_client:
            self._waiting[connection] = None
