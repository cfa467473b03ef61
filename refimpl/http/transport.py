"""HTTP/1.1 over kept connections, for many threads, ended by the deadline.

It is built on libcurl, which knows proxies, TLS and what servers do. Ours is what a validator must decide itself: when
to give up, what is too large, where a redirect may lead and what it may carry, and what a failure is called.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Self
from weakref import WeakSet

from refimpl.errors import LimitExceededError, NoAnswerError, RegistryError, TransferError, UnreachableError
from refimpl.golang.quoting import quote
from refimpl.golang.url import URL, Origin, UnreadableURLError, encode, locate
from refimpl.http.addresses import is_inside
from refimpl.http.coding import decoder
from refimpl.http.failures import Failure, describe
from refimpl.http.proxy import Proxy, proxy_for
from refimpl.http.tls import TLS, Trust
from refimpl.redaction import without_credentials, without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refimpl.deadline import Deadline
    from refimpl.http.connection import Connection, Head

#: The longest that a connection may take, TLS included.
CONNECT_SECONDS = 30.0
#: The longest that a server may take from a request to the head of its answer. GET and HEAD are then asked once more.
ANSWER_SECONDS = 30.0
#: How many redirects are followed, as Go does.
MOST_REDIRECTS = 10
_IDLE_PER_ORIGIN = 64
_ATTEMPTS = 2
_DRAIN = 1 << 16
_KEPT = 64  # heads of requests
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_METHOD_KEPT = frozenset({307, 308})
_NO_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LONGEST_LENGTH = 18  # digits; a 64-bit integer has 19
_transports: WeakSet[Transport] = WeakSet()


class Response:
    """An answer whose body is still to be read. Close it: a body that was read to its end keeps the connection."""

    def __init__(
        self, transport: Transport, connection: Connection, head: Head, method: str, url: str, sent: tuple[str, bytes]
    ) -> None:
        self._transport = transport
        self._connection: Connection | None = connection
        self._error: Exception | None = None
        self._fields = head.fields
        self._sent = sent
        self.method = method
        self.url = url
        self.status = head.status
        coding = "" if method == "HEAD" else ", ".join(self.headers("Content-Encoding"))
        # Nearly no answer is coded, and the others are no cycles then, which only the garbage collector ends.
        self._decoded = decoder(coding, self._receive) if coding else None

    def header(self, name: str) -> str:
        """The value of the first header field of this name; empty when missing."""
        return next(iter(self.headers(name)), "")

    def headers(self, name: str) -> Sequence[str]:
        """The values of all header fields of this name, in their order."""
        return self._fields.get(name.lower(), ())

    def without_credentials(self, said: str) -> str:
        """What the server says, without what the request had in it of credentials."""
        return without_credentials(said, *self._sent)

    @property
    def content_length(self) -> int | None:
        """What the header says, also of a HEAD; None without one that can be read."""
        text = self.header("Content-Length")
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_LENGTH else None

    def read(self, size: int) -> bytes:
        """What has come of the body, at least one byte and at most `size`; empty only at the body's true end.

        Raises:
            TransferError: the connection broke before the end.
            TimeoutExceededError: the deadline passed.
        """
        return (self._decoded or self._receive)(size) if size > 0 else b""

    def read_all(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            LimitExceededError: it has more than `limit` bytes.
            TransferError: the connection broke before the end.
        """
        parts: list[bytes] = []
        room = limit
        while data := self.read(min(room + 1, 1 << 18)):
            room -= len(data)
            if room < 0:
                error = LimitExceededError(
                    f"{self.method.upper()} {without_secrets(self.url)}: the answer is larger than {limit} bytes"
                )
                self._discard(error)
                raise error
            parts.append(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Give the connection back, or close it when the body wasn't read to its end."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._transport.keep(connection)

    def drain(self) -> None:
        """Read a short rest, so that the connection can be kept; close it otherwise."""
        try:
            for _ in range(4):
                if not self._receive(_DRAIN):
                    break
        except RegistryError:
            pass
        finally:
            self.close()

    def _receive(self, size: int) -> bytes:
        """Bytes as they were sent."""
        if self._connection is None:
            if self._error is not None:
                raise self._error
            return b""
        try:
            return self._connection.read(size)
        except Failure as failure:
            error = self._transport.describe_failure(self.method, self.url, failure)
            self._discard(error)
            raise error from None
        except Exception as other:
            self._discard(other)
            raise
        except BaseException:
            self._discard(TransferError(f"{_request(self.method, self.url)}: interrupted"))
            raise

    def _discard(self, error: Exception) -> None:
        self._error = error
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Transport:
    """Connections to any number of origins. Thread-safe; one for a run.

    Args:
        environ: says which proxies to use and whom to trust.
        deadline: of the run.
        user_agent: what requests call us.
        tls: what is wanted of TLS beside the environment's trust.
        proxy: through which all requests go, whatever the environment says.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        deadline: Deadline,
        *,
        user_agent: str,
        tls: TLS = TLS(),  # noqa: B008 - it is frozen
        proxy: Proxy | None = None,
    ) -> None:
        self._environ = environ
        self._deadline = deadline
        self._user_agent = user_agent
        self._trust = Trust(tls, environ)
        self._proxy = proxy
        self._proxies: dict[Origin, Proxy | None] = {}
        self._lock = threading.Lock()
        self._idle: dict[Origin, list[Connection]] = {}
        self._closed = False
        _transports.add(self)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that proxies and trust are taken from."""
        return self._environ

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str | Sequence[str]] | None = None,
        *,
        authorization: str = "",
        body: bytes | None = None,
        follow: bool = True,
        in_the_clear: bool = False,
        connecting: float = CONNECT_SECONDS,
    ) -> Response:
        """Send one request and give the answer's head, after redirects unless `follow` is false; any status.

        Args:
            method: such as ``GET``.
            url: of http or https. User and password in it become an ``Authorization``, if none is given.
            headers: further header fields; one with several values is sent as often.
            authorization: goes to the origin of `url` only, never to another one that it redirects to.
            body: goes there only, too.
            follow: whether redirects are followed.
            in_the_clear: whether a redirect may lead from https to http; only for what is verified by its digest.
            connecting: seconds for each connection.

        Raises:
            UnreachableError: no connection, or a redirect to where none may lead.
            TransferError: the connection broke before the answer, or none came for `ANSWER_SECONDS`; GET and HEAD were
                repeated once, and any request once more on a new connection if a kept one turned out to be closed.
            LimitExceededError: the answer's head is too large.
            TimeoutExceededError: the deadline passed.
        """
        here, first = locate(url)
        origin = first
        for _ in range(MOST_REDIRECTS + 1):
            fields: dict[str, str | Sequence[str]] = dict(headers or {})
            if authorization and origin == first:
                fields["Authorization"] = authorization
            elif here.authorization:
                fields.setdefault("Authorization", here.authorization)
            response = self._send(method, url, origin, here, fields, body, connecting)
            location = response.headers("Location")
            if not follow or response.status not in _REDIRECTS or not location:
                return response
            response.drain()
            if response.status not in _METHOD_KEPT and method != "HEAD":
                method, body = "GET", None
            here = self._next(method, here, location[0], first, in_the_clear=in_the_clear)
            url, origin = str(here), here.origin
            if body is not None and origin != first:
                raise UnreachableError(
                    f"{_request(method, here)}: redirect of a request with a body to another host refused"
                )
        raise UnreachableError(f"{_request(method, here)}: stopped after {MOST_REDIRECTS} redirects")

    def close(self) -> None:
        """Close every connection; what is being read breaks within a tenth of a second."""
        self._closed = True
        self.close_idle()

    def close_idle(self) -> None:
        """Close the connections that nobody uses for now."""
        with self._lock:
            idle = [connection for kept in self._idle.values() for connection in kept]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def keep(self, connection: Connection) -> None:
        """Take a connection back for later requests, or close it if its answer didn't come whole."""
        with self._lock:
            idle = self._idle.setdefault(connection.origin, [])
            if connection.ended and not self._closed and len(idle) < _IDLE_PER_ORIGIN:
                idle.append(connection)
                return
        connection.close()

    def describe_failure(self, method: str, url: str, failure: Failure) -> Exception:
        """What a failure in the midst of an exchange is for the caller."""
        if self._deadline.expired:
            return self._deadline.timeout_error()
        origin = address_of(url)
        return describe(failure, _request(method, url), origin, self._proxy_for(origin))

    def _next(self, method: str, here: URL, location: str, first: Origin, *, in_the_clear: bool) -> URL:
        """Where a redirect leads, if it may be followed."""
        asked = _request(method, location)
        try:
            there = here.join(location)
        except UnreadableURLError as error:
            raise UnreachableError(
                f"{asked}: failed to parse Location header {quote(without_secrets(location))}: {error}"
            ) from None
        if there.scheme not in {"http", "https"}:
            raise UnreachableError(f"{asked}: unsupported protocol scheme {quote(there.scheme)}")
        scheme, host, _ = there.origin
        if host != first[1] and is_inside(host):
            raise UnreachableError(
                f"{asked}: SSRF protection: redirect from {quote(first[1])} to private/link-local host "
                f"{quote(host)} denied"
            )
        if scheme == "http" and first[0] == "https" and not in_the_clear:
            raise UnreachableError(f"{asked}: redirected to insecure {without_secrets(str(there))}")
        return there

    def _send(
        self,
        method: str,
        text: str,
        origin: Origin,
        url: URL,
        headers: Mapping[str, str | Sequence[str]],
        body: bytes | None,
        connecting: float,
    ) -> Response:
        fields = self._fields(method, origin, url, headers)
        proxy = self._proxy_for(origin)
        attempt = 1
        while True:
            connection = self._connection(method, url, origin, proxy, fresh=attempt > 1)
            try:
                head = connection.exchange(
                    method, url.target, fields, body, connecting=connecting, answering=ANSWER_SECONDS
                )
                return Response(
                    self, connection, head, method, text, (str(headers.get("Authorization", "")), body or b"")
                )
            except Failure as failure:
                connection.close()
                if failure.unusable_trust and self._trust.refine():
                    continue
                error = self.describe_failure(method, text, failure)
            except TimeoutError:
                connection.close()
                error = NoAnswerError(
                    f"{_request(method, url)}: no answer within {ANSWER_SECONDS:g} seconds, asked {_times(attempt)}"
                )
            except LimitExceededError as limit:
                connection.close()
                raise LimitExceededError(f"{_request(method, url)}: {limit}") from None
            except BaseException:
                connection.close()
                raise
            if not isinstance(error, TransferError) or attempt == _ATTEMPTS or body is not None:
                raise error
            attempt += 1

    def _proxy_for(self, origin: Origin) -> Proxy | None:
        if self._proxy is not None:
            return self._proxy
        try:
            return self._proxies[origin]
        except KeyError:
            return self._proxies.setdefault(origin, proxy_for(*origin, self._environ))

    def _fields(
        self, method: str, origin: Origin, url: URL, headers: Mapping[str, str | Sequence[str]]
    ) -> tuple[bytes, ...]:
        """The lines of the request's head; a value that would begin another line is refused."""
        host = url.host if self._trust.tls.server_name and origin[0] == "https" else ""
        given = tuple((name, value if isinstance(value, str) else tuple(value)) for name, value in headers.items())
        lines, wrong = _lines(self._user_agent, given, host)
        if wrong:
            raise UnreachableError(f"{_request(method, url)}: net/http: invalid header field value for {quote(wrong)}")
        return lines

    def _connection(self, method: str, url: URL, origin: Origin, proxy: Proxy | None, *, fresh: bool) -> Connection:
        self._deadline.check()
        with self._lock:
            if self._closed:
                raise UnreachableError(f"{_request(method, url)}: the client is closed")
            idle = self._idle.get(origin)
            if idle and not fresh:
                return idle.pop()
        from refimpl.http.connection import Connection

        return Connection(origin, proxy, self._trust, self._user_agent, self._check)

    def _check(self) -> float | None:
        """Seconds that may still be waited; ends what is waited for when there are none, or nobody wants it."""
        if self._closed:
            raise TransferError("the client is closed")
        return self._deadline.remaining()


def close_idle() -> None:
    """Close the connections that nobody uses, of all transports: a process that is forked must not use them, too."""
    for transport in list(_transports):
        transport.close_idle()


def address_of(url: str) -> Origin:
    """Where a URL leads.

    Raises:
        UnreadableURLError: nowhere that can be asked.
    """
    return locate(url)[1]


@lru_cache(_KEPT)
def _lines(
    user_agent: str, headers: tuple[tuple[str, str | tuple[str, ...]], ...], host: str
) -> tuple[tuple[bytes, ...], str]:
    """The lines of a request's head, or the name of the first field whose value would begin another line.

    They are the same for nearly all requests to an origin.
    """
    named: dict[str, str | tuple[str, ...]] = {
        "User-Agent": user_agent,
        "Accept": "",
        "Accept-Encoding": "identity",
        **dict(headers),
    }
    if host:
        named["Host"] = host
    listed = [(name, each) for name, given in named.items() for each in ((given,) if isinstance(given, str) else given)]
    wrong = next((name for name, value in listed if _NO_VALUE.search(value)), "")
    return tuple(encode(f"{name}: {value}" if value else f"{name}:") for name, value in listed), wrong


def _request(method: str, url: object) -> str:
    """How errors begin: ``Get "https://…"``."""
    return f"{method.capitalize()} {quote(without_secrets(str(url)))}"


def _times(count: int) -> str:
    return "once" if count == 1 else "twice"
