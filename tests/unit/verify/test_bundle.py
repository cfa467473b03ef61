from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from specimens import (
    DIGEST,
    HEX,
    IMAGE,
    KNOWN,
    LOG,
    OTHER,
    STRANGE_LOG,
    V02,
    FakeRegistry,
    attestation_layer,
    encoded,
    public,
    sig_of,
    signature_layer,
    statement,
)

from ec_acceptance.testbed.fixtures.attachments import CERTIFICATES
from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.rekor.entries import canonical, dsse, intoto
from ec_acceptance.testbed.signing import KeyPair, Layer, pae
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
from refimpl.verify.cosign import Verifier
from refimpl.verify.refusal import NoMatchingError
from refimpl.verify.transparency_log import TransparencyLog
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from refimpl.oci.reference import Reference

_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
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
_NOT_LOGGED = "failed to verify log inclusion: not enough verified log entries from transparency log: 0 < 1"

Change = Callable[[Any], object]

_CERTIFICATE = CERTIFICATES["a name in a string type that nobody uses"](KNOWN).replace(b"\x1c\x08", b"\x0c\x08", 1)
_SIGNED = {
    "messageDigest": {"algorithm": 1, "digest": base64.b64encode(bytes.fromhex(HEX)).decode()},
    "signature": base64.b64encode(
        KNOWN.private.sign(bytes.fromhex(HEX), ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    ).decode(),
}


def _same(_: Any) -> None:
    """No change."""


def _bundle(content: Any = None, key: KeyPair = KNOWN, change: Change = _same, payload_type: str = "") -> Layer:
    payload = encoded(statement() if content is None else content)
    payload_type = payload_type or "application/vnd.in-toto+json"
    document = {
        "mediaType": _TYPE,
        "verificationMaterial": {"publicKey": {"hint": "x"}},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [{"sig": base64.b64encode(key.sign(pae(payload_type, payload))).decode()}],
        },
    }
    change(document)
    return Layer(_TYPE, json.dumps(document).encode())


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


def _referring(*layers: Layer) -> FakeRegistry:
    """An image with bundles, and with a good signature and attestation by tag, that must not count then."""
    registry = FakeRegistry().attach("sig", signature_layer()).attach("att", attestation_layer(statement("by tag")))
    for layer in layers:
        registry.refer(layer)
    return registry


def _verifier(registry: FakeRegistry, log: TransparencyLog | None = None) -> Verifier:
    return Verifier(registry, public(KNOWN), log)


def _reasons(*layers: Layer, log: TransparencyLog | None = None) -> str:
    verifier = _verifier(_referring(*layers), log)
    with pytest.raises(NoMatchingError) as caught:
        verifier.attestations(IMAGE)
    with pytest.raises(NoMatchingError) as again:
        verifier.image_signatures(IMAGE)
    assert str(caught.value) == str(again.value)
    assert caught.value.kind == again.value.kind == "attestations"
    return str(caught.value).removeprefix("no matching attestations: ")


def _types(registry: FakeRegistry) -> list[str]:
    return [one.predicate_type for one in _verifier(registry).attestations(IMAGE)]


def test_signatures_and_attestations_are_told_apart() -> None:
    verifier = _verifier(_referring(_bundle(_SIGNS), _bundle(statement(V02)), _bundle(None, OTHER), _bundle()))
    (signature,) = verifier.image_signatures(IMAGE)
    assert signature.to_json() == {"keyid": "", "sig": sig_of(encoded(_SIGNS))}
    found = verifier.attestations(IMAGE)
    assert [one.predicate_type for one in found] == [V02, "t"]
    assert found[0].to_json() == {
        "type": "https://in-toto.io/Statement/v0.1",
        "predicateType": V02,
        "signatures": [{"keyid": "", "sig": sig_of(encoded(statement(V02)))}],
    }


def test_provenance_alone_passes_for_a_signature_without_showing_one() -> None:
    verifier = _verifier(_referring(_bundle(statement(V02))))
    assert verifier.image_signatures(IMAGE) == ()


def test_a_signature_alone_leaves_no_attestations() -> None:
    assert _verifier(_referring(_bundle(_SIGNS))).attestations(IMAGE) == ()


def test_invalid_provenance_is_for_the_syntax_check() -> None:
    wrong = statement(V02, predicate={"builder": {"id": 5}, "buildType": "b"})
    found = _verifier(_referring(_bundle(wrong))).attestations(IMAGE)
    assert checks.syntax(found).msg.endswith("builder/properties/id/type: expected string, but got number")


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (_bundle(None, OTHER), _WRONG_KEY),
        (_bundle(change=lambda bundle: bundle["dsseEnvelope"]["signatures"][0].update(keyid="x")), _WRONG_KEY),
        (
            _bundle(change=lambda bundle: bundle["dsseEnvelope"].update(signatures=[])),
            "failed to verify signature: exactly one signature is required",
        ),
        (
            _bundle(change=lambda bundle: bundle["dsseEnvelope"]["signatures"].append({"sig": "AAAA"})),
            "failed to verify signature: exactly one signature is required",
        ),
        (_bundle(payload_type="text/plain"), f"{_EXTRACTING}unsupported media type"),
        (_bundle(b"hello"), _DECODING),
        (_bundle(b"[]"), _DECODING),
        (_bundle(statement(predicate="s")), _DECODING),
        (_bundle(statement(predicateType=5)), _DECODING),
        (_bundle(statement(unknown=5)), _DECODING),
        (_bundle(statement(subject=[{"digest": {"sha256": HEX}, "unknown": 1}])), _DECODING),
        (_bundle(encoded(statement())[:-1] + b',"predicateType":"q"}'), _DECODING),
        (
            _bundle(statement(subject=[])),
            "failed to verify signature: provided artifact digests does not match digests in statement",
        ),
        (
            _bundle(statement(subject=[{"digest": {"sha512": HEX}}])),
            "failed to verify signature: provided artifact digests does not match digests in statement",
        ),
        (
            _bundle(statement(subject=[{"digest": {"sha256": "00"}}])),
            "failed to verify signature: provided artifact digest does not match any digest in statement",
        ),
        (_bundle(statement(subject=[{"digest": {"sha256": HEX.upper()}}])), "no matching subject digest found"),
        (
            _bundle(statement(subject=[{"digest": {"sha256": "zz"}}])),
            "failed to verify signature: could not verify artifact: unable to decode subject digest",
        ),
        (_bundle(change=_certified(_CERTIFICATE)), "expected key signature, not certificate"),
        (
            _bundle(change=_certified(b"x")),
            "failed to fetch verification content: validation error: x509: malformed certificate",
        ),
        (
            _bundle(change=_certified(b"")),
            "failed to fetch verification content: validation error: missing verification material",
        ),
        (_bundle(change=_message(_SIGNED)), "bundle does not contain a DSSE envelope"),
        (
            _bundle(change=_message({"messageDigest": {"digest": "AAAA"}})),
            "failed to verify signature: artifact does not match digest",
        ),
        (
            _bundle(change=_message({"signature": "AAAA"})),
            "failed to fetch signature content: validation error: missing verification material",
        ),
        (
            _bundle(statement(subject=[{"digest": {"sha256": HEX}}] * 1025)),
            "failed to verify signature: too many subjects: 1025 > 1024",
        ),
        (
            _bundle(change=lambda bundle: bundle["dsseEnvelope"].update(payload="")),
            "failed to fetch signature content: validation error: invalid attestation: missing valid envelope",
        ),
    ],
)
def test_a_bundle_that_does_not_verify_keeps_the_tags_out(layer: Layer, reason: str) -> None:
    assert _reasons(layer) == reason


def test_all_reasons_are_told_a_line_each() -> None:
    assert _reasons(_bundle(None, OTHER), _bundle(b"[]")) == f"{_WRONG_KEY}\n{_DECODING}"


def test_other_statement_types_fail_the_attestations_only() -> None:
    verifier = _verifier(_referring(_bundle(statement(_type="foo"))))
    assert verifier.image_signatures(IMAGE) == ()
    with pytest.raises(VerificationError) as caught:
        verifier.attestations(IMAGE)
    assert str(caught.value) == "unable to parse bundle attestation: unsupported attestation type: foo"


@pytest.mark.parametrize(
    "layer",
    [
        _bundle(change=lambda bundle: bundle.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.2")),
        _bundle(change=lambda bundle: bundle.update(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json")),
        _bundle(change=lambda bundle: bundle.pop("mediaType")),
        _bundle(change=lambda bundle: bundle.update(unknown=1)),
        _bundle(change=lambda bundle: bundle.pop("verificationMaterial")),
        _bundle(change=lambda bundle: bundle.update(verificationMaterial={})),
        _bundle(change=lambda bundle: bundle.update(verificationMaterial={"x509CertificateChain": {}})),
        _bundle(change=lambda bundle: bundle["verificationMaterial"].update(certificate={"rawBytes": "AAAA"})),
        _bundle(
            change=lambda bundle: bundle["verificationMaterial"].update(tlogEntries=[{"canonicalizedBody": "AAAA"}])
        ),
        _bundle(change=lambda bundle: bundle["verificationMaterial"].update(tlogEntries=[{"logIndex": "x"}])),
        _bundle(change=lambda bundle: bundle.pop("dsseEnvelope")),
        _bundle(change=lambda bundle: bundle["dsseEnvelope"]["signatures"][0].update(sig="!!")),
        _bundle(change=lambda bundle: bundle["dsseEnvelope"].update(signatures=5)),
        Layer(_TYPE, b"junk"),
        Layer(_TYPE, b"{}"),
        Layer(_TYPE, b"[]"),
        Layer("text/plain", _bundle().content),
    ],
)
def test_what_is_no_bundle_of_this_version_leaves_the_tags(layer: Layer) -> None:
    assert _types(_referring(layer)) == ["by tag"]
    assert _types(_referring(layer, _bundle())) == ["t"]


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle: bundle.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.3"),
        lambda bundle: bundle["verificationMaterial"].update(publicKey={}, timestampVerificationData=None),
        lambda bundle: bundle["dsseEnvelope"].update(payload=bundle["dsseEnvelope"]["payload"].rstrip("=")),
    ],
)
def test_these_count_as_bundles(change: Change) -> None:
    assert _types(_referring(_bundle(change=change))) == ["t"]


def test_a_failure_to_list_referrers_leaves_the_tags() -> None:
    registry = _referring(_bundle())
    registry.refused.add("referrers")
    assert _types(registry) == ["by tag"]


def test_more_referrers_than_are_looked_at_are_an_error() -> None:
    registry = _referring(_bundle())
    registry.referring.extend([Descriptor("", DIGEST, 5)] * 1000)
    with pytest.raises(VerificationError, match=r"number of referrers \(1001\) exceeded the limit \(1000\)"):
        _types(registry)
    assert registry.asked == [f"referrers of {DIGEST}"]


def test_a_list_of_referrers_beyond_limits_is_an_error() -> None:
    class Endless(FakeRegistry):
        def referrers(self, ref: Reference) -> tuple[Descriptor, ...]:
            raise LimitExceededError(f"referrers of {ref}: there are more than 100 pages")

    with pytest.raises(VerificationError, match="more than 100 pages"):
        _types(Endless())


def test_bundles_are_fetched_one_by_one() -> None:
    registry = _referring(_bundle(None, OTHER), _bundle())
    bundles = fetch_bundles(registry, IMAGE, registry.referring, limit=1 << 20)
    next(bundles)
    assert registry.asked == [registry.referring[0].digest]


def test_a_referrer_that_is_gone_is_passed_over() -> None:
    registry = _referring()
    registry.referring.append(Descriptor("", DIGEST, 5))
    assert _types(registry) == ["by tag"]
    registry.refer(_bundle())
    assert _types(registry) == ["t"]


def _entry(layer: Layer, log: Log, body: bytes | None = None, change: Change = _same) -> Layer:
    """The bundle with an entry of the log."""
    bundle = json.loads(layer.content)
    envelope = encoded(bundle["dsseEnvelope"])
    entry = log.add(dsse(envelope, KNOWN.public_pem) if body is None else body)
    told = log.in_bundle(entry)
    change(told)
    bundle["verificationMaterial"]["tlogEntries"] = [told]
    return Layer(_TYPE, json.dumps(bundle).encode())


def _log(key: KeyPair = LOG) -> Log:
    log = Log(key, clock=lambda: 1_704_067_260)
    log.add(b"first")
    return log


_TRANSPARENCY = TransparencyLog(LogKeys(public(LOG)))


def test_a_logged_bundle_verifies() -> None:
    registry = _referring(_entry(_bundle(), _log()))
    assert len(_verifier(registry, _TRANSPARENCY).attestations(IMAGE)) == 1


_LOGGED = "failed to verify log inclusion: "
_INCLUDED = f"{_LOGGED}calculated root:"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda entry: entry.update(integratedTime="5"), _NOT_LOGGED),
        (lambda entry: entry.update(logIndex="7"), _NOT_LOGGED),
        (lambda entry: entry["inclusionProof"].update(rootHash="AAAA"), _INCLUDED),
        (lambda entry: entry["inclusionProof"].update(hashes=[]), f"{_LOGGED}wrong proof size 0, want 1"),
        (lambda entry: entry["inclusionProof"].update(logIndex="0"), _INCLUDED),
        (lambda entry: entry["inclusionProof"].update(logIndex="2"), f"{_LOGGED}index is beyond size: 2 >= 2"),
    ],
)
def test_a_promise_and_a_proof_must_hold(change: Change, reason: str) -> None:
    assert _reasons(_entry(_bundle(), _log(), change=change), log=_TRANSPARENCY).startswith(reason)


def test_a_proof_is_enough() -> None:
    registry = _referring(_entry(_bundle(), _log(), change=lambda entry: entry.pop("inclusionPromise")))
    assert len(_verifier(registry, _TRANSPARENCY).attestations(IMAGE)) == 1


def _more_entries(change: Callable[[list[Any]], object]) -> Layer:
    bundle = json.loads(_entry(_bundle(), _log()).content)
    change(bundle["verificationMaterial"]["tlogEntries"])
    return Layer(_TYPE, json.dumps(bundle).encode())


def test_there_are_few_entries_and_none_twice() -> None:
    twice = _more_entries(lambda entries: entries.append(dict(entries[0])))
    assert _reasons(twice, log=_TRANSPARENCY) == f"{_LOGGED}duplicate tlog entries found"
    many = _more_entries(lambda entries: entries.extend({**entries[0], "logIndex": at} for at in range(100, 132)))
    assert _reasons(many, log=_TRANSPARENCY) == f"{_LOGGED}too many tlog entries: 33 > 32"


def test_beside_a_proof_a_promise_is_enough() -> None:
    def change(entries: list[Any]) -> None:
        entries.append({**entries[0], "logIndex": "9", "inclusionPromise": None})
        entries[0].pop("inclusionProof")

    registry = _referring(_more_entries(change))
    assert len(_verifier(registry, _TRANSPARENCY).attestations(IMAGE)) == 1


def test_a_bundle_without_entry_or_of_another_log_is_not_logged() -> None:
    assert _reasons(_bundle(), log=_TRANSPARENCY) == _NOT_LOGGED
    assert _reasons(_entry(_bundle(), _log(STRANGE_LOG)), log=_TRANSPARENCY) == _NOT_LOGGED


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (dsse(attestation_layer({}).content, KNOWN.public_pem), "transparency log signature does not match"),
        (
            dsse(encoded(json.loads(_bundle().content)["dsseEnvelope"]), OTHER.public_pem),
            "transparency log certificate does not match",
        ),
        (intoto(attestation_layer({}).content, KNOWN.public_pem), "unsupported entry type: *intoto.V001Entry"),
        (
            canonical({"kind": "rekord", "apiVersion": "0.0.1", "spec": {"data": {}}}),
            "unsupported entry type: *rekord.V001Entry",
        ),
    ],
)
def test_an_entry_about_something_else_does_not_log_the_bundle(body: bytes, reason: str) -> None:
    assert _reasons(_entry(_bundle(), _log(), body), log=_TRANSPARENCY) == f"{_LOGGED}{reason}"


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(canonicalizedBody=base64.b64encode(b'{"kind":"foo","spec":{"x":1}}').decode()),
        lambda entry: entry.update(canonicalizedBody=""),
        lambda entry: entry.update(logIndex="-1"),
        lambda entry: entry.pop("logId"),
        lambda entry: entry.pop("kindVersion"),
        lambda entry: entry["inclusionProof"].pop("checkpoint"),
        lambda entry: entry.pop("inclusionProof"),
        lambda entry: entry.update(log_index="1"),
    ],
)
def test_an_entry_that_is_none_leaves_the_tags(change: Change) -> None:
    assert _types(_referring(_entry(_bundle(), _log(), change=change))) == ["by tag"]


def test_the_checkpoint_must_be_the_logs_and_about_this_tree() -> None:
    layer, log = _bundle(), _log()
    log.add(dsse(encoded(json.loads(layer.content)["dsseEnvelope"]), KNOWN.public_pem))
    head = "unmarshalling log entry checkpoint to SignedCheckpoint: unmarshalling"
    for note, reason in (
        (log.checkpoint(key=STRANGE_LOG), "signature on checkpoint did not verify"),
        (
            log.checkpoint(1),
            f"proof root hash does not match signed tree head, expected {log.root()} got {log.root(1)}",
        ),
        ("rekor.test - 1\n2\n\n\n", f"{head} signed note: malformed note"),
        ("rekor.test - 1\n\n2\n", f"{head} checkpoint: invalid checkpoint - too few newlines"),
        ("junk", "cannot verify Rekor v2 entry without baseUrl in transparency log's trusted root"),
    ):

        def change(entry: Any, note: str = note) -> None:
            entry["inclusionProof"]["checkpoint"]["envelope"] = note

        assert _reasons(_entry(layer, log, change=change), log=_TRANSPARENCY) == f"{_LOGGED}{reason}"


@pytest.mark.parametrize("version", ["v0.3.0", "v0.3.7", "v0.3.7-a.b", "v0.3.0+b", "v0.4.0-rc.1"])
def test_versions_that_count(version: str) -> None:
    media_type = f"application/vnd.dev.sigstore.bundle.{version}+json"
    assert _types(_referring(_bundle(change=lambda bundle: bundle.update(mediaType=media_type)))) == ["t"]


@pytest.mark.parametrize("version", ["v0.3.0-rc", "v0.4.0", "v1", "v0.30", "v0.3.01", "v0.3-rc", "v0.2.9", "0.3"])
def test_versions_that_do_not_count(version: str) -> None:
    media_type = f"application/vnd.dev.sigstore.bundle.{version}+json"
    assert _types(_referring(_bundle(change=lambda bundle: bundle.update(mediaType=media_type)))) == ["by tag"]


def test_an_envelope_may_name_the_key_as_ssh_does() -> None:
    def named(keyid: str) -> Layer:
        return _bundle(change=lambda bundle: bundle["dsseEnvelope"]["signatures"][0].update(keyid=keyid))

    fingerprint = public(KNOWN).ssh_fingerprint
    (found,) = _verifier(_referring(named(fingerprint))).attestations(IMAGE)
    assert [one.keyid for one in found.signatures] == [fingerprint]
    assert _reasons(named(public(OTHER).ssh_fingerprint)) == _WRONG_KEY


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

    registry = _referring(_bundle())
    setattr(registry, asked, fail)
    with pytest.raises(VerificationError, match=str(error)):
        _types(registry)


def test_a_registry_that_denies_what_it_lists_decides_nothing() -> None:
    registry = _referring(_bundle())
    registry.refused.add(registry.referring[0].digest)
    with pytest.raises(VerificationError, match="DENIED"):
        _types(registry)
