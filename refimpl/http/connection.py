"""One kept connection to an origin, through libcurl, driven by whoever reads from it.

libcurl pushes what comes; here it only works when bytes are wanted, so a reader that is slow holds its server up, and
memory is bounded by what libcurl reads in one go.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from refimpl.errors import LimitExceededError
from refimpl.http.failures import Code, Failure
from refimpl.http.libcurl import pycurl
from refimpl.http.tls import names_a_host
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from refimpl.golang.url import Origin
    from refimpl.http.proxy import Proxy
    from refimpl.http.tls import Trust

#: The largest head of an answer in bytes, interim ones (1xx) included. libcurl itself ends at 300 KiB, and a single
#: field at 100 KiB.
HEAD_LIMIT = 256 << 10
_BUFFER = 128 << 10
_SLICE = 0.1  # seconds; how long a wait is before it is looked up whether it is still wanted
_BLIND = 0.01  # seconds; the same where libcurl has nothing that could be waited for
_SUPPRESS_CONNECT_HEADERS: Final = 265  # pycurl has no name for it
_SEPARATE_HEADERS: Final = 1
_PROXY_TYPES = {
    "http": pycurl.PROXYTYPE_HTTP,
    "https": 2,  # pycurl has no name for it
    "socks5": pycurl.PROXYTYPE_SOCKS5_HOSTNAME,  # Go leaves names to the proxy in both cases
    "socks5h": pycurl.PROXYTYPE_SOCKS5_HOSTNAME,
}
_INFORMATIONAL = range(100, 200)
_SWITCHING_PROTOCOLS = 101
_BLANK = (b"\r\n", b"\n")


@record
class Head:
    """Status and header fields of an answer: the values of each name, which is in small letters."""

    status: int
    fields: Mapping[str, Sequence[str]]


class Connection:
    """A connection that is made with the first request. For one thread at a time.

    Args:
        origin: where it leads.
        proxy: through what; None for direct.
        trust: judges certificates.
        user_agent: for the proxy; requests bring their own.
        check: called before each wait with what is left to do nothing but wait; raises when that is over.
    """

    def __init__(
        self, origin: Origin, proxy: Proxy | None, trust: Trust, user_agent: str, check: Callable[[], float | None]
    ) -> None:
        self.origin = origin
        self._trust = trust
        self._check = check
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1)
        self._easy = easy = pycurl.Curl()
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        easy.setopt(pycurl.PATH_AS_IS, 1)
        easy.setopt(pycurl.BUFFERSIZE, _BUFFER)
        easy.setopt(pycurl.HTTP_CONTENT_DECODING, 0)  # `refimpl.http.coding` does, with bounds
        easy.setopt(pycurl.HEADEROPT, _SEPARATE_HEADERS)
        easy.setopt(pycurl.USERAGENT, user_agent)
        self._lines: list[bytes] = []
        self._parts: list[bytes] = []
        easy.setopt(pycurl.HEADERFUNCTION, self._lines.append)
        easy.setopt(pycurl.WRITEFUNCTION, self._parts.append)
        easy.setopt(pycurl.PREREQFUNCTION, self._ready)
        self._kind: tuple[str, bool] | None = None
        self._fields: Sequence[bytes] = ()
        self._connecting = -1
        self._head: Head | None = None
        self._head_size = 0
        self._result: int | None = None
        self._sent = 0.0
        self._checked: tuple[Any, ...] = ()
        self._unnamed = False
        self._record: bytes | None = None
        self._listening = False
        self._take_proxy(proxy)
        if origin[0] == "https":
            self._take_trust()

    @property
    def ended(self) -> bool:
        """Whether the answer came whole, so that the connection can be used again."""
        return self._result == 0

    def exchange(
        self,
        method: str,
        target: str,
        fields: Sequence[bytes],
        body: bytes | None,
        *,
        connecting: float,
        answering: float,
    ) -> Head:
        """Send a request and wait for the head of its answer.

        Args:
            method: such as ``GET``.
            target: path and query.
            fields: header fields, ``Name: value``.
            body: None for none.
            connecting: seconds for the connection, TLS included.
            answering: seconds from the request to the answer's head.

        Raises:
            Failure: nothing came, or no answer.
            TimeoutError: the connection is there, but the answer isn't.
            LimitExceededError: the head is larger than `HEAD_LIMIT`.
        """
        easy = self._easy
        self._lines.clear()
        self._parts.clear()
        self._head, self._head_size, self._result = None, 0, None
        self._sent, self._unnamed, self._record = 0.0, False, None
        easy.setopt(pycurl.URL, self._url(target))
        self._take_request(method, fields if body is None else (*fields, b"Expect:"), body, round(connecting * 1000))
        self._multi.add_handle(easy)
        while True:
            self._step()
            if self._lines:
                self._read_head()
            if self._head is not None:
                if self._listening:
                    self._easy.setopt(pycurl.VERBOSE, 0)
                    self._listening = False
                return self._head
            if self._result is not None:
                raise self._failure(self._result or Code.GOT_NOTHING)
            if self._sent and time.monotonic() - self._sent > answering:
                raise TimeoutError

    def read(self, size: int) -> bytes:
        """What has come of the body, at least one byte and at most `size`; empty only at its end.

        Raises:
            Failure: the connection broke before the end.
        """
        while not self._parts:
            if self._result is not None:
                if self._result:
                    raise self._failure(self._result)
                return b""
            self._step()
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        if len(data) > size:
            self._parts.append(data[size:])
            data = data[:size]
        return data

    def close(self) -> None:
        """End the connection, whatever is on its way."""
        if self._result is None:
            with contextlib.suppress(pycurl.error):  # it wasn't begun
                self._multi.remove_handle(self._easy)
        self._easy.close()
        self._multi.close()

    def _take_request(self, method: str, fields: Sequence[bytes], body: bytes | None, connecting: int) -> None:
        """Tell libcurl what is another than in the request before; `connecting` is in milliseconds."""
        easy = self._easy
        kind = method, body is not None
        if kind != self._kind:
            self._kind = kind
            easy.setopt(pycurl.HTTPGET if body is None else pycurl.POST, 1)
            easy.setopt(pycurl.NOBODY, method == "HEAD")
            if method in {"GET", "HEAD", "POST"}:
                easy.unsetopt(pycurl.CUSTOMREQUEST)
            else:
                easy.setopt(pycurl.CUSTOMREQUEST, method)
        if body is not None:
            easy.setopt(pycurl.POSTFIELDS, body)
        if fields != self._fields:
            self._fields = fields
            easy.setopt(pycurl.HTTPHEADER, list(fields))
        if connecting != self._connecting:
            self._connecting = connecting
            easy.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, connecting))

    def _url(self, target: str) -> str:
        scheme, host, port = self.origin
        host = self._trust.tls.server_name or host
        return f"{scheme}://{_bracket(host)}:{port}{target}"

    def _take_proxy(self, proxy: Proxy | None) -> None:
        easy = self._easy
        easy.setopt(pycurl.NOPROXY, "")  # `refimpl.http.proxy` reads the environment
        if proxy is None:
            easy.setopt(pycurl.PROXY, "")
            return
        easy.setopt(pycurl.PROXY, f"{_bracket(proxy.host)}:{proxy.port}")
        easy.setopt(pycurl.PROXYTYPE, _PROXY_TYPES[proxy.scheme])
        easy.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
        if proxy.user or proxy.password:
            easy.setopt(pycurl.PROXYAUTH, pycurl.HTTPAUTH_BASIC)
            easy.setopt(pycurl.PROXYUSERNAME, proxy.user)
            easy.setopt(pycurl.PROXYPASSWORD, proxy.password)
        if proxy.scheme == "https":
            easy.setopt(pycurl.PROXY_CAINFO_BLOB, self._trust.pem or b"\n")

    def _take_trust(self) -> None:
        easy, tls = self._easy, self._trust.tls
        self._listening = True  # the first record tells whether the other side speaks TLS at all
        easy.setopt(pycurl.VERBOSE, 1)
        easy.setopt(pycurl.DEBUGFUNCTION, self._debug)
        if tls.server_name:
            _, host, port = self.origin
            easy.setopt(pycurl.CONNECT_TO, [f"{_bracket(tls.server_name)}:{port}:{_bracket(host)}:{port}"])
        if not tls.verify:
            easy.setopt(pycurl.SSL_VERIFYPEER, 0)
            easy.setopt(pycurl.SSL_VERIFYHOST, 0)
        elif self._trust.by_system:
            easy.setopt(pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA)
        else:
            easy.setopt(pycurl.CAINFO_BLOB, self._trust.pem or b"\n")
        if tls.verify:
            easy.setopt(pycurl.OPT_CERTINFO, 1)
        if tls.certificate:
            easy.setopt(pycurl.SSLCERT_BLOB, tls.certificate)
            easy.setopt(pycurl.SSLKEY_BLOB, tls.private_key)
            easy.setopt(pycurl.KEYPASSWD, "")  # nobody is asked for one

    def _step(self) -> None:
        """Let libcurl work; wait for the wire if there was nothing to do."""
        had = len(self._lines), len(self._parts)
        _, running = self._multi.perform()
        if not running:
            self._finish()
            return
        if (len(self._lines), len(self._parts)) != had:
            return
        left = self._check()
        wanted = self._multi.timeout()  # milliseconds until libcurl wants to work again; -1 for whenever
        if wanted == 0:
            return
        seconds = min(_SLICE, left or _SLICE, wanted / 1000 if wanted > 0 else _SLICE)
        if self._multi.select(seconds) < 0:
            time.sleep(min(seconds, _BLIND))

    def _finish(self) -> None:
        _, _, failed = self._multi.info_read()
        self._result = failed[0][1] if failed else 0
        self._multi.remove_handle(self._easy)

    def _failure(self, code: int) -> Failure:
        easy = self._easy
        return Failure(
            code,
            errno=easy.getinfo(pycurl.OS_ERRNO),
            connected=bool(self._sent),
            verify=easy.getinfo(pycurl.SSL_VERIFYRESULT) if self.origin[0] == "https" else 0,
            unnamed=self._unnamed,
            record=self._record,
            proxy_status=easy.getinfo(pycurl.HTTP_CONNECTCODE),
            proxy_error=easy.getinfo(pycurl.PROXY_ERROR) if code == Code.PROXY_FAILED else 0,
        )

    def _ready(self, *addresses: object) -> int:
        """The connection is there, and the request is about to be sent."""
        if self.origin[0] == "https" and self._trust.tls.verify and not self._is_named(addresses):
            self._unnamed = True
            return int(pycurl.PREREQFUNC_ABORT)
        self._sent = time.monotonic()
        return int(pycurl.PREREQFUNC_OK)

    def _is_named(self, addresses: tuple[object, ...]) -> bool:
        """Whether the certificate names hosts as it must: libcurl takes a bare common name for one, too."""
        chain = self._easy.getinfo(pycurl.INFO_CERTINFO)
        if not chain:  # of a connection that is used again nothing is told
            return addresses == self._checked
        if not names_a_host(dict(chain[0]).get("Cert", "")):
            return False
        self._checked = addresses
        return True

    def _debug(self, kind: int, data: bytes) -> None:
        if kind == pycurl.INFOTYPE_SSL_DATA_IN and self._record is None:
            self._record = data[:5]

    def _read_head(self) -> None:
        """Take the final head from the lines if it is there."""
        lines = self._lines
        if self._head_size + sum(map(len, lines)) > HEAD_LIMIT:
            raise LimitExceededError(f"the answer's header fields have more than {HEAD_LIMIT} bytes")
        while end := next((at for at, line in enumerate(lines, 1) if line in _BLANK), 0):
            head, self._lines[:end] = lines[: end - 1], []
            status = _status(head)
            if status not in _INFORMATIONAL or status == _SWITCHING_PROTOCOLS:
                self._head = Head(status, _fields(head[1:]))
                return
            self._head_size += sum(map(len, head))


def _status(head: list[bytes]) -> int:
    words = head[0].split(None, 2) if head else []
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not (words[1].isdigit() and len(words[1]) == 3):
        raise Failure(Code.WEIRD_REPLY, connected=True)
    return int(words[1])


def _fields(lines: list[bytes]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.decode("utf-8", "surrogateescape").partition(":")
        found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def _bracket(host: str) -> str:
    return f"[{host.replace('%', '%25')}]" if ":" in host else host
