from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from samples import (
    DIGEST,
    IMAGE,
    KNOWN,
    LOG,
    OTHER,
    STRANGE_LOG,
    FakeRegistry,
    attestation_layer,
    public,
    signature_layer,
)
from test_certificate import certificate

from ec_acceptance.testbed.rekor.entries import canonical, dsse, hashedrekord, intoto
from ec_acceptance.testbed.rekor.log import Log
from ec_acceptance.testbed.signing import Layer, simple_signing
from refimpl.errors import VerificationError
from refimpl.verify.cosign import Verifier
from refimpl.verify.transparency_log import TransparencyLog
from refimpl.verify.trust import LogKeys

_SIGNATURE = "dev.cosignproject.cosign/signature"
_CERTIFICATE = "dev.sigstore.cosign/certificate"
_BUNDLE = "dev.sigstore.cosign/bundle"
_PAYLOAD = simple_signing(DIGEST, "x")
_SIGNED = KNOWN.sign(_PAYLOAD)
_NOW = 1_704_067_260  # 2024-01-01T00:01:00Z
_NO_VERSION = "hashedrekord implementation for version '0.0.9' not found: unable to locate entry for version 0.0.9"
_NO_ALGORITHM = (
    "validation failure list:\ndata.data.hash.data.hash.algorithm in body should be one of [sha256 sha384 sha512]"
)
_EXTRACT = "failed to extract signature from bundle"

Change = Callable[[Any], object]


def _log() -> Log:
    return Log(LOG, clock=lambda: _NOW)


def _verifier(registry: FakeRegistry) -> Verifier:
    return Verifier(registry, public(KNOWN), TransparencyLog(LogKeys(public(LOG))))


def _bundle_annotation(body: bytes, change: Change = lambda _: None) -> str:
    log = _log()
    bundle = log.bundle(log.add(body))
    change(bundle)
    return json.dumps(bundle)


def _image_layer(bundle: str, signature: bytes = _SIGNED, leaf: str = "") -> Layer:
    notes = {_SIGNATURE: base64.b64encode(signature).decode(), _BUNDLE: bundle, _CERTIFICATE: leaf}
    return signature_layer(payload=_PAYLOAD, annotations=notes)


def _check_image(layer: Layer) -> None:
    _verifier(FakeRegistry().attach("sig", layer)).image_signatures(IMAGE)


def _image_error(layer: Layer) -> str:
    with pytest.raises(VerificationError) as caught:
        _check_image(layer)
    return str(caught.value).removeprefix("no matching signatures: error verifying bundle: ")


def _body(change: Change) -> bytes:
    entry = json.loads(hashedrekord(_PAYLOAD, _SIGNED, KNOWN.public_pem))
    change(entry)
    return canonical(entry)


_GOOD = hashedrekord(_PAYLOAD, _SIGNED, KNOWN.public_pem)


def test_an_entry_timestamp_beside_the_signature_suffices() -> None:
    _check_image(_image_layer(_bundle_annotation(_GOOD)))


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle: bundle.update(
            payload=bundle.pop("Payload"), signedEntryTimestamp=bundle.pop("SignedEntryTimestamp")
        ),
        lambda bundle: bundle["Payload"].update(extra=1),
    ],
)
def test_names_match_in_any_case_and_more_is_ignored(change: Change) -> None:
    _check_image(_image_layer(_bundle_annotation(_GOOD, change)))


def _kind(kind: str) -> bytes:
    """What the good entry says, by an entry of another kind."""
    spec = json.loads(_GOOD)["spec"]
    signature = {**spec["signature"], "format": "x509"}
    return canonical({"apiVersion": "0.0.1", "kind": kind, "spec": {**spec, "signature": signature}})


def test_the_spelling_of_the_logged_key_does_not_matter() -> None:
    body = hashedrekord(_PAYLOAD, _SIGNED, "words\n" + KNOWN.public_pem.replace("\n", "\r\n"))
    _check_image(_image_layer(_bundle_annotation(body)))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"junk", f"{_EXTRACT}: invalid character 'j' looking for beginning of value"),
        (b"{}", f"{_EXTRACT}: kind in body is required"),
        (b"[]", f"{_EXTRACT}: kind in body is required"),
        (_kind("rekord"), f"{_EXTRACT}: unsupported type"),
        (_kind("jar"), f"{_EXTRACT}: unsupported type"),
        (dsse(attestation_layer().content, KNOWN.public_pem), f"{_EXTRACT}: unsupported type"),
        (canonical({"kind": "foo"}), f'{_EXTRACT}: invalid kind value: "foo"'),
        (
            _body(lambda entry: entry.update(apiVersion="0.0.9")),
            f"{_EXTRACT}: {_NO_VERSION}",
        ),
        (
            _body(lambda entry: entry["spec"].pop("signature")),
            f"{_EXTRACT}: validation failure list:\nsignature in body is required",
        ),
        (
            _body(lambda entry: entry["spec"]["data"]["hash"].update(algorithm="md5")),
            f"{_EXTRACT}: {_NO_ALGORITHM}",
        ),
        (_body(lambda entry: entry["spec"]["data"]["hash"].update(value="00")), f"{_EXTRACT}: invalid value for hash"),
        (
            _body(lambda entry: entry["spec"]["data"]["hash"].update(value="0" * 64)),
            f"{_EXTRACT}: verifying signature: invalid signature when validating ASN.1 encoded signature",
        ),
        (
            _body(lambda entry: entry["spec"]["data"]["hash"].update(algorithm="sha512", value="0" * 128)),
            f"{_EXTRACT}: verifying signature: invalid signature when validating ASN.1 encoded signature",
        ),
        (
            hashedrekord(_PAYLOAD, OTHER.sign(_PAYLOAD), KNOWN.public_pem),
            f"{_EXTRACT}: verifying signature: invalid signature when validating ASN.1 encoded signature",
        ),
        (hashedrekord(_PAYLOAD, _SIGNED, "junk"), f"{_EXTRACT}: invalid public key: failure decoding PEM"),
        (
            hashedrekord(_PAYLOAD, OTHER.sign(_PAYLOAD), OTHER.public_pem),
            "signature in bundle does not match signature being verified",
        ),
        (
            hashedrekord(b"x", KNOWN.sign(b"x"), KNOWN.public_pem),
            "signature in bundle does not match signature being verified",
        ),
        (hashedrekord(_PAYLOAD, _SIGNED, KNOWN.public_pem + "\n\n"), "unexpected PEM block: \n\n"),
    ],
)
def test_the_entry_must_be_about_this_signature(body: bytes, reason: str) -> None:
    assert _image_error(_image_layer(_bundle_annotation(body))) == reason


def test_the_logged_key_must_be_the_verifiers() -> None:
    signature = OTHER.sign(_PAYLOAD)
    layer = _image_layer(_bundle_annotation(hashedrekord(_PAYLOAD, signature, OTHER.public_pem)), signature)
    assert _image_error(layer) == (f"comparing public key PEMs, expected {KNOWN.public_pem}, got {OTHER.public_pem}")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda bundle: bundle["Payload"].update(integratedTime=_NOW + 1), "unable to verify SET"),
        (lambda bundle: bundle["Payload"].update(logIndex=8), "unable to verify SET"),
        (lambda bundle: bundle.pop("SignedEntryTimestamp"), "unable to verify SET"),
        (
            lambda bundle: bundle["Payload"].update(logID="00"),
            "verifying bundle: rekor log public key not found for payload",
        ),
        (
            lambda bundle: bundle["Payload"].update(logID=bundle["Payload"]["logID"].upper()),
            "verifying bundle: rekor log public key not found for payload",
        ),
        (lambda bundle: bundle["Payload"].update(body="!!"), f"{_EXTRACT}: illegal base64 data at input byte 0"),
        (lambda bundle: bundle["Payload"].update(body=5), f"{_EXTRACT}: unexpected end of JSON input"),
        (lambda bundle: bundle.pop("Payload"), f"{_EXTRACT}: unexpected end of JSON input"),
    ],
)
def test_the_log_must_have_bundle_annotation_just_that(change: Change, reason: str) -> None:
    assert _image_error(_image_layer(_bundle_annotation(_GOOD, change))) == reason


def test_another_log_proves_nothing() -> None:
    log = Log(STRANGE_LOG)
    assert _image_error(_image_layer(json.dumps(log.bundle(log.add(_GOOD))))) == (
        "verifying bundle: rekor log public key not found for payload"
    )
    forged = log.bundle(log.add(_GOOD))
    forged["Payload"]["logID"] = LOG.fingerprint.hex()
    assert _image_error(_image_layer(json.dumps(forged))) == "unable to verify SET"


def test_without_entry_timestamp_and_server_there_is_no_proof() -> None:
    layer = signature_layer(payload=_PAYLOAD)
    assert _image_error(layer) == "no matching signatures: rekor client not provided for online verification"


def test_the_log_is_looked_at_before_the_signature() -> None:
    layer = _image_layer(_bundle_annotation(_GOOD), b"x")
    assert _image_error(layer) == "signature in bundle does not match signature being verified"


def test_a_time_beyond_the_calendar_is_no_crash() -> None:
    log = _log()
    bundle = log.bundle(log.add(_GOOD, at=1 << 60))
    assert _image_error(_image_layer(json.dumps(bundle))) == f"invalid integrated time {1 << 60}"


def test_a_certificate_is_what_is_logged() -> None:
    leaf = certificate()
    _check_image(_image_layer(_bundle_annotation(hashedrekord(_PAYLOAD, _SIGNED, leaf)), leaf=leaf))
    reason = _image_error(_image_layer(_bundle_annotation(_GOOD), leaf=leaf))
    assert reason.startswith("comparing public key PEMs, expected -----BEGIN CERTIFICATE-----")


def test_a_certificate_of_another_key_is_refused() -> None:
    leaf = certificate(key=OTHER)
    assert _image_error(_image_layer(_bundle_annotation(_GOOD), leaf=leaf)) == (
        "both public key and certificate were provided but did not match"
    )


@pytest.mark.parametrize("year", [2019, 2051])
def test_a_certificate_must_have_been_valid_when_logged(year: int) -> None:
    leaf, log = certificate(), _log()
    entry = log.add(hashedrekord(_PAYLOAD, _SIGNED, leaf), at=_NOW + (year - 2024) * 31_557_600)
    reason = _image_error(_image_layer(json.dumps(log.bundle(entry)), leaf=leaf))
    assert reason.startswith("no matching signatures: checking expiry on certificate with bundle")


_ATTESTATION = attestation_layer()


def _attested(body: bytes, signature: str = "") -> None:
    notes = {_BUNDLE: _bundle_annotation(body), _SIGNATURE: signature}
    layer = Layer(_ATTESTATION.media_type, _ATTESTATION.content, notes)
    _verifier(FakeRegistry().attach("att", layer)).attestations(IMAGE)


def _attestation_error(body: bytes, signature: str = "") -> str:
    with pytest.raises(VerificationError) as caught:
        _attested(body, signature)
    return str(caught.value).removeprefix("no matching attestations: error verifying bundle: ")


def _intoto_2(change: Change = lambda _: None) -> bytes:
    envelope = json.loads(_ATTESTATION.content)
    spec = copy.deepcopy(json.loads(intoto(_ATTESTATION.content, KNOWN.public_pem))["spec"])
    spec["content"]["envelope"] = {
        "payloadType": envelope["payloadType"],
        "signatures": [
            {
                "publicKey": spec.pop("publicKey"),
                "sig": base64.b64encode(envelope["signatures"][0]["sig"].encode()).decode(),
            }
        ],
    }
    change(spec["content"])
    return canonical({"apiVersion": "0.0.2", "kind": "intoto", "spec": spec})


_SIG = json.loads(_ATTESTATION.content)["signatures"][0]["sig"]


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (dsse(_ATTESTATION.content, KNOWN.public_pem), ""),
        (dsse(_ATTESTATION.content, KNOWN.public_pem), _SIG),
        (intoto(_ATTESTATION.content, KNOWN.public_pem), ""),
        (_intoto_2(), ""),
        (_intoto_2(), _SIG),
    ],
)
def test_each_kind_of_entry_for_envelopes_proves_an_attestation(body: bytes, signature: str) -> None:
    _attested(body, signature)


_KEYS = f"comparing public key PEMs, expected {KNOWN.public_pem}, got {OTHER.public_pem}"
_HASH = 'matching bundle to payload: bundle="{}", payload="' + _ATTESTATION.digest.removeprefix("sha256:") + '"'
_NOT_MATCHING = "signature in bundle does not match signature being verified"


@pytest.mark.parametrize(
    ("body", "signature", "reason"),
    [
        (dsse(attestation_layer({}).content, KNOWN.public_pem), "", _HASH.format(attestation_layer({}).digest[7:])),
        (intoto(attestation_layer({}).content, KNOWN.public_pem), "", _HASH.format(attestation_layer({}).digest[7:])),
        (_intoto_2(lambda content: content["hash"].update(value="00")), "", _HASH.format("00")),
        (dsse(_ATTESTATION.content, OTHER.public_pem), "", _KEYS),
        (intoto(_ATTESTATION.content, OTHER.public_pem), "", _KEYS),
        (dsse(_ATTESTATION.content, KNOWN.public_pem), "abcd", _NOT_MATCHING),
        (intoto(_ATTESTATION.content, KNOWN.public_pem), _SIG, f"{_EXTRACT}: unsupported type"),
        (
            hashedrekord(_ATTESTATION.content, KNOWN.sign(_ATTESTATION.content), KNOWN.public_pem),
            "",
            "failed to extract key from bundle: unsupported type",
        ),
        (
            intoto(_ATTESTATION.content, "junk"),
            "",
            "failed to extract key from bundle: invalid public key: failure decoding PEM",
        ),
        (dsse(_ATTESTATION.content, "junk"), "", "unexpected PEM block: junk"),
        (
            dsse(attestation_layer(None, KNOWN, OTHER).content, KNOWN.public_pem),
            "",
            "failed to extract key from bundle: multiple signatures on DSSE envelopes are not currently supported",
        ),
    ],
)
def test_an_entry_about_something_else_proves_no_attestation(body: bytes, signature: str, reason: str) -> None:
    assert _attestation_error(body, signature) == reason
