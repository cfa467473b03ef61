"""The declared types of the ``ec.*`` functions, in the form of OPA's capabilities files (specification 12 §1.1).

Policies are checked against them when they are compiled, so each type is the contract's, also where that is narrower
than what the function takes or gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_Type = dict[str, Any]

_ANY: _Type = {"type": "any"}
_BOOLEAN: _Type = {"type": "boolean"}
_NUMBER: _Type = {"type": "number"}
_STRING: _Type = {"type": "string"}


def _one(item: _Type) -> _Type:
    """An array of exactly one element, as the contract declares most arrays."""
    return {"type": "array", "static": [item]}


def _object(**members: _Type) -> _Type:
    return {"type": "object", "static": [{"key": key, "value": value} for key, value in members.items()]}


def _map(value: _Type) -> _Type:
    return {"type": "object", "dynamic": {"key": _STRING, "value": value}}


def _function(*arguments: _Type, result: _Type) -> _Type:
    return {"type": "function", "args": list(arguments), "result": result}


_STRINGS = _one(_STRING)
_PLATFORM = _object(
    **{"os.version": _STRING, "os.features": _STRINGS},
    architecture=_STRING,
    features=_STRINGS,
    os=_STRING,
    variant=_STRING,
)
# An index's entries lack artifactType in their declared type.
_ENTRY_MEMBERS: dict[str, _Type] = {
    "annotations": _map(_STRING),
    "data": _STRING,
    "digest": _STRING,
    "mediaType": _STRING,
    "platform": _PLATFORM,
    "size": _NUMBER,
    "urls": _STRINGS,
}
_DESCRIPTOR = _object(**_ENTRY_MEMBERS, artifactType=_STRING)
_MANIFEST = _object(
    annotations=_map(_STRING),
    config=_DESCRIPTOR,
    layers=_one(_DESCRIPTOR),
    mediaType=_STRING,
    schemaVersion=_NUMBER,
    subject=_DESCRIPTOR,
)
_INDEX = _object(
    annotations=_map(_STRING), manifests=_one(_object(**_ENTRY_MEMBERS)), mediaType=_STRING, schemaVersion=_NUMBER
)
_REFERRER = _object(
    annotations=_map(_STRING),
    artifactType=_STRING,
    digest=_STRING,
    mediaType=_STRING,
    ref=_STRING,
    size=_NUMBER,
)
_PACKAGE = _object(
    name=_STRING,
    namespace=_STRING,
    qualifiers={"type": "array", "dynamic": _object(key=_STRING, value=_STRING)},
    subpath=_STRING,
    type=_STRING,
    version=_STRING,
)
_OPTIONS: _Type = {**_object(ignore_rekor=_BOOLEAN), **_map(_STRING)}
_SIGNATURES = _one(
    _object(certificate=_STRING, chain=_STRINGS, keyid=_STRING, metadata=_map(_STRING), signature=_STRING)
)

DECLARATIONS: Final[Mapping[str, _Type]] = {
    "ec.oci.blob": _function(_STRING, result=_STRING),
    "ec.oci.parsed_blob": _function(_STRING, result=_ANY),
    "ec.oci.blob_files": _function(_STRING, _STRINGS, result=_map(_ANY)),
    "ec.oci.descriptor": _function(_STRING, result=_DESCRIPTOR),
    "ec.oci.image_manifest": _function(_STRING, result=_MANIFEST),
    "ec.oci.image_manifests": _function({"type": "set", "of": _STRING}, result=_map(_MANIFEST)),
    "ec.oci.image_files": _function(_STRING, _STRINGS, result=_map(_ANY)),
    "ec.oci.image_index": _function(_STRING, result=_INDEX),
    "ec.oci.image_tag_refs": _function(_STRING, result=_STRINGS),
    "ec.oci.image_referrers": _function(_STRING, result=_one(_REFERRER)),
    # It gives a boolean all the same, so policies can only use it bare or after `not`.
    "ec.purl.is_valid": _function(_STRING, result=_STRING),
    "ec.purl.parse": _function(_STRING, result=_PACKAGE),
    "ec.sigstore.verify_image": _function(
        _STRING, _OPTIONS, result=_object(errors=_STRINGS, signatures=_SIGNATURES, success=_BOOLEAN)
    ),
    "ec.sigstore.verify_attestation": _function(
        _STRING,
        _OPTIONS,
        result=_object(
            attestations=_one(_object(signatures=_SIGNATURES, statement=_ANY)), errors=_STRINGS, success=_BOOLEAN
        ),
    ),
}
"""Function → declaration; JSON values."""
