"""One blob on its way from the registry into a temporary, with any number of readers.

There is no thread that pumps: whoever needs bytes that nobody has fetched yet fetches the next ones, for all, while
those who need them too wait. So a single reader costs no more than without a cache, and a reader that is slow, or never
resumes, holds nobody up.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from refimpl.errors import SizeMismatchError, TransferError
from refimpl.oci.digest import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from contextlib import AbstractContextManager

    from refimpl.deadline import Deadline
    from refimpl.layers.directory import Temporary
    from refimpl.layers.stream import Stream
    from refimpl.oci.descriptor import Descriptor

_CHUNK = 1 << 18


class SharedDownloadError(TransferError):
    """Another reader's download failed in a way that says nothing about this reader's: read again."""


class StorageError(TransferError):
    """The temporary cannot be written (a full disk, say): fetch the blob without the cache."""


class Download:
    """A shared download. Make it and `join` it; it begins when somebody reads.

    Args:
        descriptor: what is fetched; its digest and size judge the bytes.
        origin: whom a failure concerns; readers of other origins try for themselves.
        fetch: begins the transfer.
        temporary: takes the bytes.
        finish: called once with the download when its bytes are verified (then in a thread of its own, since syncing
            takes time) or given up.
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
        self._fetch = fetch
        self._finish = finish
        self._deadline = deadline
        self._change = threading.Condition()
        self._readers = 0
        self._cancelled = False
        self._pulling = False  # whether a reader fetches bytes now; what follows is that reader's alone meanwhile
        self._written = 0
        self._verifier = Verifier(descriptor.digest)
        self._source: Stream | None = None
        self._transfer = ExitStack()
        self._finished = threading.Event()

    @property
    def received(self) -> int:
        """Bytes that came so far."""
        return self._verifier.size

    def join(self) -> bool:
        """Count one more reader; False when it is too late: the download has failed, or was cancelled."""
        with self._change:
            if self._cancelled or self.error is not None:
                return False
            self._readers += 1
            return True

    def leave(self) -> None:
        """Count one reader less; when nobody is left before the end, the download is given up."""
        with self._change:
            self._readers -= 1
            self._change.notify_all()
            abandoned = self._readers == 0 and not self._ended
            if abandoned:
                self._cancelled = self._pulling = True
        if abandoned:
            self._end(self._given_up())
        self._close_if_idle()

    def wait(self) -> None:
        """Wait for the verdict on the bytes, and fetch them meanwhile.

        Raises:
            Error: whatever went wrong, the same for everybody.
            TimeoutExceededError: the deadline passed first.
        """
        while True:
            with self._change:
                while self._pulling and not self._ended:
                    self._change.wait(self._deadline.remaining())
                if self._ended:
                    break
                self._pulling = True
            self._pull()
        if self.error is not None:
            raise self.error

    def read(self, offset: int, size: int) -> bytes:
        """Bytes from `offset` on, as soon as there are any; empty at the end of what was received.

        Raises:
            Error: the download has failed.
            TimeoutExceededError: the deadline passed.
        """
        while True:
            with self._change:
                while self._written <= offset and self._pulling and not self._ended:
                    self._change.wait(self._deadline.remaining())
                available, ended = self._written - offset, self._ended
                if available <= 0 and not ended:
                    self._pulling = True
            if self.error is not None:
                raise self.error
            if available > 0:
                return self._read_written(offset, min(size, available))
            if ended:
                return b""
            if data := self._pull():
                return data if len(data) <= size else data[:size]

    def cancel(self) -> None:
        """Give up now, or as soon as the next bytes come."""
        with self._change:
            self._cancelled = True
            self._change.notify_all()
            idle = not (self._pulling or self._ended)
            if idle:
                self._pulling = True
        if idle:
            self._end(self._given_up())

    def finished(self, seconds: float) -> bool:
        """Wait until the file is in its place or removed."""
        return self._finished.wait(seconds)

    def movable(self) -> bool:
        """Whether the file can get another name now; where open files can't, wait until nobody reads from it."""
        if sys.platform != "win32":
            return True
        with self._change:
            while self._readers and not self._cancelled:
                self._change.wait()
            return not self._readers

    @property
    def _ended(self) -> bool:
        return self.verified or self.error is not None

    def _read_written(self, offset: int, size: int) -> bytes:
        try:
            return self.temporary.read_at(offset, size)
        except OSError:
            if self.error is not None:  # the file is gone because of that
                raise self.error from None
            raise

    def _pull(self) -> bytes:
        """Fetch the next bytes, or find the end; only who set `_pulling` may."""
        try:
            data = self._next()
        except Exception as error:  # noqa: BLE001  # whatever it is, the readers are to be told, or they wait for ever
            self._end(error)
            return b""
        except BaseException:
            self._end(SharedDownloadError(f"who fetched {self.descriptor.digest} was interrupted"))
            raise
        if not data:
            self._end(None)
            return b""
        with self._change:
            self._written += len(data)
            self._pulling = False
            self._change.notify_all()
        return data

    def _next(self) -> bytes:
        self._deadline.check()
        if self._source is None:
            self._source = self._transfer.enter_context(self._fetch())
        data = self._source.read(_CHUNK)
        if not data:
            self._transfer.close()
            self._verifier.check(self.descriptor)
            return b""
        if self._cancelled:
            raise self._given_up()
        self._verifier.update(data)
        if self._verifier.size > self.descriptor.size:
            raise SizeMismatchError(
                f"error verifying size: {self.descriptor.digest} has more than {self.descriptor.size} bytes"
            )
        try:
            self.temporary.write(data)
        except OSError as error:
            raise StorageError(error.strerror or str(error)) from error
        return data

    def _end(self, failure: Exception | None) -> None:
        if failure is not None:
            with suppress(Exception):  # there is a cause already, and the readers must be told
                self._transfer.close()
        with self._change:
            self.error = failure
            self.verified = failure is None
            self._pulling = False
            self._change.notify_all()
        if failure is None:
            threading.Thread(target=self._put_away, name=f"layer {self.descriptor.digest[:19]}", daemon=True).start()
        else:
            self._put_away()

    def _put_away(self) -> None:
        try:
            self._finish(self)
        finally:
            self._finished.set()
            self._close_if_idle()

    def _given_up(self) -> TransferError:
        return TransferError(f"reading {self.descriptor.digest} was given up")

    def _close_if_idle(self) -> None:
        with self._change:
            if self._readers == 0 and self._finished.is_set():
                self.temporary.close()


class DownloadReader:
    """A reader's place in a download."""

    def __init__(self, download: Download) -> None:
        self._download = download
        self._offset = 0

    def read(self, size: int) -> bytes:
        """See `Stream`."""
        data = self._download.read(self._offset, size)
        self._offset += len(data)
        return data
