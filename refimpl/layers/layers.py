"""Layers of images for readers who want verified bytes, and what several readers of one run can share."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from refimpl.deadline import Deadline
from refimpl.errors import LimitExceededError, MalformedError, MismatchError, TransferError
from refimpl.layers.cache import DamagedEntryError
from refimpl.layers.download import SharedDownloadError, StorageError
from refimpl.layers.limits import Limits
from refimpl.layers.verified import verified
from refimpl.oci.memo import Memo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from refimpl.layers.cache import LayerCache
    from refimpl.layers.listing import Listing
    from refimpl.layers.stream import Stream
    from refimpl.oci.client import Registry
    from refimpl.oci.descriptor import Descriptor
    from refimpl.oci.reference import Repository
    from refimpl.system.exchange import Exchange

T = TypeVar("T")

_ATTEMPTS = 2
_ROUNDS = 8
_SHARED_BYTES = 64 << 20


class Layers:
    """Reads layers, through a cache or without one. Thread-safe; one for a run, closed at its end.

    With a cache, what was read of a layer is shared in the run (64 MiB of it): N images with one layer fetch, hash
    and unpack it once, even where the cache's directory can't be used. Without a cache each reader fetches for itself.

    Args:
        client: the registry client.
        cache: None for no caching at all.
        deadline: ends waiting.
        limits: of what is read.
        transfers: how many blobs may be fetched at once.
    """

    def __init__(
        self,
        client: Registry,
        cache: LayerCache | None,
        *,
        deadline: Deadline | None = None,
        limits: Limits | None = None,
        transfers: int = 6,
    ) -> None:
        self.cache = cache
        self.limits = limits or Limits()
        self._client = client
        self._deadline = deadline or Deadline(None)
        self._slots = threading.BoundedSemaphore(transfers)
        self._listings: Memo[tuple[str, int, frozenset[str]], Listing] = Memo(
            _SHARED_BYTES, self._deadline, lambda listing: listing.weight
        )

    def share(self, exchange: Exchange) -> None:
        """Read nothing that another process of the run has read. To be called before anything is read."""
        self._listings.share(exchange, "listing")
        if self.cache is not None:
            self.cache.share(exchange)

    @contextmanager
    def open(self, repository: Repository, descriptor: Descriptor) -> Iterator[Stream]:
        """A blob's compressed bytes; size and digest are verified when the context ends, the rest being read first.

        Nothing that was taken from the stream may be used before that. `read` also tries again where that helps.

        Raises:
            RegistryError: the transfer failed, or the bytes are wrong; also instead of what the block raised.
            TimeoutExceededError: the deadline passed.
        """

        def fetch() -> AbstractContextManager[Stream]:
            return self._transfer(repository, descriptor)

        if self.cache is None:
            manager: AbstractContextManager[Stream] = verified(fetch, descriptor)
        else:
            manager = self.cache.open(descriptor, fetch, origin=str(repository))
        with manager as stream:
            yield stream

    def read(self, repository: Repository, descriptor: Descriptor, consume: Callable[[Stream], T]) -> T:
        """What `consume` makes of a blob's compressed bytes, given away only after they were verified.

        A damaged entry of the cache is replaced; a broken or wrong transfer is made once more. `consume` is then
        called again from the start.

        Raises:
            RegistryError: the cause, if it doesn't work.
            TimeoutExceededError: the deadline passed.
        """
        rounds = attempts = 0
        while True:
            rounds += 1
            try:
                with self.open(repository, descriptor) as stream:
                    return consume(stream)
            except (DamagedEntryError, SharedDownloadError, StorageError):
                if rounds >= _ROUNDS:
                    raise
            except (TransferError, MismatchError):
                attempts += 1
                if attempts == _ATTEMPTS:
                    raise

    def listing(
        self,
        repository: Repository,
        descriptor: Descriptor,
        directories: frozenset[str],
        prepare: Callable[[str, bytes], object],
    ) -> Listing:
        """What a layer does to `directories` (cleaned, in lower case); its files' content goes through `prepare`.

        Equal `directories` must come with an equal `prepare`, since the results are shared.

        Raises:
            RegistryError: the layer can't be read whole and verified.
        """
        from refimpl.layers.listing import read_listing  # few images have files that are asked for

        def read() -> Listing:
            try:
                found = self.read(repository, descriptor, lambda stream: read_listing(stream, directories, self.limits))
            except MalformedError as error:
                raise MalformedError(f"layer {descriptor.digest}: {error}") from error
            except LimitExceededError as error:
                raise LimitExceededError(f"layer {descriptor.digest}: {error}") from error
            found.files = {name: prepare(name, content) for name, content in found.files.items()}
            return found

        if self.cache is None:
            return read()
        computed = False

        def compute() -> Listing:
            nonlocal computed
            computed = True
            return read()

        found = self._listings.get((descriptor.digest, descriptor.size, directories), compute, origin=str(repository))
        if not computed:
            self.cache.shared(descriptor)
        return found

    def close(self) -> None:
        """Finish writing, and put the cache in order."""
        if self.cache is not None:
            self.cache.close()

    def __enter__(self) -> Layers:  # noqa: PYI034  # typing.Self would be imported for this alone
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transfer(self, repository: Repository, descriptor: Descriptor) -> Iterator[Stream]:
        if not self._slots.acquire(timeout=self._deadline.remaining()):
            raise self._deadline.timeout_error()
        try:
            with self._client.open_blob(repository, descriptor) as stream:
                yield stream
        finally:
            self._slots.release()
