"""A storage to which registries redirect for blobs: those of a repository, whatever precedes the digest in the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec_acceptance.testbed.servers.http import Headers, Request, Response, Server
from ec_acceptance.testbed.servers.request_log import RequestLog

if TYPE_CHECKING:
    from ec_acceptance.testbed.servers.http import Handler

__all__ = ["Storage"]


class Storage:
    """Serves on a loopback address; `request_log` has the paths as they were asked for.

    Args:
        registry: has the blobs.
        repository: its name there.
    """

    def __init__(self, registry: Handler, repository: str, *, port: int = 0) -> None:
        self.request_log = RequestLog()
        self._registry = registry
        self.repository = repository
        self._blobs = f"/v2/{repository}/blobs/"
        self._server = Server(self.request_log.record(self._answer), port=port, name="storage")
        self.address = self._server.address

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def _answer(self, request: Request) -> Response:
        digest = request.path.rpartition("/")[2]
        return self._registry(Request(request.method, self._blobs + digest, {}, Headers(), b""))
