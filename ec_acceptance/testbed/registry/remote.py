"""A registry that is reached over HTTP, as a `Handler`: what comes back is streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import SKIP_HEADER  # what requests sends with; its own name for a header that isn't sent

from ec_acceptance.testbed.servers.http import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ec_acceptance.testbed.servers.http import Request

__all__ = ["Remote"]

_CHUNK = 1 << 18
_CONNECTIONS = 64
_CONNECT, _READ = 10.0, 60.0
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_OURS = _HOP_BY_HOP | {"host", "content-length", "expect"}


class Remote:
    """Sends requests on to the registry at `url`; also the back end `url` of scenarios."""

    kind = "url"

    def __init__(self, url: str, *, reason: str = "asked for by its address") -> None:
        self.url = url.rstrip("/")
        self.reason = reason
        self._session = requests.Session()
        self._session.trust_env = False  # no proxies, no credentials but the client's
        self._session.headers.clear()  # nor wishes of its own
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))

    def handle(self, request: Request) -> Response:
        """Answer with the registry's own answer, body and all; redirects are handed on, not followed."""
        headers = {name: value for name, value in request.headers.items() if name not in _OURS}
        # Else the library would name itself and its wishes where the client said nothing.
        for name in ("accept-encoding", "user-agent"):
            headers.setdefault(name, SKIP_HEADER)
        target = self.url + request.path + (f"?{request.raw_query}" if request.raw_query else "")
        body = request.body if request.body or request.method in {"POST", "PUT", "PATCH"} else None
        answer = self._session.request(
            request.method,
            target,
            data=body,
            headers=headers,
            allow_redirects=False,
            stream=True,
            timeout=(_CONNECT, _READ),
        )
        kept = tuple((name, value) for name, value in answer.raw.headers.iteritems() if name.lower() not in _HOP_BY_HOP)
        if request.method == "HEAD" or answer.headers.get("Content-Length") == "0":
            answer.raw.drain_conn()
            answer.raw.release_conn()
            return Response(answer.status_code, kept)
        return Response(answer.status_code, kept, _parts(answer))

    def forget(self, namespace: str) -> None:
        """Leave it: the protocol cannot remove repositories."""

    def close(self) -> None:
        """Drop the pooled connections."""
        self._session.close()


def _parts(answer: requests.Response) -> Iterator[bytes]:
    whole = False
    try:
        yield from answer.raw.stream(_CHUNK, decode_content=False)
        whole = True
    finally:
        if whole:
            answer.raw.release_conn()
        else:
            answer.close()
