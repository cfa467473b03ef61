"""Sigstore bundles that refer to an image: finding those that count (specification 20 §6.1).

https://github.com/sigstore/protobuf-specs, ``sigstore_bundle.proto``. As in protobuf's JSON, members may be spelled
``likeThis`` or ``like_this``, 64-bit numbers may be strings, and unknown members make the whole unreadable.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refimpl.errors import RegistryError
from refimpl.jsontext import NumberText
from refimpl.verify import encoding
from refimpl.verify.document import DocumentError, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.oci.client import Registry
    from refimpl.oci.reference import Reference

__all__ = ["Bundle", "find_bundles"]

_log = logging.getLogger(__name__)

_LIMIT = 128 << 20
_LAYER = "application/vnd.dev.sigstore.bundle"
_VERSION = re.compile(r"application/vnd\.dev\.sigstore\.bundle(?:\+json;version=([0-9.]+)|\.v([0-9.]+)\+json)")
_UPPER = re.compile("[A-Z]")

# What a member must be: a name for scalars, a dict for messages, a list of one for repeated ones.
_CERTIFICATE = {"rawBytes": "bytes"}
_ENTRY = {
    "logIndex": "int64",
    "logId": {"keyId": "bytes"},
    "kindVersion": {"kind": "string", "version": "string"},
    "integratedTime": "int64",
    "inclusionPromise": {"signedEntryTimestamp": "bytes"},
    "inclusionProof": {
        "logIndex": "int64",
        "rootHash": "bytes",
        "treeSize": "int64",
        "hashes": ["bytes"],
        "checkpoint": {"envelope": "string"},
    },
    "canonicalizedBody": "bytes",
}
_BUNDLE = {
    "mediaType": "string",
    "verificationMaterial": {
        "publicKey": {"hint": "string"},
        "x509CertificateChain": {"certificates": [_CERTIFICATE]},
        "certificate": _CERTIFICATE,
        "tlogEntries": [_ENTRY],
        "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": "bytes"}]},
    },
    "messageSignature": {"messageDigest": {"algorithm": "enum", "digest": "bytes"}, "signature": "bytes"},
    "dsseEnvelope": {
        "payload": "bytes",
        "payloadType": "string",
        "signatures": [{"sig": "bytes", "keyid": "string"}],
    },
}
_INT64 = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class Bundle:
    """One bundle that counts; `document` has members in camel case and bytes decoded, defaults left out."""

    document: Mapping[str, Any]

    @classmethod
    def parse(cls, data: bytes) -> Bundle:
        """Read one.

        Raises:
            DocumentError: not a bundle, of a version before 0.3, or a log entry in it has no inclusion proof.
        """
        value = parse(data).value
        document = _message(value, _BUNDLE)
        match = _VERSION.fullmatch(document.get("mediaType", ""))
        if match is None or not _is_new(match[1] or match[2]):
            raise DocumentError("unsupported bundle version")
        material = document.get("verificationMaterial")
        if not material or not {"publicKey", "certificate"} & material.keys() or "x509CertificateChain" in material:
            raise DocumentError("no public key or certificate")
        if not {"dsseEnvelope", "messageSignature"} & document.keys():
            raise DocumentError("no content")
        for entry in material.get("tlogEntries", ()):
            if "inclusionProof" not in entry or "canonicalizedBody" not in entry:
                raise DocumentError("a log entry without inclusion proof")
        return cls(document)


def find_bundles(client: Registry, ref: Reference) -> tuple[Bundle, ...]:
    """The bundles that refer to the image, in the order of its index of referrers.

    Any failure to look means that there are none, and the tags are used: so the contract has it.
    """
    found = []
    try:
        for descriptor in client.referrers(ref):
            layers = client.manifest(ref.at(descriptor.digest)).layers
            if len(layers) != 1 or not layers[0].media_type.startswith(_LAYER):
                continue
            data = client.blob(ref.repository, layers[0], limit=_LIMIT)
            try:
                found.append(Bundle.parse(data))
            except DocumentError as error:
                _log.debug("ignoring referrer %s: %s", descriptor.digest, error)
    except RegistryError as error:
        _log.debug("looking for bundles of %s: %s", ref, error)
        return ()
    return tuple(found)


def _is_new(version: str) -> bool:
    try:
        return tuple(int(part) for part in version.split(".")) >= (0, 3)
    except ValueError:
        return False


def _message(value: Any, members: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DocumentError("not a message")
    message = {}
    for name, member in value.items():
        known = next((each for each in members if name in (each, _snake(each))), None)
        if known is None:
            raise DocumentError(f"unknown member {name}")
        if member is not None:
            message[known] = _member(member, members[known])
    return message


def _member(value: Any, wanted: Any) -> Any:
    if isinstance(wanted, dict):
        return _message(value, wanted)
    if isinstance(wanted, list):
        if not isinstance(value, list):
            raise DocumentError("not a list")
        return [_member(item, wanted[0]) for item in value]
    if wanted == "int64":
        return _integer(value)
    if wanted == "enum" and type(value) is int:
        return value
    if type(value) is not str:
        raise DocumentError("not a string")
    return _decoded(value) if wanted == "bytes" else value


def _integer(value: Any) -> int:
    text = str(value) if type(value) in (int, str, NumberText) else ""
    if not _INT64.fullmatch(text) or len(text) > 20 or not -(1 << 63) <= int(text) < 1 << 63:
        raise DocumentError("not a 64-bit number")
    return int(text)


def _decoded(text: str) -> bytes:
    """Standard or URL-safe base64, with or without padding."""
    try:
        return encoding.decode(
            text.replace("-", "+").replace("_", "/").rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        )
    except encoding.Base64Error as error:
        raise DocumentError(str(error)) from None


def _snake(name: str) -> str:
    return _UPPER.sub(lambda match: f"_{match[0].lower()}", name)
