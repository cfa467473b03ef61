from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from ec_acceptance.testbed.signing import (
    SLSA_V02,
    SLSA_V1,
    KeyPair,
    Layer,
    attach,
    attachment_tag,
    digest_of,
    pae,
    provenance_v02,
    provenance_v1,
    seal,
    sign_image,
    statement,
    subject,
)

DIGEST = "sha256:" + "ab" * 32
REFERENCE = "127.0.0.1:5000/acceptance/image"
SIGNATURE = "dev.cosignproject.cosign/signature"


@pytest.fixture(scope="module")
def known() -> KeyPair:
    return KeyPair.derive("tests", "known")


@pytest.fixture(scope="module")
def other() -> KeyPair:
    return KeyPair.derive("tests", "other")


def verifies(key: KeyPair, signature: bytes, data: bytes) -> bool:
    public = load_pem_public_key(key.public_pem.encode())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    try:
        public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def test_equal_seeds_and_names_give_equal_keys_and_signatures(known: KeyPair) -> None:
    again = KeyPair.derive("tests", "known")
    assert again.private_pem == known.private_pem
    assert again.sign(b"data") == known.sign(b"data")


def test_a_key_depends_on_seed_and_name(known: KeyPair, other: KeyPair) -> None:
    assert len({known.public_pem, other.public_pem, KeyPair.derive("other seed", "known").public_pem}) == 3


def test_private_and_public_pem_belong_together(known: KeyPair) -> None:
    private = load_pem_private_key(known.private_pem.encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert verifies(known, private.sign(b"x", ec.ECDSA(hashes.SHA256())), b"x")


def test_an_image_signature_claims_the_digest_and_verifies(known: KeyPair, other: KeyPair) -> None:
    signature = sign_image(DIGEST, known, reference=REFERENCE)
    layer = signature.layer()
    assert layer.content == (
        b'{"critical":{"identity":{"docker-reference":"127.0.0.1:5000/acceptance/image"},'
        b'"image":{"docker-manifest-digest":"' + DIGEST.encode() + b'"},'
        b'"type":"cosign container image signature"},"optional":null}'
    )
    stored = base64.b64decode(layer.annotations[SIGNATURE])
    assert verifies(known, stored, layer.content)
    assert not verifies(other, stored, layer.content)


def test_a_signature_can_be_over_other_bytes_than_the_payload(known: KeyPair) -> None:
    signature = sign_image(DIGEST, known, reference=REFERENCE, signed=b"something else")
    assert not verifies(known, signature.signature, signature.payload)
    assert verifies(known, signature.signature, b"something else")


def test_layer_annotations_are_added_changed_and_removed(known: KeyPair) -> None:
    signature = sign_image(DIGEST, known, reference=REFERENCE)
    assert SIGNATURE not in signature.layer(annotations={SIGNATURE: None}).annotations
    layer = signature.layer(bundle={"Payload": {"logIndex": 1}}, annotations={SIGNATURE: "!", "more": "x"})
    assert layer.annotations == {
        SIGNATURE: "!",
        "dev.sigstore.cosign/bundle": '{"Payload":{"logIndex":1}}',
        "more": "x",
    }


def test_the_pre_authentication_encoding_is_dsses_own_example() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_pre_authentication_lengths_count_bytes() -> None:
    assert pae("é", "ü".encode()) == "DSSEv1 2 é 2 ü".encode()


def test_an_envelope_verifies_for_each_of_its_keys(known: KeyPair, other: KeyPair) -> None:
    layer = seal(b"{}", [known, other], keyids={"other": "id"}).layer("predicate")
    document = json.loads(layer.content)
    signed = pae(document["payloadType"], base64.b64decode(document["payload"]))
    assert [one["keyid"] for one in document["signatures"]] == ["", "id"]
    for key, one in zip((known, other), document["signatures"], strict=True):
        assert verifies(key, base64.b64decode(one["sig"]), signed)
    assert layer.annotations == {SIGNATURE: "", "predicateType": "predicate"}


def test_an_envelope_can_declare_another_type_than_the_signed_one(known: KeyPair) -> None:
    envelope = seal(b"{}", [known], payload_type="text/plain", signed_type="application/x")
    assert json.loads(envelope.content)["payloadType"] == "text/plain"
    assert verifies(known, envelope.signatures[0].signature, pae("application/x", b"{}"))
    assert not verifies(known, envelope.signatures[0].signature, pae("text/plain", b"{}"))


@pytest.mark.parametrize(
    ("predicate_type", "statement_type"),
    [
        (SLSA_V02, "https://in-toto.io/Statement/v0.1"),
        (SLSA_V1, "https://in-toto.io/Statement/v1"),
        ("https://example.com/other", "https://in-toto.io/Statement/v0.1"),
    ],
)
def test_a_statement_has_the_type_that_belongs_to_its_predicate(predicate_type: str, statement_type: str) -> None:
    document = json.loads(statement(predicate_type, {"a": 1}, [subject(DIGEST, "name")]))
    assert document == {
        "_type": statement_type,
        "predicateType": predicate_type,
        "subject": [{"name": "name", "digest": {"sha256": "ab" * 32}}],
        "predicate": {"a": 1},
    }


def test_a_statement_may_lack_a_predicate_and_have_another_type() -> None:
    document = json.loads(statement("t", None, [], statement_type="odd"))
    assert document == {"_type": "odd", "predicateType": "t", "subject": []}


def test_the_usual_predicates_name_builder_and_type() -> None:
    old, new = provenance_v02(name=REFERENCE, digest=DIGEST), provenance_v1(name=REFERENCE, digest=DIGEST)
    assert old["builder"]["id"] == new["runDetails"]["builder"]["id"]
    assert old["buildType"].startswith("https://tekton.dev/")
    assert isinstance(new["buildDefinition"]["externalParameters"], dict)


def test_the_tag_is_made_from_the_digest() -> None:
    assert attachment_tag(DIGEST, "sig") == f"sha256-{'ab' * 32}.sig"


def test_an_artifact_refers_to_exactly_its_blobs() -> None:
    layer = Layer("text/plain", b"content", {"a": "b"})
    artifact = attach(DIGEST, "att", [layer])
    manifest = json.loads(artifact.manifest)
    [listed] = manifest["layers"]
    assert listed == {"mediaType": "text/plain", "size": 7, "digest": layer.digest, "annotations": {"a": "b"}}
    assert set(artifact.blobs) == {manifest["config"]["digest"], layer.digest}
    for digest, content in artifact.blobs.items():
        assert digest_of(content) == digest
    config = json.loads(artifact.blobs[manifest["config"]["digest"]])
    assert config["rootfs"]["diff_ids"] == [layer.digest]
    assert manifest["config"]["size"] == len(artifact.blobs[manifest["config"]["digest"]])


def test_new_layers_follow_those_of_the_existing_manifest() -> None:
    first, second = Layer("t", b"1"), Layer("t", b"2")
    before = attach(DIGEST, "sig", [first])
    after = attach(DIGEST, "sig", [second], existing=before.manifest)
    assert [layer["digest"] for layer in json.loads(after.manifest)["layers"]] == [first.digest, second.digest]
    assert first.digest not in after.blobs
    assert after.tag == before.tag


def test_pushing_hands_over_everything() -> None:
    pushed: list[tuple[object, ...]] = []
    artifact = attach(DIGEST, "sig", [Layer("t", b"1")])
    artifact.push("acceptance/image", lambda *given: pushed.append(given))
    assert pushed == [("acceptance/image", artifact.tag, artifact.manifest, artifact.blobs)]
