"""What a service of the testbed was asked, for scenarios to assert on."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ec_acceptance.testbed.servers.http import Handler, Request, Response

__all__ = ["Asked", "Journal"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and the status of its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    status: int

    @property
    def document(self) -> Any:
        """The body parsed as JSON; None without a body.

        Raises:
            ValueError: the body isn't JSON.
        """
        return json.loads(self.body) if self.body else None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class Journal:
    """The requests of one service in the order in which they were answered. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[Asked] = []

    @property
    def asked(self) -> tuple[Asked, ...]:
        """All requests so far."""
        with self._lock:
            return tuple(self._asked)

    def matching(self, method: str, path: str) -> tuple[Asked, ...]:
        """The requests with this method whose whole path matches the regular expression."""
        return tuple(one for one in self.asked if one.method == method and re.fullmatch(path, one.path))

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._asked.clear()

    def keeping(self, handler: Handler) -> Handler:
        """The handler, with every request noted before its answer is sent."""

        def kept(request: Request) -> Response:
            response = handler(request)
            asked = Asked(request.method, request.path, request.query, request.headers, request.body, response.status)
            with self._lock:
                self._asked.append(asked)
            return response

        return kept
