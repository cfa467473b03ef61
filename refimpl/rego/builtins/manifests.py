"""``ec.oci.descriptor``, ``image_manifest``, ``image_manifests`` and ``image_index`` (specification 12 §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from refimpl.errors import MalformedError, RegistryError
from refimpl.golang.utf8 import decode_utf8
from refimpl.rego.builtins.failure import FailedError, failure, text
from refimpl.rego.builtins.references import any_reference, resolution_failure
from refimpl.system.workers import map_all

if TYPE_CHECKING:
    from refimpl.oci.descriptor import Descriptor, Manifest, Platform
    from refimpl.rego.builtins.context import ComponentContext

_DESCRIPTOR: Final = "ec.oci.descriptor"
_MANIFEST: Final = "ec.oci.image_manifest"
_MANIFESTS: Final = "ec.oci.image_manifests"
_INDEX: Final = "ec.oci.image_index"
_AT_ONCE = 8


def descriptor(context: ComponentContext, ref: object) -> dict[str, Any]:
    """What the registry says of a manifest or index, without fetching it.

    Raises:
        FailedError: it can't be had.
    """
    given = text(_DESCRIPTOR, ref)
    reference = any_reference(_DESCRIPTOR, given)
    try:
        return _describe(context.shared.client.head(reference))
    except RegistryError as error:
        if not reference.digest:
            raise resolution_failure(_DESCRIPTOR, given, error) from None
        message = "failed to fetch image descriptor"
        raise failure(_DESCRIPTOR, message, action="fetch head", error=error, input_ref=given) from None


def image_manifest(context: ComponentContext, ref: object) -> dict[str, Any]:
    """An image's manifest; of an index, that of its linux/amd64 image.

    Raises:
        FailedError: it can't be had, or isn't one.
    """
    given = text(_MANIFEST, ref)
    reference = any_reference(_MANIFEST, given)
    client = context.shared.client
    found = None
    try:
        found = client.manifest(reference)
        manifest = client.image(reference) if found.is_index else found
    except RegistryError as error:
        if found is None and isinstance(error, MalformedError):
            raise _unreadable(given, error) from None
        if found is None and not reference.digest:
            raise resolution_failure(_MANIFEST, given, error) from None
        raise failure(_MANIFEST, "failed to fetch image", action="fetch image", error=error, input_ref=given) from None
    try:
        # A manifest without a configuration is shown with an empty one.
        config = _describe(manifest.config) if manifest.document.get("config") else dict(_NOTHING)
        members = {
            "schemaVersion": _version(manifest),
            "mediaType": _media_type(manifest),
            "config": config,
            "layers": [_describe(layer) for layer in manifest.layers],
            "annotations": dict(manifest.annotations),
        }
        return members | _subject(manifest)
    except MalformedError as error:
        raise _unreadable(given, error) from None


def image_manifests(context: ComponentContext, refs: object) -> dict[str, Any]:
    """Reference text → manifest; those that can't be had are left out. Fetched several at a time.

    Raises:
        FailedError: `refs` isn't a set of strings.
    """
    given = refs if isinstance(refs, list) else []
    if not isinstance(refs, list) or not all(isinstance(ref, str) for ref in given):
        raise failure(_MANIFESTS, "failed iterating refs", action="iterate refs", error="ref is not a string")

    def manifest(ref: str) -> dict[str, Any] | None:
        try:
            return image_manifest(context, ref)
        except FailedError:
            return None

    found = map_all(manifest, given, threads=_AT_ONCE, name="manifests")
    return {ref: value for ref, value in zip(given, found, strict=True) if value is not None}


def image_index(context: ComponentContext, ref: object) -> dict[str, Any]:
    """An index as it is.

    Raises:
        FailedError: it can't be had, or isn't one.
    """
    given = text(_INDEX, ref)
    reference = any_reference(_INDEX, given)
    try:
        index = context.shared.client.manifest(reference)
        if not index.is_index:
            raise MalformedError(f"unexpected media type for ImageIndex(): {index.media_type}; call Image() instead")
        found = {
            "schemaVersion": _version(index),
            "mediaType": _media_type(index),
            "manifests": [_describe(entry) for entry in index.manifests],
            "annotations": dict(index.annotations),
        }
        return found | _subject(index)
    except RegistryError as error:
        if not reference.digest and not isinstance(error, MalformedError):
            raise resolution_failure(_INDEX, given, error) from None
        message, why = "failed to fetch image index", f"fetching index: {error}"
        raise failure(_INDEX, message, cause=error, action="fetch image index", error=why, input_ref=given) from None


def _unreadable(ref: str, error: MalformedError) -> Exception:
    return failure(_MANIFEST, "failed to fetch manifest", action="fetch manifest", error=error, input_ref=ref)


_NOTHING: Final[dict[str, Any]] = {
    "mediaType": "",
    "size": 0,
    "digest": ":",
    "data": "",
    "urls": [],
    "annotations": {},
    "artifactType": "",
}


def _describe(found: Descriptor) -> dict[str, Any]:
    members: dict[str, Any] = {
        "mediaType": found.media_type,
        "size": found.size,
        "digest": found.digest,
        "data": decode_utf8(found.data or b""),
        "urls": list(found.urls),
        "annotations": dict(found.annotations),
        "artifactType": found.artifact_type,
    }
    if found.platform is not None:
        members["platform"] = _platform(found.platform)
    return members


def _platform(platform: Platform) -> dict[str, Any]:
    return {
        "architecture": platform.architecture,
        "os": platform.os,
        "os.version": platform.os_version,
        "os.features": list(platform.os_features),
        "variant": platform.variant,
        "features": list(platform.features),
    }


def _subject(manifest: Manifest) -> dict[str, Any]:
    return {} if manifest.subject is None else {"subject": _describe(manifest.subject)}


def _version(manifest: Manifest) -> int:
    version: int = manifest.document.get("schemaVersion") or 0
    return version


def _media_type(manifest: Manifest) -> str:
    """What the document says itself; the registry's word doesn't count here."""
    media_type: str = manifest.document.get("mediaType") or ""
    return media_type
