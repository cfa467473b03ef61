"""What registries said of an image before it is judged, as it travels to whoever judges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.record import record

if TYPE_CHECKING:
    from refimpl.errors import RegistryError
    from refimpl.oci.descriptor import Descriptor


@record
class Answers:
    """The answers to an image's first requests, which need not be sent again.

    Attributes:
        heads: of references.
        manifests: by references with digests: their descriptors, and the bytes.
        failures: of what is asked for next, by the request's kind and reference; each counts once.
    """

    heads: tuple[tuple[str, Descriptor], ...] = ()
    manifests: tuple[tuple[str, Descriptor, bytes], ...] = ()
    failures: tuple[tuple[tuple[str, str], RegistryError], ...] = ()
