"""Bundles of known keys, and what becomes of images that they refer to."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from samples import IMAGE, KNOWN, FakeRegistry, attestation_layer, encode, public, signature_layer, statement

from ec_acceptance.testbed.signing import KeyPair, Layer, pae
from refimpl.verify.cosign import Verifier
from refimpl.verify.refusal import NoMatchingError

if TYPE_CHECKING:
    from refimpl.verify.transparency_log import TransparencyLog

TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
NOT_LOGGED = "failed to verify log inclusion: not enough verified log entries from transparency log: 0 < 1"

Change = Callable[[Any], object]


def unchanged(_: Any) -> None:
    """No change."""


def make_bundle(content: Any = None, key: KeyPair = KNOWN, change: Change = unchanged, payload_type: str = "") -> Layer:
    payload = encode(statement() if content is None else content)
    payload_type = payload_type or "application/vnd.in-toto+json"
    document = {
        "mediaType": TYPE,
        "verificationMaterial": {"publicKey": {"hint": "x"}},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [{"sig": base64.b64encode(key.sign(pae(payload_type, payload))).decode()}],
        },
    }
    change(document)
    return Layer(TYPE, json.dumps(document).encode())


def refer_to(*layers: Layer) -> FakeRegistry:
    """An image with bundles, and with a good signature and attestation by tag, that must not count then."""
    registry = FakeRegistry().attach("sig", signature_layer()).attach("att", attestation_layer(statement("by tag")))
    for layer in layers:
        registry.refer(layer)
    return registry


def make_verifier(registry: FakeRegistry, log: TransparencyLog | None = None) -> Verifier:
    return Verifier(registry, public(KNOWN), log)


def find_reasons(*layers: Layer, log: TransparencyLog | None = None) -> str:
    verifier = make_verifier(refer_to(*layers), log)
    with pytest.raises(NoMatchingError) as caught:
        verifier.attestations(IMAGE)
    with pytest.raises(NoMatchingError) as again:
        verifier.image_signatures(IMAGE)
    assert str(caught.value) == str(again.value)
    assert caught.value.kind == again.value.kind == "attestations"
    return str(caught.value).removeprefix("no matching attestations: ")


def find_types(registry: FakeRegistry) -> list[str]:
    return [one.predicate_type for one in make_verifier(registry).attestations(IMAGE)]
