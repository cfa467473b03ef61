"""One registry as it was found: scheme, way of authentication, tokens; and requests with retries.

Which scheme a registry speaks is found out once for a run: https first; registries with a local name may speak plain
http instead (specification 30 §1).
"""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from refimpl.oci.auth import ANONYMOUS, Credentials
from refimpl.oci.errors import MalformedError, RegistryError, StatusError, TransferError, UnreachableError
from refimpl.oci.memo import Memo
from refimpl.oci.proxy import is_loopback, proxy_for
from refimpl.oci.status import status_error
from refimpl.oci.transport import address_of
from refimpl.record import record

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from refimpl.deadline import Deadline
    from refimpl.oci.auth import Keychain
    from refimpl.oci.reference import Repository
    from refimpl.oci.retry import Retry
    from refimpl.oci.transport import Response, Transport

__all__ = ["Session", "is_local"]

_log = logging.getLogger(__name__)
_PROBE_SECONDS = 0.3
_TOKEN_LIMIT = 1 << 20
_TOKENS = 1024
_LOCAL_NAME = re.compile(r".+\.local(?:host)?", re.ASCII)
_PRIVATE = re.compile(r"10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.", re.ASCII)
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))')


@record
class _Challenge:
    scheme: str
    parameters: Mapping[str, str]


@record
class _Endpoint:
    scheme: str
    challenge: _Challenge | None


class Session:
    """Requests to one registry. Thread-safe.

    Args:
        registry: host with an optional port.
        transport: shared connections.
        keychain: shared credentials.
        retry: how patient to be.
        deadline: of the run.
        closed: set when the client is closed; it ends pauses.
    """

    def __init__(
        self,
        registry: str,
        transport: Transport,
        keychain: Keychain,
        retry: Retry,
        deadline: Deadline,
        closed: threading.Event,
    ) -> None:
        self.registry = registry
        self._transport = transport
        self._keychain = keychain
        self._retry = retry
        self._deadline = deadline
        self._closed = closed
        self._endpoint: Memo[None, _Endpoint] = Memo(1, deadline)
        self._tokens: Memo[tuple[str, str], str] = Memo(_TOKENS, deadline)

    def request(
        self, method: str, repository: Repository, path: str, *, accept: str = "", allowed: tuple[int, ...] = (200,)
    ) -> Response:
        """Send a request for ``/v2/<repository>/<path>``, with authentication, again as often as `Retry` allows.

        Raises:
            StatusError: the last answer's status isn't `allowed`.
            UnreachableError: no connection.
            TransferError: the connection broke before an answer.
            TimeoutExceededError: the deadline passed.
        """
        headers = {"Accept": accept} if accept else {}
        attempt = 0
        while True:
            attempt += 1
            try:
                endpoint = self._endpoint.get(None, self._ping)
                url = f"{endpoint.scheme}://{self.registry}/v2/{repository.full_path}/{path}"
                return self._authenticated(endpoint, method, repository, url, headers, allowed)
            except StatusError as error:
                pause = self._retry.pause(error, attempt)
                if pause is None:
                    raise
                _log.debug("retrying in %.1f s: %s", pause, error)
                if self._deadline.wait(self._closed, pause):
                    raise

    def _authenticated(
        self,
        endpoint: _Endpoint,
        method: str,
        repository: Repository,
        url: str,
        headers: Mapping[str, str],
        allowed: tuple[int, ...],
    ) -> Response:
        challenge = endpoint.challenge
        for last in (False, True):
            authorization = "" if challenge is None else self._authorization(challenge, repository)
            response = self._transport.exchange(method, url, headers, authorization=authorization)
            if response.status in allowed:
                if endpoint.challenge is None and challenge is not None:  # the ping was too friendly
                    self._endpoint.forget(None)
                    self._endpoint.put(None, _Endpoint(endpoint.scheme, challenge))
                return response
            renewed = _challenge(response.header("WWW-Authenticate"))
            if last or response.status != HTTPStatus.UNAUTHORIZED or renewed is None:
                break
            if challenge is not None:
                if renewed.scheme != "bearer":
                    break
                self._tokens.forget(_token_key(challenge, repository))  # it may be too old
            response.drain()
            challenge = renewed
            if challenge.scheme == "bearer":
                self._tokens.forget(_token_key(challenge, repository))
        raise status_error(response)

    def _ping(self) -> _Endpoint:
        failures: list[str] = []
        unsure = False
        for scheme in ("https", "http") if is_local(self.registry) else ("https",):
            url = f"{scheme}://{self.registry}/v2/"
            if scheme == "https" and is_local(self.registry):
                origin = address_of(url)
                if proxy_for(*origin, self._transport.environ) is None:
                    trouble = self._transport.speaks_tls(origin[1], origin[2], _PROBE_SECONDS)
                    if trouble:
                        failures.append(f'Get "{url}": {trouble}')
                        unsure = trouble == "i/o timeout"
                        continue
            try:
                return self._greeted(scheme, url)
            except (StatusError, UnreachableError, TransferError) as error:
                failures.append(str(error))
                failure: RegistryError = error
        if unsure:  # slow, perhaps, rather than plain
            return self._greeted("https", f"https://{self.registry}/v2/")
        message = "; ".join(failures)
        if isinstance(failure, StatusError):
            raise type(failure)(message, failure.status, failure.retry_after) from failure
        raise UnreachableError(message) from failure

    def _greeted(self, scheme: str, url: str) -> _Endpoint:
        response = self._transport.exchange("GET", url)
        if response.status not in {HTTPStatus.OK, HTTPStatus.UNAUTHORIZED}:
            raise status_error(response)
        challenge = None
        if response.status == HTTPStatus.UNAUTHORIZED:
            challenge = _challenge(response.header("WWW-Authenticate"))
        response.drain()
        return _Endpoint(scheme, challenge)

    def _authorization(self, challenge: _Challenge, repository: Repository) -> str:
        credentials = self._keychain.credentials(repository)
        if challenge.scheme == "basic":
            return credentials.basic
        if credentials.registry_token:
            return f"Bearer {credentials.registry_token}"
        token = self._tokens.get(
            _token_key(challenge, repository), lambda: self._token(challenge, repository, credentials)
        )
        return f"Bearer {token}"

    def _token(self, challenge: _Challenge, repository: Repository, credentials: Credentials) -> str:
        realm = challenge.parameters.get("realm", "")
        self._check_realm(realm)
        service, scope = challenge.parameters.get("service", ""), _scope(challenge, repository)
        if credentials.identity_token:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": credentials.identity_token,
                "service": service,
                "scope": scope,
                "client_id": "ec-ref",
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            response = self._transport.exchange("POST", realm, headers, body=urlencode(form).encode())
        else:
            query = urlencode({"scope": scope, "service": service} if service else {"scope": scope})
            url = f"{realm}{'&' if urlsplit(realm).query else '?'}{query}"
            authorization = "" if credentials == ANONYMOUS else credentials.basic
            response = self._transport.exchange("GET", url, authorization=authorization)
        if response.status != HTTPStatus.OK:
            raise status_error(response)
        with response:
            body = response.read_all(_TOKEN_LIMIT)
        try:
            document = json.loads(body)
            token = document.get("token") or document.get("access_token")
        except (ValueError, AttributeError):
            token = None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise MalformedError(f"no token in bearer response from {realm}")
        return token

    def _check_realm(self, realm: str) -> None:
        """A registry mustn't send us, with credentials, to hosts that only we can reach."""
        scheme, host, _ = address_of(realm)
        if scheme not in {"http", "https"}:
            raise UnreachableError(f'unsupported realm "{realm}" for bearer token')
        if host == address_of(f"https://{self.registry}")[1]:
            return
        if is_loopback(host) or is_local(host) or _is_internal(host):
            raise UnreachableError(
                f'realm "{realm}" of registry {self.registry} leads to a private or loopback address'
            )


def is_local(registry: str) -> bool:
    """Whether plain http is tried when https fails: loopback with a port, ``*.localhost``, ``*.local``, RFC 1918."""
    host, port = registry, ""
    if registry.startswith("["):
        host, _, port = registry[1:].partition("]")
    elif registry.count(":") == 1:
        host, _, port = registry.partition(":")
    if host == "localhost":
        return bool(port)
    if _IPV4.fullmatch(host):
        return host == "127.0.0.1" or _PRIVATE.match(host) is not None
    return host == "::1" or _LOCAL_NAME.fullmatch(host) is not None


def _is_internal(host: str) -> bool:
    if not (host[:1].isdigit() or ":" in host):
        return False
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_link_local or address.is_unspecified


def _token_key(challenge: _Challenge, repository: Repository) -> tuple[str, str]:
    return challenge.parameters.get("realm", ""), _scope(challenge, repository)


def _scope(challenge: _Challenge, repository: Repository) -> str:
    """A challenge for one resource says what it wants; that of a ping, or of another one, knows nothing of ours."""
    wanted = challenge.parameters.get("scope", "")
    ours = f"repository:{repository.full_path}:"
    return wanted if wanted.startswith(ours) else f"{ours}pull"


def _challenge(header: str) -> _Challenge | None:
    scheme, _, rest = header.strip().partition(" ")
    scheme = scheme.lower()
    if scheme not in {"basic", "bearer"}:
        return None
    parameters = {}
    for name, quoted, plain in _PARAMETER.findall(rest):
        parameters[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
    return _Challenge(scheme, parameters)
