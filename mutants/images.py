"""Faults in reading images."""

# reaching into private parts is how a mutant is made

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "layer-error-swallowed",
    "A layer that can't be read is left out: the list of files is shorter, and that is all.",
    Kind.IMAGES,
    "cache-23 cache-26.1",
)
def layer_error_swallowed() -> None:
    from refimpl.errors import RegistryError
    from refimpl.layers.layers import Layers
    from refimpl.layers.listing import Listing

    @change(Layers, "listing")
    def listing(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except RegistryError:
            return Listing()


@mutant(
    "gzip-only",
    "Every layer is taken for gzip.",
    Kind.IMAGES,
    "cache-30.1 cache-30.2 cache-30.4 cache-30.5 cache-30.13 cache-30.14",
)
def gzip_only() -> None:
    from refimpl.layers import stream

    @change(stream, "_detect")
    def detect(*_: object) -> str:
        return "gzip"


@mutant(
    "sha256-only",
    "Other digests than sha256 are refused.",
    Kind.IMAGES,
    "cache-27.2 cache-30.3 cache-30.6 cache-30.15",
)
def sha256_only() -> None:
    from refimpl.oci import descriptor

    replace(descriptor, "DIGEST_LENGTHS", {"sha256": 64})


@mutant(
    "any-algorithm",
    "A digest of any algorithm is good enough.",
    Kind.IMAGES,
    "cache-30.7 cache-30.8",
)
def any_algorithm() -> None:
    from refimpl.oci import descriptor

    replace(descriptor, "DIGEST_LENGTHS", {**descriptor.DIGEST_LENGTHS, "md5": 32})
