"""Which registry serves a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec_acceptance.testbed.registry.container import DEFAULT_IMAGE, ContainerRegistry
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.errors import UnavailableError
from ec_acceptance.testbed.registry.remote import Remote

if TYPE_CHECKING:
    from ec_acceptance.testbed.registry.backend import Backend

__all__ = ["open_backend"]


def open_backend(choice: str = "auto", *, image: str = DEFAULT_IMAGE) -> Backend:
    """Start or reach the chosen registry; the result's `kind` and `reason` say which it is and why.

    Args:
        choice: `container`, `embedded`, the URL of one that runs, or `auto`: the container where a Docker daemon
            answers and `image` is there or can be pulled, else the embedded one.
        image: what the container runs.

    Raises:
        UnavailableError: the one that was asked for cannot be had; never for `auto` and `embedded`.
        ValueError: `choice` is none of these.
    """
    if choice == "embedded":
        return EmbeddedRegistry()
    if choice == "container":
        return ContainerRegistry.start(image)
    if choice == "auto":
        try:
            return ContainerRegistry.start(image)
        except UnavailableError as error:
            return EmbeddedRegistry(reason=str(error))
    if choice.startswith(("http://", "https://")):
        return _reach(choice)
    raise ValueError(f"{choice!r} is no registry: auto, container, embedded, or a URL such as http://127.0.0.1:5000")


def _reach(url: str) -> Remote:
    from ec_acceptance.testbed.servers.http import Headers, Request

    backend = Remote(url)
    try:
        status = backend.handle(Request("GET", "/v2/", {}, Headers(), b"")).status
    except Exception as error:
        backend.close()
        raise UnavailableError(f"no registry answers at {url}: {error}") from error
    if status != 200:
        backend.close()
        raise UnavailableError(f"{url}/v2/ answers {status}, so it is no registry that can be used without credentials")
    return backend
