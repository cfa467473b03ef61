"""Which registry serves a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.errors import UnavailableError, UnreachableError

if TYPE_CHECKING:
    from ec_acceptance.testbed.registry.backend import Backend
    from ec_acceptance.testbed.registry.remote import Remote

__all__ = ["open_backend"]


def open_backend(choice: str = "auto", *, image: str = "registry:2") -> Backend:
    """Start or reach the chosen registry; the result's `kind` and `reason` say which it is and why.

    Args:
        choice: `container`, `embedded`, the URL of one that runs, or `auto`: the container where a Docker daemon
            answers and `image` is there or can be pulled, else the embedded one.
        image: what the container runs.

    Raises:
        UnavailableError: the one that was asked for cannot be had; never for `auto` and `embedded`.
        UnreachableError: the URL leads to none.
        ValueError: `choice` is none of these.
    """
    if choice == "embedded":
        return EmbeddedRegistry()
    if choice.startswith(("http://", "https://")):
        return _reach(choice)
    if choice in {"container", "auto"}:
        from ec_acceptance.testbed.registry.container import ContainerRegistry  # brings `requests`, which takes a while

        try:
            return ContainerRegistry.start(image)
        except UnavailableError as error:
            if choice == "container":
                raise
            return EmbeddedRegistry(reason=str(error))
    raise ValueError(f"{choice!r} is no registry: auto, container, embedded, or a URL such as http://127.0.0.1:5000")


def _reach(url: str) -> Remote:
    from ec_acceptance.testbed.registry.remote import Remote
    from ec_acceptance.testbed.servers.http import Headers, Request

    backend = Remote(url)
    try:
        status = backend.handle(Request("GET", "/v2/", {}, Headers(), b"")).status
    except ValueError as error:  # of requests, for what is no URL
        backend.close()
        raise ValueError(f"{url!r} is no URL of a registry, such as http://127.0.0.1:5000") from error
    except Exception as error:
        backend.close()
        raise UnreachableError(f"no registry answers at {url} ({type(error).__name__})") from error
    if status != 200:
        backend.close()
        raise UnreachableError(f"{url}/v2/ answers {status}, so it is no registry that can be used without credentials")
    return backend
