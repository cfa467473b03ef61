"""The ``ec.*`` functions of Rego (specification 12): cheap to declare, imported when one of their family is called."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from refimpl.rego.builtin import UNDEFINED, Builtin
from refimpl.rego.builtins.context import ComponentContext, Shared, open_shared
from refimpl.rego.builtins.declarations import DECLARATIONS
from refimpl.rego.builtins.failure import FailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ComponentContext", "Shared", "builtins", "open_shared"]


def builtins(shared: Shared) -> tuple[Builtin, ...]:
    """All functions. Evaluations may be given a `ComponentContext`; those without one share one for the whole run."""
    alone = ComponentContext(shared)
    return tuple(
        Builtin(name, declaration, partial(_call, alone, name), nondeterministic=not name.startswith("ec.purl."))
        for name, declaration in DECLARATIONS.items()
    )


def _call(alone: ComponentContext, name: str, context: object, *arguments: Any) -> Any:
    functions = _oci() if name.startswith("ec.oci.") else _purl() if name.startswith("ec.purl.") else _sigstore()
    try:
        return functions[name](context if isinstance(context, ComponentContext) else alone, *arguments)
    except FailedError:
        return UNDEFINED


@cache
def _oci() -> Mapping[str, Callable[..., Any]]:
    from refimpl.rego.builtins import attached, blobs, files, manifests

    return {
        "ec.oci.blob": blobs.blob,
        "ec.oci.parsed_blob": blobs.parsed_blob,
        "ec.oci.blob_files": blobs.blob_files,
        "ec.oci.descriptor": manifests.descriptor,
        "ec.oci.image_manifest": manifests.image_manifest,
        "ec.oci.image_manifests": manifests.image_manifests,
        "ec.oci.image_files": files.image_files,
        "ec.oci.image_index": manifests.image_index,
        "ec.oci.image_tag_refs": attached.image_tag_refs,
        "ec.oci.image_referrers": attached.image_referrers,
    }


@cache
def _purl() -> Mapping[str, Callable[..., Any]]:
    from refimpl.rego.builtins import purl

    return {"ec.purl.is_valid": purl.is_valid, "ec.purl.parse": purl.parse}


@cache
def _sigstore() -> Mapping[str, Callable[..., Any]]:
    from refimpl.rego.builtins import sigstore

    return {
        "ec.sigstore.verify_image": sigstore.verify_image,
        "ec.sigstore.verify_attestation": sigstore.verify_attestation,
    }
