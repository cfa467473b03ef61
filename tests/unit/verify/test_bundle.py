from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from bundle_layers import (
    TYPE,
    Change,
    find_reasons,
    find_types,
    make_bundle,
    make_verifier,
    refer_to,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from samples import (
    DIGEST,
    HEX,
    IMAGE,
    KNOWN,
    OTHER,
    V02,
    FakeRegistry,
    encode,
    public,
    sig_of,
    statement,
)

from ec_acceptance.testbed.fixtures.attachments import CERTIFICATES
from ec_acceptance.testbed.signing import Layer
from refimpl.errors import (
    DigestMismatchError,
    LimitExceededError,
    RegistryError,
    StatusError,
    TransferError,
    UnreachableError,
    VerificationError,
)
from refimpl.oci.descriptor import Descriptor
from refimpl.verify import checks
from refimpl.verify.bundle import fetch_bundles

if TYPE_CHECKING:
    from refimpl.oci.reference import Reference

_SIGNS = {**statement("https://sigstore.dev/cosign/sign/v1"), "_type": "https://in-toto.io/Statement/v1"}
_WRONG_KEY = (
    "failed to verify signature: could not verify envelope: accepted signatures do not match threshold, "
    "Found: 0, Expected 1"
)
_EXTRACTING = (
    "failed to verify signature: could not verify artifact: unable to extract statement from envelope: "
    "validation error: "
)
_DECODING = f"{_EXTRACTING}invalid attestation: decoding json"

_CERTIFICATE = CERTIFICATES["a name in a string type that nobody uses"](KNOWN).replace(b"\x1c\x08", b"\x0c\x08", 1)
_SIGNED = {
    "messageDigest": {"algorithm": 1, "digest": base64.b64encode(bytes.fromhex(HEX)).decode()},
    "signature": base64.b64encode(
        KNOWN.private.sign(bytes.fromhex(HEX), ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    ).decode(),
}


def _certified(der: bytes) -> Change:
    """The verification material is this certificate."""

    def change(bundle: Any) -> None:
        bundle["verificationMaterial"] = {"certificate": {"rawBytes": base64.b64encode(der).decode()}}

    return change


def _message(signature: Any) -> Change:
    """The content is this signature over what isn't in the bundle."""

    def change(bundle: Any) -> None:
        bundle.pop("dsseEnvelope")
        bundle["messageSignature"] = signature

    return change


def test_signatures_and_attestations_are_told_apart() -> None:
    verifier = make_verifier(
        refer_to(make_bundle(_SIGNS), make_bundle(statement(V02)), make_bundle(None, OTHER), make_bundle())
    )
    (signature,) = verifier.image_signatures(IMAGE)
    assert signature.to_json() == {"keyid": "", "sig": sig_of(encode(_SIGNS))}
    found = verifier.attestations(IMAGE)
    assert [one.predicate_type for one in found] == [V02, "t"]
    assert found[0].to_json() == {
        "type": "https://in-toto.io/Statement/v0.1",
        "predicateType": V02,
        "signatures": [{"keyid": "", "sig": sig_of(encode(statement(V02)))}],
    }


def test_provenance_alone_passes_for_a_signature_without_showing_one() -> None:
    verifier = make_verifier(refer_to(make_bundle(statement(V02))))
    assert verifier.image_signatures(IMAGE) == ()


def test_a_signature_alone_leaves_no_attestations() -> None:
    assert make_verifier(refer_to(make_bundle(_SIGNS))).attestations(IMAGE) == ()


def test_invalid_provenance_is_for_the_syntax_check() -> None:
    wrong = statement(V02, predicate={"builder": {"id": 5}, "buildType": "b"})
    found = make_verifier(refer_to(make_bundle(wrong))).attestations(IMAGE)
    assert checks.syntax(found).msg.endswith("builder/properties/id/type: expected string, but got number")


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (make_bundle(None, OTHER), _WRONG_KEY),
        (make_bundle(change=lambda bundle: bundle["dsseEnvelope"]["signatures"][0].update(keyid="x")), _WRONG_KEY),
        (
            make_bundle(change=lambda bundle: bundle["dsseEnvelope"].update(signatures=[])),
            "failed to verify signature: exactly one signature is required",
        ),
        (
            make_bundle(change=lambda bundle: bundle["dsseEnvelope"]["signatures"].append({"sig": "AAAA"})),
            "failed to verify signature: exactly one signature is required",
        ),
        (make_bundle(payload_type="text/plain"), f"{_EXTRACTING}unsupported media type"),
        (make_bundle(b"hello"), _DECODING),
        (make_bundle(b"[]"), _DECODING),
        (make_bundle(statement(predicate="s")), _DECODING),
        (make_bundle(statement(predicateType=5)), _DECODING),
        (make_bundle(statement(unknown=5)), _DECODING),
        (make_bundle(statement(subject=[{"digest": {"sha256": HEX}, "unknown": 1}])), _DECODING),
        (make_bundle(encode(statement())[:-1] + b',"predicateType":"q"}'), _DECODING),
        (
            make_bundle(statement(subject=[])),
            "failed to verify signature: provided artifact digests does not match digests in statement",
        ),
        (
            make_bundle(statement(subject=[{"digest": {"sha512": HEX}}])),
            "failed to verify signature: provided artifact digests does not match digests in statement",
        ),
        (
            make_bundle(statement(subject=[{"digest": {"sha256": "00"}}])),
            "failed to verify signature: provided artifact digest does not match any digest in statement",
        ),
        (make_bundle(statement(subject=[{"digest": {"sha256": HEX.upper()}}])), "no matching subject digest found"),
        (
            make_bundle(statement(subject=[{"digest": {"sha256": "zz"}}])),
            "failed to verify signature: could not verify artifact: unable to decode subject digest",
        ),
        (make_bundle(change=_certified(_CERTIFICATE)), "expected key signature, not certificate"),
        (
            make_bundle(change=_certified(b"x")),
            "failed to fetch verification content: validation error: x509: malformed certificate",
        ),
        (
            make_bundle(change=_certified(b"")),
            "failed to fetch verification content: validation error: missing verification material",
        ),
        (make_bundle(change=_message(_SIGNED)), "bundle does not contain a DSSE envelope"),
        (
            make_bundle(change=_message({"messageDigest": {"digest": "AAAA"}})),
            "failed to verify signature: artifact does not match digest",
        ),
        (
            make_bundle(change=_message({"signature": "AAAA"})),
            "failed to fetch signature content: validation error: missing verification material",
        ),
        (
            make_bundle(statement(subject=[{"digest": {"sha256": HEX}}] * 1025)),
            "failed to verify signature: too many subjects: 1025 > 1024",
        ),
        (
            make_bundle(change=lambda bundle: bundle["dsseEnvelope"].update(payload="")),
            "failed to fetch signature content: validation error: invalid attestation: missing valid envelope",
        ),
    ],
)
def test_a_bundle_that_does_not_verify_keeps_the_tags_out(layer: Layer, reason: str) -> None:
    assert find_reasons(layer) == reason


def test_all_reasons_are_told_a_line_each() -> None:
    assert find_reasons(make_bundle(None, OTHER), make_bundle(b"[]")) == f"{_WRONG_KEY}\n{_DECODING}"


def test_other_statement_types_fail_the_attestations_only() -> None:
    verifier = make_verifier(refer_to(make_bundle(statement(_type="foo"))))
    assert verifier.image_signatures(IMAGE) == ()
    with pytest.raises(VerificationError) as caught:
        verifier.attestations(IMAGE)
    assert str(caught.value) == "unable to parse bundle attestation: unsupported attestation type: foo"


@pytest.mark.parametrize(
    "layer",
    [
        make_bundle(
            change=lambda bundle: bundle.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.2")
        ),
        make_bundle(change=lambda bundle: bundle.update(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json")),
        make_bundle(change=lambda bundle: bundle.pop("mediaType")),
        make_bundle(change=lambda bundle: bundle.update(unknown=1)),
        make_bundle(change=lambda bundle: bundle.pop("verificationMaterial")),
        make_bundle(change=lambda bundle: bundle.update(verificationMaterial={})),
        make_bundle(change=lambda bundle: bundle.update(verificationMaterial={"x509CertificateChain": {}})),
        make_bundle(change=lambda bundle: bundle["verificationMaterial"].update(certificate={"rawBytes": "AAAA"})),
        make_bundle(
            change=lambda bundle: bundle["verificationMaterial"].update(tlogEntries=[{"canonicalizedBody": "AAAA"}])
        ),
        make_bundle(change=lambda bundle: bundle["verificationMaterial"].update(tlogEntries=[{"logIndex": "x"}])),
        make_bundle(change=lambda bundle: bundle.pop("dsseEnvelope")),
        make_bundle(change=lambda bundle: bundle["dsseEnvelope"]["signatures"][0].update(sig="!!")),
        make_bundle(change=lambda bundle: bundle["dsseEnvelope"].update(signatures=5)),
        Layer(TYPE, b"junk"),
        Layer(TYPE, b"{}"),
        Layer(TYPE, b"[]"),
        Layer("text/plain", make_bundle().content),
    ],
)
def test_what_is_no_bundle_of_this_version_leaves_the_tags(layer: Layer) -> None:
    assert find_types(refer_to(layer)) == ["by tag"]
    assert find_types(refer_to(layer, make_bundle())) == ["t"]


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle: bundle.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.3"),
        lambda bundle: bundle["verificationMaterial"].update(publicKey={}, timestampVerificationData=None),
        lambda bundle: bundle["dsseEnvelope"].update(payload=bundle["dsseEnvelope"]["payload"].rstrip("=")),
    ],
)
def test_these_count_as_bundles(change: Change) -> None:
    assert find_types(refer_to(make_bundle(change=change))) == ["t"]


def test_a_failure_to_list_referrers_leaves_the_tags() -> None:
    registry = refer_to(make_bundle())
    registry.refused.add("referrers")
    assert find_types(registry) == ["by tag"]


def test_more_referrers_than_are_looked_at_are_an_error() -> None:
    registry = refer_to(make_bundle())
    registry.referring.extend([Descriptor("", DIGEST, 5)] * 1000)
    with pytest.raises(VerificationError, match=r"number of referrers \(1001\) exceeded the limit \(1000\)"):
        find_types(registry)
    assert registry.asked == [f"referrers of {DIGEST}"]


def test_a_list_of_referrers_beyond_limits_is_an_error() -> None:
    class Endless(FakeRegistry):
        def referrers(self, ref: Reference) -> tuple[Descriptor, ...]:
            raise LimitExceededError(f"referrers of {ref}: there are more than 100 pages")

    with pytest.raises(VerificationError, match="more than 100 pages"):
        find_types(Endless())


def test_bundles_are_fetched_one_by_one() -> None:
    registry = refer_to(make_bundle(None, OTHER), make_bundle())
    bundles = fetch_bundles(registry, IMAGE, registry.referring, limit=1 << 20)
    next(bundles)
    assert registry.asked == [registry.referring[0].digest]


def test_a_referrer_that_is_gone_is_passed_over() -> None:
    registry = refer_to()
    registry.referring.append(Descriptor("", DIGEST, 5))
    assert find_types(registry) == ["by tag"]
    registry.refer(make_bundle())
    assert find_types(registry) == ["t"]


@pytest.mark.parametrize("version", ["v0.3.0", "v0.3.7", "v0.3.7-a.b", "v0.3.0+b", "v0.4.0-rc.1"])
def test_versions_that_count(version: str) -> None:
    media_type = f"application/vnd.dev.sigstore.bundle.{version}+json"
    assert find_types(refer_to(make_bundle(change=lambda bundle: bundle.update(mediaType=media_type)))) == ["t"]


@pytest.mark.parametrize("version", ["v0.3.0-rc", "v0.4.0", "v1", "v0.30", "v0.3.01", "v0.3-rc", "v0.2.9", "0.3"])
def test_versions_that_do_not_count(version: str) -> None:
    media_type = f"application/vnd.dev.sigstore.bundle.{version}+json"
    assert find_types(refer_to(make_bundle(change=lambda bundle: bundle.update(mediaType=media_type)))) == ["by tag"]


def test_an_envelope_may_name_the_key_as_ssh_does() -> None:
    def name_of(keyid: str) -> Layer:
        return make_bundle(change=lambda bundle: bundle["dsseEnvelope"]["signatures"][0].update(keyid=keyid))

    fingerprint = public(KNOWN).ssh_fingerprint
    (found,) = make_verifier(refer_to(name_of(fingerprint))).attestations(IMAGE)
    assert [one.keyid for one in found.signatures] == [fingerprint]
    assert find_reasons(name_of(public(OTHER).ssh_fingerprint)) == _WRONG_KEY


@pytest.mark.parametrize(
    "error",
    [
        StatusError("GET x: TOOMANYREQUESTS: slow down", 429),
        StatusError("GET x: 500 Internal Server Error", 500),
        UnreachableError("GET x: connection refused"),
        TransferError("GET x: unexpected EOF"),
        DigestMismatchError("other bytes"),
    ],
)
@pytest.mark.parametrize("asked", ["referrers", "manifest", "blob"])
def test_a_registry_that_fails_decides_nothing(asked: str, error: RegistryError) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise error

    registry = refer_to(make_bundle())
    setattr(registry, asked, fail)
    with pytest.raises(VerificationError, match=str(error)):
        find_types(registry)


def test_a_registry_that_denies_what_it_lists_decides_nothing() -> None:
    registry = refer_to(make_bundle())
    registry.refused.add(registry.referring[0].digest)
    with pytest.raises(VerificationError, match="DENIED"):
        find_types(registry)
