"""A registry in a container of its own, started by testcontainers."""

from __future__ import annotations

import atexit
import gc
import logging
import textwrap
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.registry.errors import UnavailableError
from ec_acceptance.testbed.registry.remote import Remote

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

__all__ = ["ContainerRegistry"]

_PORT = 5000
_PULL_SECONDS = 20.0
_START_SECONDS = 60
_DAEMON_SECONDS = 15
_POLL_SECONDS = 0.05


class ContainerRegistry(Remote):
    """The back end `container`: any registry image that serves plain HTTP on port 5000, such as `registry:2` or Zot."""

    kind = "container"

    def __init__(self, container: DockerContainer, url: str, reason: str) -> None:
        super().__init__(url, reason=reason)
        self._container = container
        atexit.register(self.close)  # a run that ends by an exception leaves nothing behind either

    @classmethod
    def start(cls, image: str) -> ContainerRegistry:
        """Run `image` and wait until it answers; UnavailableError if there is no daemon, no image, or no answer.

        An image that isn't there is pulled, for at most 20 s.
        """
        # A third of a second to import, and not needed where the embedded registry serves.
        from testcontainers.core.config import testcontainers_config
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.wait_strategies import HttpWaitStrategy

        logging.getLogger("testcontainers").setLevel(logging.WARNING)
        deadline = time.monotonic() + _PULL_SECONDS
        found = _provide(image, deadline)
        note = ""
        if not testcontainers_config.ryuk_disabled:
            try:
                _provide(testcontainers_config.ryuk_image, deadline)
            except UnavailableError:
                # Ryuk only tidies up after a killed run; `close` does it after all others.
                testcontainers_config.ryuk_disabled = True
                note = ", without Ryuk, whose image cannot be had"
        wait = HttpWaitStrategy(_PORT, "/v2/").with_startup_timeout(_START_SECONDS).with_poll_interval(_POLL_SECONDS)
        container = None
        try:
            container = DockerContainer(image)
            container.with_exposed_ports(_PORT).with_env("REGISTRY_STORAGE_DELETE_ENABLED", "true").waiting_for(wait)
            container.start()
            host = container.get_container_host_ip()
            port = container.get_exposed_port(_PORT)
        except Exception as error:
            _stop(container)
            raise UnavailableError(f"the registry image {image} doesn't start: {_first_line(error)}") from error
        # Docker's forwarding of IPv6 loopback is not everywhere; asking for both would cost a failure each time.
        host = "127.0.0.1" if host == "localhost" else host
        return cls(container, f"http://{host}:{port}", f"a Docker daemon answers and {image} {found}{note}")

    def close(self) -> None:
        """Stop and remove the container."""
        atexit.unregister(self.close)
        super().close()
        _stop(self._container)


def _provide(image: str, deadline: float) -> str:
    """See that `image` is there, by pulling if need be; say which it was."""
    from testcontainers.core.docker_client import DockerClient

    client: Any = None
    try:
        client = DockerClient(timeout=_DAEMON_SECONDS).client
        client.ping()
        if not _is_there(client, image):
            _pull(client, image, deadline)
            return "was pulled"
        return "is there"
    except UnavailableError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever docker's client fails by, it is of no use then
        raise UnavailableError(f"no Docker daemon answers: {_first_line(error)}") from _without_frames(error)
    finally:
        if client is not None:
            client.close()


def _without_frames(error: Exception) -> Exception:
    """The error without what its traceback holds: docker's client leaves a socket open there when nobody answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        error.__context__ = error.__cause__ = None
        error.__traceback__ = None
        gc.collect()
    return error


def _is_there(client: Any, image: str) -> bool:
    try:
        client.images.get(image)
    except Exception as error:
        if getattr(error, "status_code", None) == 404:  # docker's own classes have no types to name them by
            return False
        raise
    return True


def _pull(client: Any, image: str, deadline: float) -> None:
    failures: list[BaseException] = []

    def pull() -> None:
        try:
            client.images.pull(image)
        except Exception as error:  # noqa: BLE001  # handed to the thread that waits
            failures.append(error)

    # The client can limit the wait for each answer, not the whole; so a thread, left to itself when time is up.
    thread = threading.Thread(target=pull, name="pull", daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if thread.is_alive():
        raise UnavailableError(f"the image {image} wasn't pulled within {_PULL_SECONDS:.0f} s")
    if failures:
        raise UnavailableError(f"the image {image} cannot be pulled: {_first_line(failures[0])}") from failures[0]


def _stop(container: DockerContainer | None) -> None:
    if container is None:
        return
    try:
        container.stop()
    except Exception as error:  # noqa: BLE001  # a daemon that has gone needs no stopping
        logging.getLogger(__name__).warning("the registry's container could not be removed: %s", _first_line(error))


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return textwrap.shorten(lines[0], 200, placeholder=" …") if lines else type(error).__name__
