"""A log of the requests that a server of the testbed has answered, for scenarios to assert on."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ec_acceptance.testbed.servers.http import Handler, Request, Response

__all__ = ["RecordedRequest", "RequestLog"]


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request and the status of its answer; `started` and `ended` are times of `time.monotonic`."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    status: int
    started: float = 0.0
    ended: float = 0.0

    @property
    def document(self) -> Any:
        """The body parsed as JSON; None without a body.

        Raises:
            ValueError: the body isn't JSON.
        """
        return json.loads(self.body) if self.body else None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class RequestLog:
    """The requests of one service in the order in which they were answered. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[RecordedRequest] = []

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """All requests so far."""
        with self._lock:
            return tuple(self._requests)

    def matching(self, method: str, path: str) -> tuple[RecordedRequest, ...]:
        """The requests with this method whose whole path matches the regular expression."""
        return tuple(one for one in self.requests if one.method == method and re.fullmatch(path, one.path))

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._requests.clear()

    def record(self, handler: Handler) -> Handler:
        """The handler, with every request recorded before its answer is sent."""

        def record(request: Request) -> Response:
            started = time.monotonic()
            response = handler(request)
            recorded = RecordedRequest(
                request.method,
                request.path,
                request.query,
                request.headers,
                request.body,
                response.status,
                started,
                time.monotonic(),
            )
            with self._lock:
                self._requests.append(recorded)
            return response

        return record
