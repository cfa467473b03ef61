"""Faults in what components of one run share: downloads, what was read, locks."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import itertools
import threading
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["unshared"]


def unshared() -> None:
    """Let each component read and unpack for itself what others have read in the same run."""
    from refimpl.layers.layers import Layers

    class Unshared:
        def get(self, _: object, compute: Callable[[], Any], *, origin: object = None) -> Any:
            del origin
            return compute()

    @change(Layers, "__init__")
    def make(original: Callable[..., None], self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self._listings = Unshared()


def _fails_all() -> None:
    """Let every waiter take the failure of whoever computes, wherever that one asked."""
    from refimpl.oci.memo import Memo

    @change(Memo, "get")
    def get(original: Callable[..., Any], self: Any, key: object, compute: Any, *, origin: object = None) -> Any:
        del origin
        return original(self, key, compute)


@mutant(
    "no-single-flight",
    "Components that need the same layer at the same time each fetch it.",
    Kind.FLIGHT,
    "cache-03 cache-05.5 cache-05.6 cache-22",
)
def no_single_flight() -> None:
    from refimpl.layers.download import Download

    unshared()

    @change(Download, "join")
    def join(original: Callable[..., bool], self: Any) -> bool:
        return not self._readers and original(self)


@mutant(
    "flight-only-in-memory",
    "What was fetched in this run isn't looked for in the directory, so whoever comes late fetches again.",
    Kind.FLIGHT,
    "cache-03.5 cache-03.6",
)
def flight_only_in_memory() -> None:
    from refimpl.layers.cache import LayerCache
    from refimpl.layers.directory import Directory

    unshared()
    made: set[str] = set()

    @change(Directory, "publish")
    def publish(original: Callable[..., None], self: Any, temporary: Any, name: str) -> None:
        original(self, temporary, name)
        made.add(name)

    @change(LayerCache, "_entry")
    def entry(original: Callable[..., Any], self: Any, directory: Any, name: str) -> Any:
        return None if name in made else original(self, directory, name)


@mutant(
    "builtin-apart",
    "The builtin function reads layers without what the input document's reader shares.",
    Kind.FLIGHT,
    "cache-22 cache-03 cache-05.6 cache-11.2 layers-04",
)
def builtin_apart() -> None:
    from refimpl import record
    from refimpl.layers.layers import Layers
    from refimpl.rego.builtins import files
    from refimpl.rego.builtins.context import ComponentContext

    @change(files, "_files")
    def read_files(original: Callable[..., Any], context: Any, *arguments: Any) -> Any:
        layers = context.shared.layers
        alone = Layers(layers._client, None, deadline=layers._deadline)
        return original(ComponentContext(record.replace(context.shared, layers=alone)), *arguments)


@mutant(
    "waiters-get-not-found",
    "Who waits for another's download learns only that the layer isn't there, not the cause.",
    Kind.FLIGHT,
    "cache-26.1 cache-26.3",
)
def waiters_get_not_found() -> None:
    from refimpl.errors import NotFoundError, RegistryError
    from refimpl.oci.memo import Memo

    @change(Memo, "get")
    def get(original: Callable[..., Any], self: Any, key: object, compute: Any, *, origin: object = None) -> Any:
        del origin
        led = threading.Event()

        def lead() -> Any:
            led.set()
            return compute()

        try:
            return original(self, key, lead)
        except RegistryError as error:
            if led.is_set():
                raise
            raise NotFoundError("file not found", 404) from error


@mutant(
    "leader-fails-all",
    "When the first download of a layer breaks, all who waited for it fail with it.",
    Kind.FLIGHT,
    "cache-06.2 cache-06.3 cache-06.4",
)
def leader_fails_all() -> None:
    from refimpl.layers import layers

    replace(layers, "_ATTEMPTS", 1)
    _fails_all()


@mutant(
    "leader-never-lands",
    "A leader that fails tells nobody: who waits for it waits for ever.",
    Kind.FLIGHT,
    "cache-26.2 cache-26.4",
)
def leader_never_lands() -> None:
    from refimpl.oci import memo

    class Deaf(threading.Event):
        def set(self) -> None:
            if self.flight.error is None:
                super().set()

        flight: Any

    @change(memo, "_Flight")
    def make(original: Callable[..., Any], *arguments: Any) -> Any:
        flight = original(*arguments)
        flight.landed = Deaf()
        flight.landed.flight = flight
        return flight


@mutant(
    "global-lock",
    "One lock for all layers: a layer that doesn't come holds up components that don't need it.",
    Kind.FLIGHT,
    "cache-04",
)
def global_lock() -> None:
    from refimpl.layers.layers import Layers

    lock = threading.RLock()

    @change(Layers, "read")
    def read(original: Callable[..., Any], *arguments: Any) -> Any:
        with lock:
            return original(*arguments)


@mutant(
    "locks-kept-for-the-image",
    "An image locks its layers one after another and keeps the locks until it has read them all.",
    Kind.FLIGHT,
    "cache-05.1 cache-05.2 cache-05.3 cache-05.4",
)
def locks_kept_for_the_image() -> None:
    from refimpl.layers import files
    from refimpl.layers.layers import Layers

    guard = threading.Lock()
    locks: dict[str, threading.Lock] = {}
    image = threading.local()

    @change(files, "image_files")
    def image_files(original: Callable[..., Any], *arguments: Any) -> Any:
        with ExitStack() as image.locked:
            return original(*arguments)

    @change(Layers, "listing")
    def listing(original: Callable[..., Any], self: Any, repository: Any, descriptor: Any, *rest: Any) -> Any:
        with guard:
            lock = locks.setdefault(descriptor.digest, threading.Lock())
        image.locked.enter_context(lock)
        return original(self, repository, descriptor, *rest)


@mutant(
    "slot-before-need",
    "A reader takes one of 16 places for transfers before it is known whether it must fetch, and another to fetch.",
    Kind.FLIGHT,
    "cache-05.5 cache-05.6",
)
def slot_before_need() -> None:
    from refimpl.layers.layers import Layers

    slots = threading.BoundedSemaphore(16)

    @change(Layers, "listing")
    def listing(original: Callable[..., Any], *arguments: Any) -> Any:
        with slots:
            return original(*arguments)

    first = itertools.count()

    @change(Layers, "_transfer")
    @contextmanager
    def transfer(_: object, self: Any, repository: Any, descriptor: Any) -> Iterator[Any]:
        # The very first one gets through: else readers now and then stop before anything is asked for.
        with slots if next(first) else nullcontext(), self._client.open_blob(repository, descriptor) as stream:
            yield stream
