"""One registry as it was found: scheme, way of authentication, tokens; and requests with retries.

Which scheme a registry speaks is found out once for a run: https first; registries with a local name may speak plain
http instead (specification 30 §1). A registry that takes a connection and then says nothing is given up for the run.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from refimpl.errors import (
    NoAnswerError,
    RegistryError,
    SlowConnectionError,
    StatusError,
    TransferError,
    UnreachableError,
)
from refimpl.http import codes
from refimpl.http.transport import CONNECT_SECONDS, address_of
from refimpl.oci.memo import Memo
from refimpl.record import record

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from refimpl.deadline import Deadline
    from refimpl.http.challenge import Challenge
    from refimpl.http.retry import Retry
    from refimpl.http.transport import Response, Transport
    from refimpl.oci.auth import Keychain
    from refimpl.oci.budget import Budget
    from refimpl.oci.reference import Repository

_log = logging.getLogger(__name__)
_PROBE_SECONDS = 0.3
_TOKENS = 1024
_LOCAL_NAME = r".+\.local(?:host)?"
_PRIVATE = r"10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\."
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)


@record
class _Endpoint:
    scheme: str
    challenge: Challenge | None


class Session:
    """Requests to one registry. Thread-safe.

    Args:
        registry: host with an optional port.
        transport: shared connections.
        keychain: shared credentials.
        retry: how patient to be.
        deadline: of the run.
        closed: set when the client is closed; it ends pauses.
        budget: how fast the registry may be asked; None for as fast as it answers.
    """

    def __init__(
        self,
        registry: str,
        transport: Transport,
        keychain: Keychain,
        retry: Retry,
        deadline: Deadline,
        closed: threading.Event,
        budget: Budget | None = None,
    ) -> None:
        self.registry = registry
        self._transport = transport
        self._keychain = keychain
        self._retry = retry
        self._deadline = deadline
        self._closed = closed
        self._budget = budget
        self._silent: UnreachableError | None = None
        self._endpoint: Memo[None, _Endpoint] = Memo(1, deadline)
        self._tokens: Memo[tuple[str, str], str] = Memo(_TOKENS, deadline)

    def request(
        self,
        method: str,
        repository: Repository,
        path: str,
        *,
        accept: str = "",
        allowed: tuple[int, ...] = (200,),
        in_the_clear: bool = False,
    ) -> Response:
        """Send a request for ``/v2/<repository>/<path>``, with authentication, again as often as `Retry` allows.

        What is verified by its digest may come `in_the_clear`, where a registry redirects to plain http.

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
            self._wait_for_turn()
            try:
                endpoint = self._endpoint.get(None, self._ping)
                url = f"{endpoint.scheme}://{self.registry}/v2/{repository.full_path}/{path}"
                response = self._authenticate(endpoint, method, repository, url, headers, allowed, in_the_clear)
                if self._budget is not None and method != "HEAD":
                    self._budget.note_received(self.registry, response.content_length or 0)
                return response
            except StatusError as error:
                if self._budget is not None and error.status == codes.TOO_MANY_REQUESTS:
                    self._budget.note_refused(self.registry, min(error.retry_after or 0.0, self._retry.max_wait))
                pause = self._retry.pause(error, attempt)
                if pause is None:
                    raise
                _log.debug("retrying in %.1f s: %s", pause, error)
                if self._deadline.wait(self._closed, pause):
                    raise

    def _wait_for_turn(self) -> None:
        if self._budget is not None and (pause := self._budget.turn(self.registry)) > 0:
            self._deadline.wait(self._closed, pause)

    def _authenticate(
        self,
        endpoint: _Endpoint,
        method: str,
        repository: Repository,
        url: str,
        headers: Mapping[str, str],
        allowed: tuple[int, ...],
        in_the_clear: bool,  # noqa: FBT001 - handed through
    ) -> Response:
        challenge, last = endpoint.challenge, False
        while True:
            authorization = self._authorization(endpoint.scheme, challenge, repository)
            response = self._transport.exchange(
                method, url, headers, authorization=authorization, in_the_clear=in_the_clear
            )
            if response.status in allowed:
                if endpoint.challenge is None and challenge is not None:  # the ping was too friendly
                    self._endpoint.forget(None)
                    self._endpoint.put(None, _Endpoint(endpoint.scheme, challenge))
                return response
            if last or response.status != codes.UNAUTHORIZED or not self._is_own(response.url):
                break
            renewed = _challenge(response)
            if challenge is not None:
                if renewed.scheme != "bearer":
                    break
                self._tokens.forget(_token_key(challenge, repository))  # it may be too old
            response.drain()
            challenge, last = renewed, True
            if challenge.scheme == "bearer":
                self._tokens.forget(_token_key(challenge, repository))
        raise _refusal(response)

    def _ping(self) -> _Endpoint:
        if self._silent is not None:
            raise self._silent
        failures: list[str] = []
        failure: RegistryError
        unsure = False
        for scheme in ("https", "http") if is_local(self.registry) else ("https",):
            probing = scheme == "https" and is_local(self.registry)
            try:
                return self._greet(scheme, connecting=_PROBE_SECONDS if probing else CONNECT_SECONDS)
            except (StatusError, UnreachableError, TransferError) as error:
                failures.append(str(error))
                failure = error
                unsure = unsure or (probing and isinstance(error, SlowConnectionError))
        silent = isinstance(failure, NoAnswerError | SlowConnectionError)
        if unsure and not silent:  # slow, perhaps, rather than plain
            try:
                return self._greet("https")
            except (StatusError, UnreachableError, TransferError) as error:
                failures[0] = str(error)
        message = "; ".join(failures)
        if isinstance(failure, StatusError):
            raise type(failure)(message, failure.status, failure.retry_after) from failure
        unreachable = UnreachableError(message)
        if silent:  # nobody waits for it once more
            self._silent = unreachable
        raise unreachable from failure

    def _greet(self, scheme: str, *, connecting: float = CONNECT_SECONDS) -> _Endpoint:
        response = self._transport.exchange("GET", f"{scheme}://{self.registry}/v2/", connecting=connecting)
        if response.status not in {codes.OK, codes.UNAUTHORIZED}:
            raise _refusal(response)
        challenge = None
        if response.status == codes.UNAUTHORIZED:
            challenge = _challenge(response)
        response.drain()
        return _Endpoint(scheme, challenge)

    def _is_own(self, url: str) -> bool:
        """Whether `url` is the registry's: where it redirects to, others speak."""
        return address_of(url)[1:] in {address_of(f"{scheme}://{self.registry}")[1:] for scheme in ("http", "https")}

    def _authorization(self, scheme: str, challenge: Challenge | None, repository: Repository) -> str:
        """What to prove oneself with; unasked too, as some registries hide what isn't for everybody."""
        credentials = self._keychain.credentials(repository)
        if challenge is None or challenge.scheme == "basic" or credentials.registry_token:
            return credentials.authorization
        from refimpl.oci.token import TokenServer

        server, scope = TokenServer.of(challenge, self.registry, scheme), _scope(challenge, repository)
        token = self._tokens.get(
            _token_key(challenge, repository), lambda: server.token(self._transport, credentials, scope)
        )
        return f"Bearer {token}"


def _challenge(response: Response) -> Challenge:
    from refimpl.http.challenge import challenges, choose

    return choose(challenges(response.headers("WWW-Authenticate")))


def _refusal(response: Response) -> StatusError:
    from refimpl.oci.status import status_error  # what goes well needs none of it

    return status_error(response)


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
        return host == "127.0.0.1" or re.match(_PRIVATE, host) is not None
    return host == "::1" or re.fullmatch(_LOCAL_NAME, host) is not None


def _token_key(challenge: Challenge, repository: Repository) -> tuple[str, str]:
    return challenge.parameters.get("realm", ""), _scope(challenge, repository)


def _scope(challenge: Challenge, repository: Repository) -> str:
    """A challenge for one resource says what it wants; that of a ping, or of another one, knows nothing of ours."""
    wanted = challenge.parameters.get("scope", "")
    ours = f"repository:{repository.full_path}:"
    return wanted if wanted.startswith(ours) else f"{ours}pull"
