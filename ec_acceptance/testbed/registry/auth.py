"""Who may use a registry: Basic credentials, or Bearer tokens from an endpoint of the registry itself.

The answers follow the Distribution project's "Docker Registry v2 authentication" (token and OAuth2 forms).
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, parse_qsl

from ec_acceptance.testbed.registry.errors import error_response
from ec_acceptance.testbed.registry.routes import Route
from ec_acceptance.testbed.servers.http import Response

if TYPE_CHECKING:
    from ec_acceptance.testbed.servers.http import Handler, Request

__all__ = ["Basic", "Bearer", "Guard"]


class Guard(Protocol):
    """Asks for credentials in front of a `Handler`."""

    def over(self, handler: Handler) -> Handler:
        """A handler that lets through to `handler` only who may."""


@dataclass(frozen=True, slots=True)
class Basic:
    """Demands `user` and `password` on every request (RFC 7617).

    `challenges` are the fields that say so; by default there is one.
    """

    user: str
    password: str
    realm: str = "registry"
    challenges: tuple[str, ...] = ()

    def over(self, handler: Handler) -> Handler:
        """A handler that answers 401 to all others."""

        def guarded(request: Request) -> Response:
            if _credentials(request) != (self.user, self.password):
                return _refusal(*(self.challenges or [f'Basic realm="{self.realm}"']))
            return handler(request)

        return guarded


@dataclass(frozen=True, slots=True)
class Bearer:
    """Demands a token of its `/token` endpoint, good for the repository and the action (RFC 6750).

    The endpoint wants `user` and `password`, or `identity_token` as a refresh token; without a `user` it gives anyone a
    token for pulling only.

    Attributes:
        realm: the endpoint's URL, if it is another one than that of this registry; `{registry}` stands for its origin.
        challenges: the fields that ask for a token; `{challenge}` stands for the usual one.
        oauth2: whether the endpoint takes forms; it answers 404 otherwise.
        redirect: status and location that the endpoint answers the first request for a token with.
        token_member: what the token is called in the answer.
    """

    user: str | None = None
    password: str = ""
    identity_token: str | None = None
    service: str = "registry.test"
    realm: str = "{registry}/token"
    challenges: tuple[str, ...] = ("{challenge}",)
    oauth2: bool = True
    redirect: tuple[int, str] | None = None
    token_member: str = ""
    _granted: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def over(self, handler: Handler) -> Handler:
        """A handler that serves `/token` and lets through who brings a token of it."""

        def guarded(request: Request) -> Response:
            route = Route.of(request.path)
            if route.kind == "token":
                return self._token(request)
            action = "pull" if request.method in {"GET", "HEAD"} and route.kind != "upload" else "push"
            if request.method == "DELETE" and route.kind != "upload":
                action = "delete"
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            with self._lock:
                granted = self._granted.get(token) if scheme.lower() == "bearer" else None
            if granted is not None and (route.kind == "ping" or (route.repository, action) in granted):
                return handler(request)
            registry = f"{'https' if request.secure else 'http'}://{request.headers.get('Host', '')}"
            realm = self.realm.replace("{registry}", registry)
            challenge = f'Bearer realm="{realm}",service="{self.service}"'
            if route.repository:
                challenge += f',scope="repository:{route.repository}:{action}"'
            challenge += ',error="insufficient_scope"' if granted is not None else ""
            return _refusal(*(one.replace("{challenge}", challenge) for one in self.challenges))

        return guarded

    def _token(self, request: Request) -> Response:
        if self.redirect and "redirected" not in request.query:
            status, location = self.redirect
            return Response(status, (("Location", location),))
        if request.method == "POST" and not self.oauth2:
            return error_response(404, "UNSUPPORTED", "no such endpoint")
        if request.method == "POST":
            form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
            scopes = form.get("scope", "").split()
            if form.get("grant_type") == "refresh_token":
                known = self.identity_token is not None and form.get("refresh_token") == self.identity_token
            else:
                known = self.user is not None and (form.get("username"), form.get("password")) == (
                    self.user,
                    self.password,
                )
        else:
            scopes = [
                scope for name, value in parse_qsl(request.raw_query) if name == "scope" for scope in value.split()
            ]
            known = self.user is not None and _credentials(request) == (self.user, self.password)
        if self.user is not None and not known:
            return _refusal(f'Basic realm="{self.service}"')
        granted = set()
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            if kind == "repository":
                granted |= {(name, action) for action in actions.split(",") if known or action == "pull"}
                granted |= {(name, "push"), (name, "delete")} if known and "*" in actions else set()
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._granted[token] = frozenset(granted)
        names = [self.token_member] if self.token_member else ["token", "access_token"]
        answer = {**dict.fromkeys(names, token), "expires_in": 300, "scope": " ".join(scopes)}
        return Response(200, (("Content-Type", "application/json"),), json.dumps(answer).encode())


def _credentials(request: Request) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password


def _refusal(*challenges: str) -> Response:
    headers = tuple(("WWW-Authenticate", challenge) for challenge in challenges)
    return error_response(401, "UNAUTHORIZED", "authentication required", headers=headers)
