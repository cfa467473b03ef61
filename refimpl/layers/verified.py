"""Streams whose bytes are judged by size and digest once all of them were read."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from refimpl.errors import SizeMismatchError
from refimpl.oci.digest import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from refimpl.layers.stream import Stream
    from refimpl.oci.descriptor import Descriptor

_CHUNK = 1 << 18


class Verifying:
    """A transfer's bytes, counted and hashed as they pass."""

    def __init__(self, source: Stream, descriptor: Descriptor) -> None:
        self._source = source
        self._descriptor = descriptor
        self.verifier = Verifier(descriptor.digest)

    def read(self, size: int) -> bytes:
        """See `Stream`. Raises `SizeMismatchError` as soon as there are too many."""
        data = self._source.read(size)
        self.verifier.update(data)
        if self.verifier.size > self._descriptor.size:
            raise SizeMismatchError(
                f"error verifying size: {self._descriptor.digest} has more than {self._descriptor.size} bytes"
            )
        return data

    def drain(self) -> None:
        """Read to the end."""
        while self.read(_CHUNK):
            pass


@contextmanager
def verified(fetch: Callable[[], AbstractContextManager[Stream]], descriptor: Descriptor) -> Iterator[Verifying]:
    """A transfer's bytes, verified when the context ends.

    What the block raised is raised after that: when the bytes are wrong, they are the true cause.
    """
    failure: Exception | None = None
    with fetch() as source:
        stream = Verifying(source, descriptor)
        try:
            yield stream
        except Exception as error:  # noqa: BLE001  # raised again below
            failure = error
        stream.drain()
        stream.verifier.check(descriptor)
    if failure is not None:
        raise failure


class EntryReader:
    """A file's bytes, hashed as they are read through one handle, which is never opened again by its name."""

    def __init__(self, handle: int, descriptor: Descriptor) -> None:
        self._handle: int | None = handle
        self.verifier = Verifier(descriptor.digest)

    def read(self, size: int) -> bytes:
        """See `Stream`. Raises OSError when the disk fails."""
        data = b"" if self._handle is None else os.read(self._handle, min(size, _CHUNK))
        self.verifier.update(data)
        return data

    def drain(self) -> None:
        """Read to the end."""
        while self.read(_CHUNK):
            pass

    def release(self) -> int | None:
        """Give the handle away."""
        handle, self._handle = self._handle, None
        return handle

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        handle = self.release()
        if handle is not None:
            os.close(handle)
