"""The ``ec.*`` functions of Rego (specification 12): cheap to declare, imported when first called."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from refimpl.rego.builtin import UNDEFINED, Builtin
from refimpl.rego.builtins.context import ComponentContext, Shared
from refimpl.rego.builtins.declarations import DECLARATIONS
from refimpl.rego.builtins.failure import FailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ComponentContext", "Shared", "builtins"]

# Function → the module here and the name in it that carry it out.
_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "ec.oci.blob": ("blobs", "blob"),
    "ec.oci.parsed_blob": ("blobs", "parsed_blob"),
    "ec.oci.blob_files": ("blobs", "blob_files"),
    "ec.oci.descriptor": ("manifests", "descriptor"),
    "ec.oci.image_manifest": ("manifests", "image_manifest"),
    "ec.oci.image_manifests": ("manifests", "image_manifests"),
    "ec.oci.image_files": ("files", "image_files"),
    "ec.oci.image_index": ("manifests", "image_index"),
    "ec.oci.image_tag_refs": ("attached", "image_tag_refs"),
    "ec.oci.image_referrers": ("attached", "image_referrers"),
    "ec.purl.is_valid": ("purl", "is_valid"),
    "ec.purl.parse": ("purl", "parse"),
    "ec.sigstore.verify_image": ("sigstore", "verify_image"),
    "ec.sigstore.verify_attestation": ("sigstore", "verify_attestation"),
}


def builtins(shared: Shared) -> tuple[Builtin, ...]:
    """All functions. Evaluations may be given a `ComponentContext`; those without one share one for the whole run."""
    alone = ComponentContext(shared)
    return tuple(
        Builtin(
            name, DECLARATIONS[name], partial(_call, alone, *place), nondeterministic=not name.startswith("ec.purl.")
        )
        for name, place in _PLACES.items()
    )


def _call(alone: ComponentContext, module: str, function: str, context: object, *arguments: Any) -> Any:
    carry_out = getattr(import_module(f"{__name__}.{module}"), function)
    try:
        return carry_out(context if isinstance(context, ComponentContext) else alone, *arguments)
    except FailedError:
        return UNDEFINED
