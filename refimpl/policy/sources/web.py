"""HTTPS for sources, over the same kind of connections as registries."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from refimpl.deadline import Deadline
from refimpl.http.tls import TLS
from refimpl.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.http.transport import Response

_USER_AGENT = "ec-ref"


class Web:
    """Sends requests over https only, with connections kept open; may be used from several threads."""

    def __init__(self, environ: Mapping[str, str], deadline: Deadline | None = None) -> None:
        """Nothing is contacted, or read from disk, before the first request."""
        self._environ = environ
        self._deadline = deadline or Deadline(None)
        self._lock = threading.Lock()
        self._transports: dict[bool, Transport] = {}

    @property
    def unverified_git(self) -> bool:
        """Whether the environment asks not to verify servers of git repositories."""
        return self._environ.get("GIT_SSL_NO_VERIFY") == "true"

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        authorization: str = "",
        body: bytes | None = None,
        verify: bool = True,
    ) -> Response:
        """Send a request and give the answer's head, of a GET after redirects; any status.

        Raises:
            RegistryError: no answer, or one from an insecure address; text as Go has it, ``Get "https://…": …``.
            TimeoutExceededError: the deadline passed.
        """
        return self._transport(verify=verify).exchange(method, url, headers, authorization=authorization, body=body)

    def close(self) -> None:
        """Close all connections; what is being read breaks."""
        with self._lock:
            for transport in self._transports.values():
                transport.close()

    def _transport(self, *, verify: bool) -> Transport:
        with self._lock:
            transport = self._transports.get(verify)
            if transport is None:
                transport = self._transports[verify] = Transport(
                    self._environ, self._deadline, user_agent=_USER_AGENT, tls=TLS(verify=verify)
                )
            return transport
