"""Bearer tokens: what a registry's challenge names is asked for one (Docker Registry v2 authentication; RFC 6750).

Whoever answers for a registry may name any realm. The password goes to it over TLS only, if the registry has TLS, never
to a host inside that isn't the registry itself, and never along with a redirect to another origin.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from refimpl.errors import (
    DeniedError,
    LimitExceededError,
    MalformedError,
    NotFoundError,
    RegistryError,
    UnreachableError,
    is_undecided,
)
from refimpl.golang.quoting import quote
from refimpl.golang.url import UnreadableURLError, parse
from refimpl.http import codes
from refimpl.http.addresses import is_inside
from refimpl.http.transport import MOST_REDIRECTS, address_of
from refimpl.oci.dockerconfig import ANONYMOUS
from refimpl.oci.status import redact, status_error
from refimpl.record import record, replace

if TYPE_CHECKING:
    from refimpl.http.challenge import Challenge
    from refimpl.http.transport import Response, Transport
    from refimpl.oci.dockerconfig import Credentials

#: The largest answer with a token, in bytes.
TOKEN_LIMIT = 64 << 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_METHOD_KEPT = frozenset({307, 308})
_CLIENT = "ec-ref"


@record
class TokenServer:
    """What a registry names in its challenge.

    Args:
        realm: URL.
        service: what the registry calls itself; may be empty.
        registry: host with an optional port.
        scheme: how the registry itself is spoken to, ``https`` or ``http``.
    """

    realm: str
    service: str
    registry: str
    scheme: str

    @classmethod
    def of(cls, challenge: Challenge, registry: str, scheme: str) -> TokenServer:
        """The one of a challenge.

        Raises:
            UnreachableError: there is none, or it is where no credentials may go.
        """
        realm = challenge.parameters.get("realm", "")
        server = cls(realm, challenge.parameters.get("service", ""), registry, scheme)
        if not realm:
            from refimpl.golang.printing import format_value

            told = format_value(dict(challenge.parameters))
            raise UnreachableError(f"malformed www-authenticate, missing realm: {told}")
        if reason := server._refusal(realm):
            raise UnreachableError(f"invalid realm in www-authenticate: {reason}")
        return server

    def token(self, transport: Transport, credentials: Credentials, scope: str) -> str:
        """A token for `scope`; an identity token is given first, where that is known (OAuth2).

        What the server says of itself says nothing of what the registry has: 404 isn't that there is no such image.

        Raises:
            DeniedError: the server refuses.
            StatusError: it has too many requests, or fails.
            UnreachableError: it can't be reached, redirects to where nothing may be followed, or gives no token.
        """
        try:
            return self._token(transport, credentials, scope)
        except RegistryError as error:
            if isinstance(error, DeniedError) or is_undecided(error):
                raise
            raise UnreachableError(str(error)) from None

    def _token(self, transport: Transport, credentials: Credentials, scope: str) -> str:
        """As `token`, with errors as they are."""
        if credentials.identity_token:
            try:
                return self._read(self._post(transport, credentials.identity_token, scope))
            except NotFoundError:  # a server without OAuth2
                pass
        return self._read(self._get(transport, credentials, scope))

    def _post(self, transport: Transport, identity_token: str, scope: str) -> Response:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": identity_token,
            "service": self.service,
            "scope": scope,
            "client_id": _CLIENT,
        }
        return self._follow(transport, "POST", self.realm, "", urlencode(form, errors="replace").encode())

    def _get(self, transport: Transport, credentials: Credentials, scope: str) -> Response:
        realm = parse(self.realm)
        asked = {"scope": scope, "service": self.service} if self.service else {"scope": scope}
        pairs = [pair for pair in parse_qsl(realm.query or "", keep_blank_values=True) if pair[0] not in asked]
        url = str(replace(realm, query=urlencode([*pairs, *asked.items()], errors="replace"), fragment=""))
        return self._follow(transport, "GET", url, "" if credentials == ANONYMOUS else credentials.authorization, None)

    def _follow(self, transport: Transport, method: str, url: str, authorization: str, body: bytes | None) -> Response:
        """The answer after redirects; what is secret goes to the realm's own origin only."""
        first, verb = address_of(url), method.capitalize()
        for _ in range(MOST_REDIRECTS + 1):
            own = address_of(url) == first
            response = transport.exchange(
                method,
                url,
                {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"},
                authorization=authorization if own else "",
                body=body,
                follow=False,
            )
            location = next(iter(response.headers("Location")), "")
            if response.status not in _REDIRECTS or not location:
                return response
            response.drain()
            if method == "POST" and response.status not in _METHOD_KEPT:
                method, body = "GET", None
            url = _join(url, location)
            reason = self._refusal(url)
            if body is not None and not reason and address_of(url) != first:
                reason = "it is another host, and the request has an identity token in it"
            if reason:
                shown = quote(redact(url))
                raise UnreachableError(f"{verb} {shown}: refusing token-server redirect to {shown}: {reason}")
        raise UnreachableError(f"{verb} {quote(redact(url))}: stopped after {MOST_REDIRECTS} redirects")

    def _refusal(self, url: str) -> str:
        """Why `url` isn't asked for tokens; empty if it may be."""
        try:
            there = parse(url)
        except UnreadableURLError as error:
            return str(error)
        scheme = there.scheme
        if scheme == "http" and self.scheme != "http":
            return 'realm scheme "http" not allowed for a secure registry; use https'
        if scheme not in {"http", "https"}:
            return f"realm scheme {quote(scheme)} not allowed; must be https (or http for insecure registries)"
        try:
            _, host, port = there.origin
        except UnreadableURLError as error:
            return str(error)
        own = address_of(f"{scheme}://{self.registry}")
        if (host, port) != own[1:] and is_inside(host):
            return f"realm host {quote(host)} is a private or link-local address"
        return ""

    def _read(self, response: Response) -> str:
        if response.status != codes.OK:
            raise status_error(response)
        with response:
            try:
                body = response.read_all(TOKEN_LIMIT)
            except LimitExceededError:
                raise LimitExceededError(f"body exceeds {TOKEN_LIMIT} byte limit") from None
        token = token_in(body)
        if not token:
            raise MalformedError(f"no token in bearer response of {quote(redact(self.realm))}")
        return token


def token_in(body: bytes) -> str:
    """The token of an answer, fit for a header field; empty without one."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = {name.lower(): value for name, value in document.items()} if isinstance(document, dict) else {}
    token = found.get("access_token") or found.get("token")
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else ""


def _join(url: str, location: str) -> str:
    try:
        return str(parse(url).join(location))
    except UnreadableURLError as error:
        raise UnreachableError(f"the redirect leads nowhere: {error}") from None
