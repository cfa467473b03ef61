"""The layer cache: what blobs were verified once need not be fetched again (specification 40).

It knows digests and bytes, nothing of images or policies. Correctness rests on verification alone: an entry is the
compressed bytes with the digest of its name, a reader's bytes are hashed while they are read, and what isn't right is
quarantined and fetched again. There is no lock between runs; the processes of one run fetch a blob once.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from refimpl.errors import MismatchError, RegistryError
from refimpl.layers.directory import Directory, Temporary, UnusableError, user_cache_directory
from refimpl.layers.download import Download, DownloadReader, SharedDownloadError, StorageError
from refimpl.layers.verified import EntryReader, verified
from refimpl.record import field_names, record

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from refimpl.deadline import Deadline
    from refimpl.layers.stream import Stream
    from refimpl.oci.descriptor import Descriptor
    from refimpl.system.exchange import Exchange

_log = logging.getLogger(__name__)
#: Bytes that the directory may hold after a run, unless ``EC_CACHE_MAX_BYTES`` says otherwise.
DEFAULT_BUDGET = 10 << 30
_OFF = frozenset({"0", "f", "F", "false", "False", "FALSE"})
_DIGITS = 19  # a number with more of them is larger than any disk
_PATIENCE, _LATE_PATIENCE = 30.0, 1.0  # seconds for a slow disk to take what is verified, when the run ends
_GIVING_UP = 5.0  # seconds for what is given up then


class _AbsentError(Exception):
    """Neither is there an entry nor is one being made here."""


class DamagedEntryError(MismatchError):
    """The entry that was just read isn't what its name says, and is quarantined: discard what was read; read again."""


@record(frozen=False)
class Counters:
    """What the cache did: numbers of reads, and bytes fetched and saved."""

    hits: int = 0
    misses: int = 0
    coalesced: int = 0
    repaired: int = 0
    bytes_fetched: int = 0
    bytes_saved: int = 0


def switched_on(environ: Mapping[str, str]) -> bool:
    """What ``EC_CACHE`` says: off only by the six false words (specification 22 §B1)."""
    return environ.get("EC_CACHE", "") not in _OFF


class LayerCache:
    """Verified bytes by digest, for many threads and processes.

    Args:
        directory: where entries are kept; None when there is no place for them.
        budget: bytes that the directory may hold after `close`.
        deadline: ends waiting for others' downloads.
    """

    def __init__(self, directory: Directory | None, *, budget: int, deadline: Deadline) -> None:
        self._directory = directory
        self._budget = budget
        self._deadline = deadline
        self._lock = threading.Lock()
        self._downloads: dict[str, Download] = {}
        self._ending: set[Download] = set()
        self._prepared = False
        self._used = False
        self._writable = True
        self._blocked: set[str] = set()
        self._exchange: Exchange | None = None
        self.counters = Counters()

    def share(self, exchange: Exchange) -> None:
        """Wait for what another process of the run is fetching. To be called before anything is read."""
        self._exchange = exchange

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], deadline: Deadline) -> LayerCache | None:
        """The cache that ``EC_CACHE``, ``EC_CACHE_MAX_BYTES`` and the user's cache directory make; None if it is off.

        No file is made or read before the first layer is. A place that can't be used is one warning.
        """
        if not switched_on(environ):
            return None
        budget = DEFAULT_BUDGET
        if text := environ.get("EC_CACHE_MAX_BYTES", ""):
            if text.isdecimal() and text.isascii():
                budget = int(text) if len(text) < _DIGITS else sys.maxsize
            else:
                _log.warning("ignoring EC_CACHE_MAX_BYTES=%s: not a number of bytes", text)
        try:
            place = user_cache_directory(environ)
        except UnusableError as error:
            _log.warning("unable to find user cache directory, layers are not cached: %s", error)
            return cls(None, budget=budget, deadline=deadline)
        return cls(Directory(place / "ec" / "images", trusted=place), budget=budget, deadline=deadline)

    @contextmanager
    def open(
        self, descriptor: Descriptor, fetch: Callable[[], AbstractContextManager[Stream]], *, origin: Hashable = None
    ) -> Iterator[Stream]:
        """The blob's bytes as a stream. They are verified when the context ends; before that nothing may be believed.

        Args:
            descriptor: names the bytes.
            fetch: begins a transfer from the registry, if one is needed.
            origin: who asks; a failure of a download that another origin began is no answer.

        Raises:
            DamagedEntryError: read again.
            StorageError: read again; the cache doesn't store any more.
            SharedDownloadError: read again.
            RegistryError: the transfer failed, or brought other bytes.
            TimeoutExceededError: the deadline passed.
        """
        source = self._source(descriptor, fetch, origin)
        if isinstance(source, Download):
            manager = self._read_download(source, origin)
        elif isinstance(source, int):
            manager = self._read_entry(source, descriptor)
        else:
            manager = self._read_directly(fetch, descriptor)
        with manager as stream:
            yield stream

    def shared(self, descriptor: Descriptor) -> None:
        """Count a reader who got what another one had read and verified in this run."""
        with self._lock:
            self.counters.coalesced += 1
            self.counters.bytes_saved += descriptor.size

    def close(self) -> None:
        """Finish what is being written, sweep, keep to the budget, and say in the log what was done."""
        with self._lock:
            running = [*self._downloads.values(), *self._ending]
        now, most = time.monotonic(), _LATE_PATIENCE if self._deadline.expired else _PATIENCE
        for download in running:
            patience = most
            if not download.verified:
                download.cancel()
                patience = min(most, _GIVING_UP)
            download.finished(max(0.0, now + patience - time.monotonic()))
        if self._used and self._prepared and self._directory is not None:
            with suppress(OSError):
                self._directory.sweep()
                self._directory.evict(self._budget)
        if self._used:
            parts = " ".join(f"{name}={getattr(self.counters, name)}" for name in field_names(Counters))
            _log.debug("layer cache: %s", parts)

    def _source(
        self, descriptor: Descriptor, fetch: Callable[[], AbstractContextManager[Stream]], origin: Hashable
    ) -> Download | int | None:
        """A download, an entry, or None for the registry itself."""

        def begin(temporary: Temporary, finish: Callable[[Download], None]) -> Download:
            return Download(descriptor, origin, fetch, temporary, finish, self._deadline)

        if self._exchange is None:
            return self._find(descriptor, lambda temporary: begin(temporary, self._settle))
        with suppress(_AbsentError):
            return self._find(descriptor, None)
        release = self._exchange.hold(("layer", descriptor.digest), self._deadline)
        begun = False

        def begin_held(temporary: Temporary) -> Download:
            nonlocal begun
            begun = True
            return begin(temporary, finish)

        def finish(download: Download) -> None:
            try:
                self._settle(download)
            finally:
                release()

        try:
            return self._find(descriptor, begin_held)
        finally:
            if not begun:  # another process has fetched it meanwhile, or it can't be kept
                release()

    def _find(self, descriptor: Descriptor, begin: Callable[[Temporary], Download] | None) -> Download | int | None:
        with self._lock:
            self._used = True
            directory = self._usable()
            if directory is None:
                self.counters.misses += 1
                return None
            key, name = descriptor.digest, _name(descriptor)
            download = self._downloads.get(key)
            if download is not None and download.descriptor.size != descriptor.size:
                self.counters.misses += 1
                return None  # one of the two descriptors states a wrong size: each for itself
            if download is not None and download.join():
                self.counters.coalesced += 1
                return download
            # Looking for the entry and beginning a download are one step, else two could begin.
            handle = None if name in self._blocked else self._entry(directory, name)
            if handle is not None:
                directory.touch(handle, name)
                return handle
            if begin is None:
                raise _AbsentError
            self.counters.misses += 1
            temporary = self._temporary(directory) if descriptor.size <= self._budget else None
            if temporary is None:
                return None
            download = begin(temporary)
            download.join()
            self._downloads[key] = download
        return download

    def _usable(self) -> Directory | None:
        if self._directory is not None and not self._prepared:
            try:
                self._directory.prepare()
            except UnusableError as error:
                self._warn("unable to use %s, layers are not cached: %s", self._directory.path, error)
                self._directory = None
                return None
            _log.debug('using "%s" directory to store image cache', self._directory.path)
            self._prepared = True
        return self._directory

    def _entry(self, directory: Directory, name: str) -> int | None:
        try:
            return directory.open_entry(name)
        except OSError as error:
            self._stop_writing(error)
            return None

    def _temporary(self, directory: Directory) -> Temporary | None:
        if not self._writable:
            return None
        try:
            return directory.create()
        except (OSError, UnusableError) as error:
            self._stop_writing(error)
            return None

    def _stop_writing(self, error: Exception) -> None:
        """Say once that the directory fails; entries that are there are still read."""
        if self._writable and self._directory is not None:
            reason = getattr(error, "strerror", None) or error
            self._warn("unable to write to %s, layers are not cached: %s", self._directory.path, reason)
        self._writable = False

    def _warn(self, text: str, path: object, reason: object) -> None:
        """Say it once in a run."""
        if self._exchange is None or self._exchange.first(("warning", text)):
            _log.warning(text, path, reason)

    def _settle(self, download: Download) -> None:
        """Put a download's file in its place, or away; called once for each."""
        with self._lock:
            self._ending.add(download)
            self.counters.bytes_fetched += download.received
            if download.error is not None:
                self._forget(download)
        directory, name = self._directory, _name(download.descriptor)
        try:
            if download.verified and directory is not None and download.movable():
                directory.publish(download.temporary, name)
                self._blocked.discard(name)
            else:
                download.temporary.remove()
        except OSError as error:
            with self._lock:
                self._stop_writing(error)
            with suppress(OSError):
                download.temporary.remove()
        finally:
            with self._lock:
                self._forget(download)
                self._ending.discard(download)

    def _forget(self, download: Download) -> None:
        if self._downloads.get(download.descriptor.digest) is download:
            del self._downloads[download.descriptor.digest]

    @contextmanager
    def _read_download(self, download: Download, origin: Hashable) -> Iterator[Stream]:
        try:
            failure: Exception | None = None
            try:
                yield DownloadReader(download)
            except Exception as error:  # noqa: BLE001  # raised again below, unless wrong bytes are its true cause
                failure = error
            try:
                download.wait()
            except StorageError as error:
                with self._lock:
                    self._stop_writing(error)
                raise
            except RegistryError as error:
                if download.origin != origin:
                    raise SharedDownloadError(str(error)) from error
                raise
            if failure is not None:
                raise failure
        finally:
            download.leave()

    @contextmanager
    def _read_entry(self, handle: int, descriptor: Descriptor) -> Iterator[Stream]:
        name = _name(descriptor)
        failure: Exception | None = None
        with EntryReader(handle, descriptor) as entry:
            try:
                yield entry
            except Exception as error:  # noqa: BLE001  # raised again below, unless wrong bytes are its true cause
                failure = error
            try:
                entry.drain()
            except OSError as error:
                failure = failure or error
            if not entry.verifier.matches:
                self._quarantine(name, entry)
                raise DamagedEntryError(f"cached layer {descriptor.digest} was damaged")
            entry.verifier.check(descriptor)
            with self._lock:
                self.counters.hits += 1
                self.counters.bytes_saved += descriptor.size
        if failure is not None:
            raise failure

    def _quarantine(self, name: str, entry: EntryReader) -> None:
        handle = entry.release()
        with self._lock:
            self.counters.repaired += 1
            if self._directory is None or handle is None:
                return
            try:
                self._directory.quarantine(name, handle)
            except OSError as error:
                self._blocked.add(name)
                self._stop_writing(error)

    @contextmanager
    def _read_directly(
        self, fetch: Callable[[], AbstractContextManager[Stream]], descriptor: Descriptor
    ) -> Iterator[Stream]:
        with verified(fetch, descriptor) as stream:
            try:
                yield stream
            finally:
                with self._lock:
                    self.counters.bytes_fetched += stream.verifier.size


def _name(descriptor: Descriptor) -> str:
    return descriptor.digest.replace(":", "-", 1)
