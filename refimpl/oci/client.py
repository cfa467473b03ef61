"""A client for OCI registries: what one run asks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

    from refimpl.oci.descriptor import Descriptor, Manifest
    from refimpl.oci.reference import Reference, Repository

__all__ = ["BlobStream", "Registry"]


class BlobStream(Protocol):
    """A blob's bytes as they come: unverified."""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the true end. Raises `RegistryError` when the transfer breaks."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Registry(Protocol):
    """What `Client` offers, for those who bring their own in tests."""

    def head(self, ref: Reference) -> Descriptor:
        """Ask whether the manifest is there: media type, digest and size from the headers."""
        ...

    def manifest(self, ref: Reference) -> Manifest:
        """Fetch a manifest or index; its digest is verified when the reference has one."""
        ...

    def image(self, ref: Reference) -> Manifest:
        """Like `manifest`, of an index the linux/amd64 child."""
        ...

    def blob(self, repository: Repository, descriptor: Descriptor, *, limit: int = 4 << 20) -> bytes:
        """Fetch a small blob whole; digest and size are verified."""
        ...

    def open_blob(self, repository: Repository, descriptor: Descriptor) -> BlobStream:
        """Begin to fetch a blob of any size; nothing is verified."""
        ...

    def referrers(self, ref: Reference) -> tuple[Descriptor, ...]:
        """What refers to the image with this digest: the API, else the index at the fallback tag."""
        ...
