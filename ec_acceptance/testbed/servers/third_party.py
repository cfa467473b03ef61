"""A server for which nobody has credentials: it records requests, and the secrets in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ec_acceptance.testbed.servers.http import Response, Server
from ec_acceptance.testbed.servers.request_log import RequestLog

if TYPE_CHECKING:
    import ssl

    from ec_acceptance.testbed.servers.http import Request

__all__ = ["ThirdParty"]


class ThirdParty:
    """Gives a token to whoever asks for `/token`, and asks everybody else for credentials, by a token of its own.

    With `onward`, a URL, it redirects all requests there instead: path and query are added.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, onward: str = "", port: int = 0) -> None:
        self.request_log = RequestLog()
        self.onward = onward
        self.secure = tls is not None
        self._scheme = "https" if tls else "http"
        self._server = Server(self.request_log.record(self._answer), tls=tls, port=port, name="stranger")
        self.address = self._server.address

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values of `Authorization`, and the bodies, that it was given."""
        given = [
            one.headers.get("Authorization", "") or one.body.decode("latin-1") for one in self.request_log.requests
        ]
        return tuple(filter(None, given))

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def _answer(self, request: Request) -> Response:
        if self.onward:
            query = f"?{request.raw_query}" if request.raw_query else ""
            return Response(302, (("Location", f"{self.onward}{request.path}{query}"),))
        if request.path == "/token":
            return Response(200, (("Content-Type", "application/json"),), json.dumps({"token": "stranger"}).encode())
        challenge = f'Bearer realm="{self._scheme}://{self.address}/token",service="stranger"'
        return Response(401, (("WWW-Authenticate", challenge),))
