"""What the gate needs of a registry, whichever kind it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ec_acceptance.testbed.servers.http import Request, Response

__all__ = ["Backend"]


class Backend(Protocol):
    """A registry that serves all scenarios of a run."""

    @property
    def kind(self) -> str:
        """`embedded`, `container` or `url`."""

    @property
    def reason(self) -> str:
        """One sentence: why this kind was taken."""

    @property
    def url(self) -> str:
        """Its own address without a path, such as `http://127.0.0.1:5000`."""

    def handle(self, request: Request) -> Response:
        """Answer one request; safe from many threads; the body may be a stream."""

    def forget(self, namespace: str) -> None:
        """Free what repositories below `namespace` hold, where the registry can do so cheaply."""

    def close(self) -> None:
        """Free all that it holds."""
