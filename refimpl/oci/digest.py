"""Digests of bytes: computing and comparing them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from refimpl.errors import DigestMismatchError, SizeMismatchError

if TYPE_CHECKING:
    from refimpl.oci.descriptor import Descriptor


class Verifier:
    """Takes a blob's bytes one after another and judges them at the end."""

    def __init__(self, digest: str) -> None:
        self._wanted = digest
        self._hash = hashlib.new(digest.partition(":")[0], usedforsecurity=True)
        self.size = 0

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._hash.update(data)
        self.size += len(data)

    @property
    def matches(self) -> bool:
        """Whether what was taken has the digest that was asked for."""
        return self._found == self._wanted

    def check(self, descriptor: Descriptor) -> None:
        """Judge size and digest.

        Raises:
            SizeMismatchError: there were more or fewer bytes than the descriptor says.
            DigestMismatchError: they have another digest.
        """
        if self.size != descriptor.size:
            raise SizeMismatchError(
                f"error verifying size: {self._wanted} has {self.size} bytes, its descriptor says {descriptor.size}"
            )
        if not self.matches:
            raise DigestMismatchError(
                f"error verifying {self._wanted.partition(':')[0]} checksum after reading {self.size} bytes; "
                f'got "{self._found}", want "{self._wanted}"'
            )

    @property
    def _found(self) -> str:
        return f"{self._wanted.partition(':')[0]}:{self._hash.hexdigest()}"


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """The digest of `data`, such as ``sha256:…``."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def verify(data: bytes, descriptor: Descriptor) -> None:
    """Judge a whole blob.

    Raises:
        SizeMismatchError: the size differs.
        DigestMismatchError: the digest differs.
    """
    verifier = Verifier(descriptor.digest)
    verifier.update(data)
    verifier.check(descriptor)
