"""A registry that is reached over HTTP, as a `Handler`: what comes back is streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import urllib3
from urllib3.util import SKIP_HEADER

from ec_acceptance.testbed.http import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ec_acceptance.testbed.http import Request

__all__ = ["Remote"]

_CHUNK = 1 << 18
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
        self._pool = urllib3.PoolManager(
            maxsize=64, retries=False, timeout=urllib3.Timeout(connect=_CONNECT, read=_READ)
        )

    def handle(self, request: Request) -> Response:
        """Answer with the registry's own answer, body and all; redirects are handed on, not followed."""
        headers = {name: value for name, value in request.headers.items() if name not in _OURS}
        # urllib3 would name itself and its wishes where the client said nothing.
        for name in ("accept-encoding", "user-agent"):
            headers.setdefault(name, SKIP_HEADER)
        target = self.url + request.path + (f"?{request.raw_query}" if request.raw_query else "")
        body = request.body if request.body or request.method in {"POST", "PUT", "PATCH"} else None
        answer = self._pool.request(
            request.method,
            target,
            body=body,
            headers=headers,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        kept = tuple((name, value) for name, value in answer.headers.iteritems() if name.lower() not in _HOP_BY_HOP)
        if request.method == "HEAD" or answer.headers.get("Content-Length") == "0":
            answer.drain_conn()
            answer.release_conn()
            return Response(answer.status, kept)
        return Response(answer.status, kept, _parts(answer))

    def forget(self, namespace: str) -> None:
        """Leave it: the protocol cannot remove repositories."""

    def close(self) -> None:
        """Drop the pooled connections."""
        self._pool.clear()


def _parts(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    whole = False
    try:
        yield from answer.stream(_CHUNK, decode_content=False)
        whole = True
    finally:
        if whole:
            answer.release_conn()
        else:
            answer.close()
