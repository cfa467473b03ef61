from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from samples import (
    DIGEST,
    HEX,
    IMAGE,
    KNOWN,
    OTHER,
    V02,
    V1,
    FakeRegistry,
    attestation_layer,
    envelope_layer,
    public,
    sig_of,
    signature_layer,
    simple_signing,
    statement,
)

from ec_acceptance.testbed.signing import Layer
from refimpl.errors import TimeoutExceededError, VerificationError
from refimpl.verify.cosign import Verifier
from refimpl.verify.refusal import NoMatchingError

_SIGNATURE = "dev.cosignproject.cosign/signature"
_BUNDLE = "dev.sigstore.cosign/bundle"
_TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"
_CERTIFICATE = "dev.sigstore.cosign/certificate"
_JUNK = "invalid character 'j' looking for beginning of value"
_WRONG_KEY = "invalid signature when validating ASN.1 encoded signature"
_PAYLOAD_TYPE = "invalid payloadType {} on envelope. Expected application/vnd.in-toto+json"
_NO_SUBJECT = "no matching subject digest found"
_ARRAY = "json: cannot unmarshal array into Go value of type {}"
_NO_THRESHOLD = "accepted signatures do not match threshold, Found: 0, Expected 1"


def _mismatch(found: str, place: str, wanted: str) -> str:
    return f"json: cannot unmarshal {found} into Go struct field {place} of type {wanted}"


def _verifier(registry: FakeRegistry, **options: Any) -> Verifier:
    return Verifier(registry, public(KNOWN), **options)


def _image_error(*layers: Layer, **options: Any) -> str:
    with pytest.raises(VerificationError) as caught:
        _verifier(FakeRegistry().attach("sig", *layers), **options).image_signatures(IMAGE)
    return str(caught.value)


def _attestation_error(*layers: Layer) -> str:
    with pytest.raises(VerificationError) as caught:
        _verifier(FakeRegistry().attach("att", *layers)).attestations(IMAGE)
    return str(caught.value)


def test_a_good_signature_is_shown_as_annotated() -> None:
    layer = signature_layer()
    found = _verifier(FakeRegistry().attach("sig", layer)).image_signatures(IMAGE)
    assert [one.to_json() for one in found] == [{"keyid": "", "sig": layer.annotations[_SIGNATURE]}]


def test_tags_are_those_of_the_image_in_its_repository() -> None:
    registry = FakeRegistry().attach("sig", signature_layer()).attach("att", attestation_layer())
    verifier = _verifier(registry)
    verifier.image_signatures(IMAGE)
    verifier.attestations(IMAGE)
    referrers = f"referrers of {DIGEST}"
    assert registry.asked == [referrers, f"sha256-{HEX}.sig", referrers, f"sha256-{HEX}.att"]


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (signature_layer(OTHER), _WRONG_KEY),
        (signature_layer(payload=b"junk"), _JUNK),
        (signature_layer(payload=b""), "unexpected end of JSON input"),
        (signature_layer(payload=b"[]"), _ARRAY.format("payload.SimpleContainerImage")),
        (signature_layer(payload=b"{}"), "invalid or missing digest in claim: "),
        (signature_layer(payload=b"null"), "invalid or missing digest in claim: "),
        (signature_layer(payload=simple_signing("sha256:00", "x")), "invalid or missing digest in claim: sha256:00"),
        (
            signature_layer(payload=b'{"critical":{"type":5}}'),
            _mismatch("number", "Critical.critical.type", "string"),
        ),
        (
            signature_layer(payload=b'{"critical":{"image":{"docker-manifest-digest":5}}}'),
            _mismatch("number", "Image.critical.image.docker-manifest-digest", "string"),
        ),
        (
            signature_layer(payload=b'{"optional":5}'),
            _mismatch("number", "SimpleContainerImage.optional", "map[string]interface {}"),
        ),
        (signature_layer(annotations={_SIGNATURE: "!!"}), "illegal base64 data at input byte 0"),
        (signature_layer(annotations={_SIGNATURE: ""}), "ecdsa: Invalid IEEE_P1363 encoded bytes"),
        (signature_layer(annotations={_BUNDLE: "junk"}), f"unmarshaling bundle: {_JUNK}"),
        (
            signature_layer(annotations={_BUNDLE: '{"Payload":{"integratedTime":1.5}}'}),
            f"unmarshaling bundle: {_mismatch('number 1.5', 'RekorPayload.Payload.integratedTime', 'int64')}",
        ),
        (signature_layer(annotations={_TIMESTAMP: "junk"}), f"unmarshaling RFC3161 timestamp bundle: {_JUNK}"),
        (signature_layer(annotations={_CERTIFICATE: "junk"}), "error during PEM decoding"),
    ],
)
def test_each_reason_not_to_take_a_signature_is_told(layer: Layer, reason: str) -> None:
    assert _image_error(layer) == f"no matching signatures: {reason}"


def test_a_layer_without_annotation_is_named() -> None:
    layer = signature_layer(annotations={_SIGNATURE: None})
    assert _image_error(layer) == (
        f'no matching signatures: signature layer {layer.digest} is missing "{_SIGNATURE}" annotation'
    )


@pytest.mark.parametrize(
    ("annotations", "reason"),
    [
        ({_BUNDLE: "junk", _TIMESTAMP: "junk", _CERTIFICATE: "junk", _SIGNATURE: "!"}, "unmarshaling bundle"),
        ({_TIMESTAMP: "junk", _CERTIFICATE: "junk", _SIGNATURE: "!"}, "unmarshaling RFC3161"),
        ({_CERTIFICATE: "junk", _SIGNATURE: "!"}, "error during PEM"),
        ({_SIGNATURE: "!"}, "illegal base64"),
        ({}, _WRONG_KEY),
    ],
)
def test_the_first_reason_in_the_contracts_order_is_told(annotations: dict[str, str | None], reason: str) -> None:
    assert _image_error(signature_layer(OTHER, b"junk", annotations)).startswith(f"no matching signatures: {reason}")


@pytest.mark.parametrize("annotations", [{_BUNDLE: ""}, {_BUNDLE: "null"}, {_TIMESTAMP: "{}"}, {_CERTIFICATE: ""}])
def test_empty_annotations_are_none(annotations: dict[str, str | None]) -> None:
    assert _verifier(FakeRegistry().attach("sig", signature_layer(annotations=annotations))).image_signatures(IMAGE)


def test_names_in_the_payload_match_in_any_case_and_the_last_counts() -> None:
    wrong, right = '{"image":{"docker-manifest-digest":"x"}}', f'{{"IMAGE":{{"Docker-Manifest-Digest":"{DIGEST}"}}}}'
    payload = f'{{"critical":{wrong},"Critical":{right}}}'
    assert _verifier(FakeRegistry().attach("sig", signature_layer(payload=payload.encode()))).image_signatures(IMAGE)


def test_good_layers_are_kept_in_order_and_bad_ones_dropped() -> None:
    payloads = [
        json.dumps({"critical": {"image": {"docker-manifest-digest": DIGEST}}, "n": n}).encode() for n in (1, 2)
    ]
    good = [signature_layer(payload=payload) for payload in payloads]
    registry = FakeRegistry().attach("sig", signature_layer(OTHER), good[0], signature_layer(payload=b"x"), good[1])
    found = _verifier(registry).image_signatures(IMAGE)
    assert [one.sig for one in found] == [layer.annotations[_SIGNATURE] for layer in good]


def test_all_reasons_are_told_in_the_layers_order() -> None:
    assert _image_error(signature_layer(OTHER), signature_layer(payload=b"junk"), signature_layer(OTHER)) == (
        f"no matching signatures: {_WRONG_KEY}\n {_JUNK}\n {_WRONG_KEY}"
    )


def test_layers_are_looked_at_together() -> None:
    registry = FakeRegistry(meeting=threading.Barrier(4))
    registry.attach("sig", *(signature_layer(payload=b"%d" % n) for n in range(3)), signature_layer())
    assert len(_verifier(registry).image_signatures(IMAGE)) == 1


def test_no_artifact_and_an_empty_one_are_no_signatures() -> None:
    for registry in (FakeRegistry(), FakeRegistry().attach("sig")):
        with pytest.raises(VerificationError, match=r"^no signatures found$") as caught:
            _verifier(registry).image_signatures(IMAGE)
        assert not isinstance(caught.value, NoMatchingError)


def test_a_registrys_refusal_is_told() -> None:
    registry = FakeRegistry(refused={f"sha256-{HEX}.sig", f"sha256-{HEX}.att"})
    with pytest.raises(VerificationError, match=r"^GET sha256-.*\.sig: DENIED: no$"):
        _verifier(registry).image_signatures(IMAGE)
    with pytest.raises(VerificationError, match=r"^GET sha256-.*\.att: DENIED: no$"):
        _verifier(registry).attestations(IMAGE)


def test_a_missing_layer_is_told() -> None:
    layer = signature_layer()
    registry = FakeRegistry().attach("sig", layer)
    del registry.blobs[layer.digest]
    with pytest.raises(NoMatchingError, match="BLOB_UNKNOWN: gone"):
        _verifier(registry).image_signatures(IMAGE)


def test_large_layers_are_not_read() -> None:
    layer = signature_layer()
    size = len(layer.content)
    assert _image_error(layer, limit=size - 1) == (
        f"no matching signatures: size of layer ({size}) exceeded the limit ({size - 1})"
    )
    assert _verifier(FakeRegistry().attach("sig", layer), limit=size).image_signatures(IMAGE)


def test_the_end_of_the_run_is_no_violation() -> None:
    class Late(FakeRegistry):
        def blob(self, *_: Any, **__: Any) -> bytes:
            raise TimeoutExceededError("late")

    for count in (1, 2):
        registry = Late()
        registry.attach("sig", *[signature_layer()] * count)
        with pytest.raises(TimeoutExceededError):
            _verifier(registry).image_signatures(IMAGE)


def test_too_many_layers_are_refused() -> None:
    registry = FakeRegistry().attach("sig", *[signature_layer()] * 1001)
    with pytest.raises(VerificationError, match="exceeded the limit"):
        _verifier(registry).image_signatures(IMAGE)


@pytest.mark.parametrize(
    ("document", "predicate_type", "build_type"),
    [
        (statement(), "t", ""),
        (statement(V02), V02, "a:b"),
        (statement(V1, _type="https://in-toto.io/Statement/v1"), V1, "b"),
        ({"subject": statement()["subject"]}, "", ""),
        (statement(_type="anything"), "t", ""),
    ],
)
def test_a_good_attestation_is_shown_with_its_types(document: Any, predicate_type: str, build_type: str) -> None:
    layer = attestation_layer(document)
    (found,) = _verifier(FakeRegistry().attach("att", layer)).attestations(IMAGE)
    expected: dict[str, Any] = {"type": "https://in-toto.io/Statement/v0.1"}
    expected |= {"predicateType": predicate_type} if predicate_type else {}
    expected |= {"predicateBuildType": build_type} if build_type else {}
    shown = found.to_json()
    assert list(shown) == [*expected, "signatures"]
    assert {**expected, "signatures": shown["signatures"]} == shown
    assert shown["signatures"] == [{"keyid": "", "sig": sig_of(found.statement)}]


def test_the_statement_stays_as_signed() -> None:
    raw = b'{ "subject": [{"digest": {"sha256": "%b"}}], "n": 1.50, "a": "<\\u00e9>" }' % HEX.encode()
    (found,) = _verifier(FakeRegistry().attach("att", attestation_layer(raw))).attestations(IMAGE)
    assert found.statement == raw


def test_all_signatures_of_an_envelope_are_shown_with_their_ids() -> None:
    payload = json.dumps(statement()).encode()
    signatures = [{"keyid": "a", "sig": "anVuaw=="}, {"keyid": "b", "sig": sig_of(payload)}]
    (found,) = _verifier(FakeRegistry().attach("att", envelope_layer(signatures=signatures))).attestations(IMAGE)
    assert [one.to_json() for one in found.signatures] == signatures


def test_an_annotated_signature_is_shown_in_place_of_the_envelopes() -> None:
    layer = attestation_layer(annotations={_SIGNATURE: "!!"})
    (found,) = _verifier(FakeRegistry().attach("att", layer)).attestations(IMAGE)
    assert found.signatures[0].sig == "!!"


_PAYLOAD = json.dumps(statement()).encode()


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (attestation_layer(None, OTHER), _NO_THRESHOLD),
        (attestation_layer(payload_type="text/plain"), _PAYLOAD_TYPE.format("text/plain")),
        (envelope_layer(payloadType=None), _PAYLOAD_TYPE.format("")),
        (envelope_layer(signatures=[]), "no signature found"),
        (envelope_layer(signatures=None), "no signature found"),
        (envelope_layer(payload=""), _NO_THRESHOLD),
        (envelope_layer(payload="!!"), "unable to base64 decode payload (is payload in the right format?)"),
        (
            envelope_layer(signatures=[{"sig": sig_of(_PAYLOAD)}, {"sig": "!!"}]),
            "unable to base64 decode payload (is payload in the right format?)",
        ),
        (
            envelope_layer(signatures=[{"sig": 5}]),
            _mismatch("number", "Signature.signatures.sig", "string"),
        ),
        (
            envelope_layer(signatures=5),
            _mismatch("number", "Envelope.signatures", "[]dsse.Signature"),
        ),
        (attestation_layer(content=b"junk"), _JUNK),
        (attestation_layer(content=b"[]"), "json: cannot unmarshal array into Go value of type dsse.Envelope"),
        (attestation_layer(b"[]"), "json: cannot unmarshal array into Go value of type v1.Statement"),
        (attestation_layer(b"null"), _NO_SUBJECT),
        (attestation_layer(b"{}x"), "invalid character 'x' after top-level value"),
        (
            attestation_layer(statement(subject="x")),
            _mismatch("string", "Statement.subject", "[]*v1.ResourceDescriptor"),
        ),
        (
            attestation_layer(statement(subject=[{"digest": {"sha256": 5}}])),
            _mismatch("number", "ResourceDescriptor.subject.digest", "string"),
        ),
        (attestation_layer(statement(predicate="s")), 'proto: syntax error (line 1:1): unexpected token "s"'),
        (attestation_layer(statement(subject=[])), _NO_SUBJECT),
        (attestation_layer(statement(subject=[None])), _NO_SUBJECT),
        (attestation_layer(statement(subject=[{"digest": {"sha256": HEX.upper()}}])), _NO_SUBJECT),
        (attestation_layer(statement(subject=[{"digest": {"SHA256": HEX}}])), _NO_SUBJECT),
        (
            attestation_layer(json.dumps(statement()).encode()[:-1] + b',"Subject":[{"digest":{"sha256":"00"}}]}'),
            _NO_SUBJECT,
        ),
    ],
)
def test_each_reason_not_to_take_an_attestation_is_told(layer: Layer, reason: str) -> None:
    assert _attestation_error(layer) == f"no matching attestations: {reason}"


@pytest.mark.parametrize(
    "subjects",
    [
        [{"name": "y", "digest": {"sha1": "00"}}, {"digest": {"sha256": HEX}}],
        [{"digest": None}, None, {"digest": {"sha256": HEX}}],
    ],
)
def test_one_subject_suffices(subjects: list[Any]) -> None:
    layer = attestation_layer(statement(subject=subjects))
    assert _verifier(FakeRegistry().attach("att", layer)).attestations(IMAGE)


def test_a_null_predicate_is_none() -> None:
    layer = attestation_layer(statement(predicate=None))
    assert _verifier(FakeRegistry().attach("att", layer)).attestations(IMAGE)


def test_no_artifact_and_an_empty_one_are_no_matching_attestations() -> None:
    for registry in (FakeRegistry(), FakeRegistry().attach("att")):
        with pytest.raises(NoMatchingError, match=r"^no matching attestations: $"):
            _verifier(registry).attestations(IMAGE)


_UNTYPED = "unable to parse untyped provenance: malformed attestation data"


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (
            attestation_layer(media_type="x"),
            f"{_UNTYPED}: expecting media type of `application/vnd.dsse.envelope.v1+json`, received: `x`",
        ),
        (
            attestation_layer(statement(predicateType=5)),
            f"{_UNTYPED}: {_mismatch('number', 'Statement.StatementHeader.predicateType', 'string')}",
        ),
        (
            attestation_layer(statement(_type=5)),
            f"{_UNTYPED}: {_mismatch('number', 'Statement.StatementHeader._type', 'string')}",
        ),
        (attestation_layer(statement(V02, _type="q")), "unable to parse as SLSA v0.2: unsupported attestation type: q"),
    ],
)
def test_a_verified_attestation_that_cannot_be_parsed_fails_all(layer: Layer, reason: str) -> None:
    with pytest.raises(VerificationError) as caught:
        _verifier(FakeRegistry().attach("att", attestation_layer(), layer)).attestations(IMAGE)
    assert not isinstance(caught.value, NoMatchingError)
    assert str(caught.value) == reason


def test_without_verification_all_are_read_and_nothing_else() -> None:
    unsigned = envelope_layer(signatures=None, payloadType="zz")
    registry = FakeRegistry().attach("att", attestation_layer(None, OTHER), unsigned)
    registry.refer(Layer("application/vnd.dev.sigstore.bundle.v0.3+json", b"{}"))
    found = _verifier(registry).read_unverified_attestations(IMAGE)
    assert [len(one.signatures) for one in found] == [1, 0]
    assert registry.asked == [f"sha256-{HEX}.att"]
    assert _verifier(FakeRegistry()).read_unverified_attestations(IMAGE) == ()


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (attestation_layer(content=b"junk"), f"{_UNTYPED}: {_JUNK}"),
        (attestation_layer(content=b"{}"), "unable to parse untyped provenance: no `payload` data found"),
        (attestation_layer(content=b'{"payload":"!!"}'), f"{_UNTYPED}: illegal base64 data at input byte 0"),
        (
            attestation_layer(content=b'{"payload":5}'),
            f"{_UNTYPED}: {_mismatch('number', 'AttestationPayload.payload', 'string')}",
        ),
        (
            attestation_layer(content=json.dumps({"payload": base64.b64encode(b"[]").decode()}).encode()),
            f"{_UNTYPED}: json: cannot unmarshal array into Go value of type in_toto.Statement",
        ),
        (
            attestation_layer(annotations={_CERTIFICATE: "junk"}),
            "unable to parse untyped provenance: cannot create signed entity: error during PEM decoding",
        ),
    ],
)
def test_what_cannot_be_read_without_verification_is_told(layer: Layer, reason: str) -> None:
    with pytest.raises(VerificationError) as caught:
        _verifier(FakeRegistry().attach("att", layer)).read_unverified_attestations(IMAGE)
    assert str(caught.value) == reason


def test_a_refusal_without_verification_is_told() -> None:
    registry = FakeRegistry(refused={f"sha256-{HEX}.att"})
    with pytest.raises(VerificationError, match=r"^failed to fetch attestations: GET sha256-.*\.att: DENIED: no$"):
        _verifier(registry).read_unverified_attestations(IMAGE)


def test_a_missing_layer_without_verification_is_told() -> None:
    layer = attestation_layer()
    registry = FakeRegistry().attach("att", layer)
    del registry.blobs[layer.digest]
    with pytest.raises(VerificationError, match=f"^{_UNTYPED}: GET {layer.digest}: BLOB_UNKNOWN: gone$"):
        _verifier(registry).read_unverified_attestations(IMAGE)


def test_references_need_a_digest() -> None:
    with pytest.raises(ValueError, match="registry"):
        _verifier(FakeRegistry()).image_signatures(IMAGE.with_tag("v1"))


@pytest.mark.parametrize(("year", "valid"), [(2019, False), (2025, True), (2051, False)])
def test_a_certificate_must_be_valid_now_without_a_log(year: int, valid: bool) -> None:  # noqa: FBT001  # a table's row
    from test_certificate import certificate

    layer = signature_layer(annotations={_CERTIFICATE: certificate()})
    verifier = _verifier(FakeRegistry().attach("sig", layer), now=lambda: datetime(year, 6, 1, tzinfo=UTC))
    if valid:
        (found,) = verifier.image_signatures(IMAGE)
        assert list(found.to_json()) == ["keyid", "sig", "certificate", "metadata"]
        return
    with pytest.raises(NoMatchingError, match="expected a signed timestamp to verify an expired certificate"):
        verifier.image_signatures(IMAGE)
