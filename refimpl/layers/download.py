"""One blob on its way from the registry into a temporary, with any number of readers along the way.

A thread of its own takes the bytes, so that a reader that is slow, or goes away, holds nobody up.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from refimpl.oci.digest import Verifier
from refimpl.oci.errors import SizeMismatchError, TransferError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from contextlib import AbstractContextManager

    from refimpl.deadline import Deadline
    from refimpl.layers.directory import Temporary
    from refimpl.layers.stream import Stream
    from refimpl.oci.descriptor import Descriptor

__all__ = ["Along", "Download", "StorageError"]

_CHUNK = 1 << 18


class StorageError(TransferError):
    """The temporary cannot be written (a full disk, say): fetch the blob without the cache."""


class Download:
    """A running download. Make it, `join` it, then `start` it.

    Args:
        descriptor: what is fetched; its digest and size judge the bytes.
        origin: whom a failure concerns; readers from elsewhere try for themselves.
        fetch: begins the transfer.
        temporary: takes the bytes.
        finish: called with the download when its bytes are verified or given up, in the download's own thread.
        deadline: ends waiting.
    """

    def __init__(
        self,
        descriptor: Descriptor,
        origin: Hashable,
        fetch: Callable[[], AbstractContextManager[Stream]],
        temporary: Temporary,
        finish: Callable[[Download], None],
        deadline: Deadline,
    ) -> None:
        self.descriptor = descriptor
        self.origin = origin
        self.temporary = temporary
        self.error: Exception | None = None
        self.verified = False
        self.received = 0
        self._fetch = fetch
        self._finish = finish
        self._deadline = deadline
        self._change = threading.Condition()
        self._written = 0
        self._readers = 0
        self._cancelled = False
        self._pumping = True
        self._thread = threading.Thread(target=self._pump, name=f"layer {descriptor.digest[:19]}", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def join(self) -> bool:
        """Count one more reader; False when it is too late: the download has failed, or was cancelled."""
        with self._change:
            if self._cancelled or self.error is not None:
                return False
            self._readers += 1
            return True

    def leave(self, *, cancel: bool) -> None:
        """Count one reader less; with `cancel`, and nobody left, the download is given up."""
        with self._change:
            self._readers -= 1
            if cancel and self._readers == 0 and self._pumping:
                self._cancelled = True
            self._change.notify_all()
            self._close_if_idle()

    def wait(self) -> None:
        """Wait for the verdict on the bytes.

        Raises:
            Error: whatever went wrong, the same for everybody.
            TimeoutExceededError: the deadline passed first.
        """
        with self._change:
            while not (self.verified or self.error):
                self._change.wait(self._deadline.remaining())
        if self.error is not None:
            raise self.error

    def read(self, offset: int, size: int) -> bytes:
        """Bytes from `offset` on, as soon as there are any; empty at the end of what was received.

        Raises:
            Error: the download has failed.
            TimeoutExceededError: the deadline passed.
        """
        with self._change:
            while self._written <= offset and not (self.verified or self.error):
                self._change.wait(self._deadline.remaining())
            available = self._written - offset
        if available > 0:
            return self.temporary.read_at(offset, min(size, available))
        if self.error is not None:
            raise self.error
        return b""

    def cancel(self) -> None:
        """Give up as soon as the next bytes come."""
        with self._change:
            self._cancelled = True
            self._change.notify_all()

    def finished(self, seconds: float) -> bool:
        """Wait until the thread has ended, its file in place or removed."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def movable(self) -> bool:
        """Whether the file can get another name now; where open files can't, wait until nobody reads from it."""
        if sys.platform != "win32":
            return True
        with self._change:
            while self._readers and not self._cancelled:
                self._change.wait()
            return not self._readers

    def _pump(self) -> None:
        failure: Exception | None = None
        try:
            self._transfer()
        except Exception as error:  # noqa: BLE001  # whatever it is, the readers are to be told, or they wait for ever
            failure = error
        with self._change:
            self.error = failure
            self.verified = failure is None
            self._change.notify_all()
        try:
            self._finish(self)
        finally:
            with self._change:
                self._pumping = False
                self._close_if_idle()

    def _transfer(self) -> None:
        verifier = Verifier(self.descriptor.digest)
        with self._fetch() as stream:
            while data := stream.read(_CHUNK):
                self._deadline.check()
                if self._cancelled:
                    raise TransferError(f"reading {self.descriptor.digest} was given up")
                verifier.update(data)
                self.received += len(data)
                if verifier.size > self.descriptor.size:
                    raise SizeMismatchError(
                        f"error verifying size: {self.descriptor.digest} has more than {self.descriptor.size} bytes"
                    )
                try:
                    self.temporary.write(data)
                except OSError as error:
                    raise StorageError(error.strerror or str(error)) from error
                with self._change:
                    self._written += len(data)
                    self._change.notify_all()
        verifier.check(self.descriptor)

    def _close_if_idle(self) -> None:
        if not self._pumping and self._readers == 0:
            self.temporary.close()


class Along:
    """A reader's place in a download."""

    def __init__(self, download: Download) -> None:
        self._download = download
        self._offset = 0

    def read(self, size: int) -> bytes:
        """See `Stream`."""
        data = self._download.read(self._offset, size)
        self._offset += len(data)
        return data
