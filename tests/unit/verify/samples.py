"""Images with signatures and attestations in a registry that is only a dictionary."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.signing import KeyPair, Layer, attach, pae, seal, sign_image, simple_signing
from refimpl.errors import DeniedError, NotFoundError, RegistryError
from refimpl.oci.descriptor import Descriptor, Manifest
from refimpl.oci.reference import Reference, Repository, parse
from refimpl.verify.keys import PublicKey, parse_public_key

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

KNOWN, OTHER, LOG, STRANGE_LOG = (KeyPair.derive("verify", name) for name in ("known", "other", "log", "strange"))
DIGEST = "sha256:" + "ab" * 32
HEX = DIGEST.removeprefix("sha256:")
IMAGE = parse(f"registry.test/app@{DIGEST}")
V02, V1 = "https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"
PREDICATE_V02: dict[str, Any] = {"builder": {"id": "a:b"}, "buildType": "a:b"}
PREDICATE_V1: dict[str, Any] = {
    "buildDefinition": {"buildType": "b", "externalParameters": {}},
    "runDetails": {"builder": {"id": "a:b"}},
}


def public(key: KeyPair) -> PublicKey:
    return parse_public_key(key.public_pem)


def statement(predicate_type: str = "t", **members: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": predicate_type,
        "subject": [{"name": "x", "digest": {"sha256": HEX}}],
    }
    if predicate_type in (V02, V1):
        document["predicate"] = json.loads(json.dumps(PREDICATE_V02 if predicate_type == V02 else PREDICATE_V1))
    return {**document, **members}


def encode(document: Any) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def signature_layer(
    key: KeyPair = KNOWN, payload: bytes | None = None, annotations: Mapping[str, str | None] | None = None
) -> Layer:
    return sign_image(DIGEST, key, reference="x", payload=payload).layer(annotations=annotations)


def attestation_layer(
    document: Any = None,
    *keys: KeyPair,
    annotations: Mapping[str, str | None] | None = None,
    payload_type: str = "application/vnd.in-toto+json",
    **other: Any,
) -> Layer:
    payload = encode(statement() if document is None else document)
    return seal(payload, keys or (KNOWN,), payload_type=payload_type).layer("t", annotations=annotations, **other)


def envelope_layer(**members: Any) -> Layer:
    """An envelope of a good statement whose members are replaced; None leaves one out."""
    payload = encode(statement())
    document = {
        "payloadType": "application/vnd.in-toto+json",
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": "", "sig": sig_of(payload)}],
        **members,
    }
    content = json.dumps({name: value for name, value in document.items() if value is not None}).encode()
    return attestation_layer(content=content)


def sig_of(payload: bytes, key: KeyPair = KNOWN) -> str:
    return base64.b64encode(key.sign(pae("application/vnd.in-toto+json", payload))).decode()


@dataclass
class FakeRegistry:
    """What a verifier asks of `refimpl.oci.client.Client`."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, bytes] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    referring: list[Descriptor] = field(default_factory=list)
    meeting: threading.Barrier | None = None
    asked: list[str] = field(default_factory=list)

    def attach(self, kind: str, *layers: Layer) -> FakeRegistry:
        artifact = attach(DIGEST, kind, layers)
        self.tags[artifact.tag] = artifact.manifest
        self.blobs.update(artifact.blobs)
        return self

    def refer(self, layer: Layer) -> FakeRegistry:
        manifest = json.dumps({"layers": [layer.descriptor]}).encode()
        digest = Layer("", manifest).digest
        self.blobs[layer.digest] = layer.content
        self.blobs[digest] = manifest
        self.referring.append(Descriptor("", digest, len(manifest)))
        return self

    def manifest(self, ref: Reference) -> Manifest:
        self.asked.append(ref.identifier)
        if ref.identifier in self.refused:
            raise DeniedError(f"GET {ref.identifier}: DENIED: no", 403)
        raw = self.blobs.get(ref.identifier) if ref.digest else self.tags.get(ref.identifier)
        if raw is None:
            raise NotFoundError(f"GET {ref.identifier}: MANIFEST_UNKNOWN: gone", 404)
        return Manifest(Descriptor("", "", len(raw)), raw, json.loads(raw))

    image = manifest

    def blob(self, repository: Repository, descriptor: Descriptor, *, limit: int = 4 << 20) -> bytes:
        assert str(repository) == "registry.test/app"
        assert descriptor.size <= limit
        if self.meeting is not None:
            self.meeting.wait(60)
        if descriptor.digest not in self.blobs:
            raise NotFoundError(f"GET {descriptor.digest}: BLOB_UNKNOWN: gone", 404)
        return self.blobs[descriptor.digest]

    def referrers(self, ref: Reference) -> tuple[Descriptor, ...]:
        self.asked.append(f"referrers of {ref.identifier}")
        if "referrers" in self.refused:
            raise RegistryError("no referrers")
        return tuple(self.referring)

    def head(self, ref: Reference) -> Descriptor:
        raise AssertionError(ref)

    def open_blob(self, repository: Repository, descriptor: Descriptor) -> Any:
        raise AssertionError(repository, descriptor)


__all__ = [
    "DIGEST",
    "HEX",
    "IMAGE",
    "KNOWN",
    "LOG",
    "OTHER",
    "STRANGE_LOG",
    "V02",
    "V1",
    "FakeRegistry",
    "attestation_layer",
    "encode",
    "envelope_layer",
    "public",
    "sig_of",
    "signature_layer",
    "simple_signing",
    "statement",
]
