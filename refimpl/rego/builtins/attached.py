"""``ec.oci.image_tag_refs`` and ``ec.oci.image_referrers``: what is kept beside an image (specification 12 §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from refimpl.errors import NotFoundError, RegistryError
from refimpl.rego.builtins.failure import failure, text
from refimpl.rego.builtins.references import resolve

if TYPE_CHECKING:
    from refimpl.rego.builtins.context import ComponentContext

_TAGS: Final = "ec.oci.image_tag_refs"
_REFERRERS: Final = "ec.oci.image_referrers"
_KINDS = {"sig": "signature", "att": "attestation", "sbom": "SBOM"}


def image_tag_refs(context: ComponentContext, ref: object) -> list[str]:
    """References to what is at the tags for signatures, attestations and SBOMs, in this order.

    Raises:
        FailedError: malformed, or a tag that leads nowhere.
    """
    given = text(_TAGS, ref)
    client = context.shared.client
    image = resolve(_TAGS, given, client)
    found = []
    for suffix, kind in _KINDS.items():
        beside = image.with_tag(f"{image.identifier.replace(':', '-')}.{suffix}")
        try:
            client.head(beside)
        except NotFoundError:
            continue
        except RegistryError as error:
            failure(_TAGS, f"failed to check tag-based {kind} artifact", error=error, input_ref=given, tag=str(beside))
            continue
        found.append(str(beside))
    return found


def image_referrers(context: ComponentContext, ref: object) -> list[dict[str, Any]]:
    """What refers to the image, in the registry's order.

    Raises:
        FailedError: malformed, a tag that leads nowhere, or the registry can't tell.
    """
    given = text(_REFERRERS, ref)
    client = context.shared.client
    image = resolve(_REFERRERS, given, client)
    try:
        referrers = client.referrers(image)
    except RegistryError as error:
        message = "failed to get referrers via OCI Referrers API"
        raise failure(_REFERRERS, message, error=error, input_ref=given) from None
    return [
        {
            "mediaType": referrer.media_type,
            "size": referrer.size,
            "digest": referrer.digest,
            "artifactType": referrer.artifact_type,
            "ref": str(image.at(referrer.digest)),
            "annotations": dict(referrer.annotations),
        }
        for referrer in referrers
    ]
