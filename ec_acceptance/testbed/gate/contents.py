"""The names of what was put into a registry through a gate: those of contents that can be read again later."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ec_acceptance.testbed.registry.digests import is_digest
from ec_acceptance.testbed.registry.routes import Route
from ec_acceptance.testbed.servers.http import Headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ec_acceptance.testbed.servers.http import Handler, Request, Response

__all__ = ["Contents", "Names"]

_CREATED, _ACCEPTED = 201, 202


@dataclass(slots=True)
class Names:
    """What one repository has, in the order in which it came.

    Attributes:
        blobs: digests.
        manifests: digests with their media types.
        tags: digests by tag.
    """

    blobs: dict[str, None] = field(default_factory=dict)
    manifests: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class Contents:
    """Watches what a handler accepts. Safe for threads."""

    def __init__(self) -> None:
        self._repositories: dict[str, Names] = {}
        self._lock = threading.Lock()

    def names(self) -> Mapping[str, Names]:
        """What each repository has now; a copy."""
        with self._lock:
            return {
                repository: Names(dict(names.blobs), dict(names.manifests), dict(names.tags))
                for repository, names in self._repositories.items()
            }

    def over(self, handler: Handler) -> Handler:
        """The handler, with what it accepts noted."""

        def noted(request: Request) -> Response:
            response = handler(request)
            if request.method in {"PUT", "POST"} and response.status == _CREATED:
                self._note(request, response)
            elif request.method == "DELETE" and response.status == _ACCEPTED:
                self._forget(Route.of(request.path))
            return response

        return noted

    def _note(self, request: Request, response: Response) -> None:
        route = Route.of(request.path)
        digest = request.query.get("digest") or request.query.get("mount") or ""
        with self._lock:
            names = self._repositories.setdefault(route.repository, Names())
            if route.kind == "upload" and digest:
                names.blobs[digest] = None
            elif route.kind == "manifest":
                is_tag = not is_digest(route.reference)
                stored = Headers(response.headers).get("Docker-Content-Digest", "") if is_tag else route.reference
                names.manifests[stored] = request.headers.get("Content-Type", "")
                if is_tag:
                    names.tags[route.reference] = stored

    def _forget(self, route: Route) -> None:
        with self._lock:
            names = self._repositories.setdefault(route.repository, Names())
            if route.kind == "blob":
                names.blobs.pop(route.reference, None)
            elif not is_digest(route.reference):
                names.tags.pop(route.reference, None)
            else:
                names.manifests.pop(route.reference, None)
                names.tags = {tag: digest for tag, digest in names.tags.items() if digest != route.reference}
