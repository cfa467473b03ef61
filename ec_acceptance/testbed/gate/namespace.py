"""A scenario's own names on a shared registry: a prefix that is added to requests and removed from answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from ec_acceptance.testbed.registry.errors import error_response
from ec_acceptance.testbed.registry.routes import Route
from ec_acceptance.testbed.servers.http import Headers, Response, slices

if TYPE_CHECKING:
    from ec_acceptance.testbed.servers.http import Handler, Request

__all__ = ["Namespace"]

_ERRORS = 400


@dataclass(frozen=True, slots=True)
class Namespace:
    """`prefix` is one component of a repository's name, so unusual that it can be taken out of any text."""

    prefix: str

    def over(self, handler: Handler) -> Handler:
        """A handler that knows `handler`'s repositories below the prefix, without it. There is no catalogue."""

        def mapped(request: Request) -> Response:
            route = Route.of(request.path)
            if route.kind == "other":
                return error_response(404, "UNSUPPORTED", "the operation is unsupported")
            response = handler(self._into(request, route))
            return self._out_of(response, route)

        return mapped

    def _into(self, request: Request, route: Route) -> Request:
        path = request.path
        if route.repository:
            path = f"/v2/{self.prefix}/{path.removeprefix('/v2/')}"
        query = request.raw_query
        if "from=" in query or "scope=" in query:
            query = urlencode([(name, self._query_value(name, value)) for name, value in parse_qsl(query)])
        body, headers = request.body, request.headers
        if route.kind == "token" and body:
            form = [(name, self._query_value(name, value)) for name, value in parse_qsl(body.decode())]
            body = urlencode(form).encode()
            headers = Headers([*headers.items(), ("Content-Length", str(len(body)))])
        return replace(
            request,
            path=path,
            raw_query=query,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            body=body,
            headers=headers,
        )

    def _query_value(self, name: str, value: str) -> str:
        if name == "from":
            return f"{self.prefix}/{value}"
        if name == "scope":
            return re.sub(r"\brepository:", f"repository:{self.prefix}/", value)
        return value

    def _out_of(self, response: Response, route: Route) -> Response:
        headers = tuple((name, self._header(name.lower(), value)) for name, value in response.headers)
        body = response.body
        if response.status >= _ERRORS or route.kind in {"tags", "token"}:
            body = b"".join(slices(body)).replace(f"{self.prefix}/".encode(), b"")
            if body:  # the answer to HEAD has none, but announces its length
                headers = tuple(item for item in headers if item[0].lower() != "content-length")
        return Response(response.status, headers, body, response.writer)

    def _header(self, name: str, value: str) -> str:
        if name == "location" and (split := urlsplit(value)).path.startswith(f"/v2/{self.prefix}/"):
            path = "/v2/" + split.path.removeprefix(f"/v2/{self.prefix}/")
            return path + (f"?{split.query}" if split.query else "")
        if name in {"link", "www-authenticate"}:
            return value.replace(f"{self.prefix}/", "")
        return value
