from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from calling import Bench

from ec_acceptance.testbed.fixtures.images import Image, publish
from ec_acceptance.testbed.fixtures.images import Layer as ImageLayer
from ec_acceptance.testbed.gate.rules import Answer
from ec_acceptance.testbed.rekor import Log, RekorServer, hashedrekord, intoto
from ec_acceptance.testbed.signing import KeyPair, attach, seal, sign_image, statement, subject
from refimpl.deadline import Deadline
from refimpl.errors import TimeoutExceededError
from refimpl.golang import jsontext
from refimpl.rego.builtins import ComponentContext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ec_acceptance.testbed.signing import Envelope, ImageSignature

SIGNER, STRANGER, LOG, OTHER_LOG = (KeyPair.derive("builtins", name) for name in ("signer", "stranger", "log", "other"))
BY_KEY: dict[str, Any] = {"public_key": SIGNER.public_pem, "ignore_rekor": True}
LOGGED: dict[str, Any] = {"public_key": SIGNER.public_pem, "ignore_rekor": False}
ISSUER = "certificate OIDC issuer must be provided for keyless workflow"
IDENTITY = "certificate identity must be provided for keyless workflow"
FUNCTIONS = {"image": "signatures", "attestation": "attestations"}
WHAT = {"image": "verify image signature: ", "attestation": "verify image attestation signature: "}
TYPE = "https://x.test/any"


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


@pytest.fixture(params=FUNCTIONS)
def function(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Signed:
    """An image with a signature and an attestation, which may be in a log; `off` keeps the log's word beside them."""

    def __init__(self, bench: Bench, log: Log | None = None, *, off: bool = True) -> None:
        self.digest = publish(Image.of([ImageLayer.of({"a": b"b"})]), bench.repository, "v1").digest
        self.ref = f"{bench.name}@{self.digest}"
        self.signature: ImageSignature = sign_image(self.digest, SIGNER, reference=bench.name)
        predicate = {"big": 12345678901234567890, "n": 1.50, "m": 1000000}
        self.envelope: Envelope = seal(statement(TYPE, predicate, [subject(self.digest, bench.name)]), [SIGNER])
        bundles: list[dict[str, Any] | None] = [None, None]
        if log is not None:
            entries = [
                log.add(hashedrekord(self.signature.payload, self.signature.signature, SIGNER.public_pem)),
                log.add(intoto(self.envelope.content, SIGNER.public_pem)),
            ]
            if off:
                bundles = [log.bundle(entry) for entry in entries]

        def push(_repository: str, tag: str, manifest: bytes, blobs: Mapping[str, bytes]) -> None:
            for blob in blobs.values():
                bench.repository.put_blob(blob)
            bench.repository.put_manifest(manifest, "application/vnd.oci.image.manifest.v1+json", tag=tag)

        attach(self.digest, "sig", [self.signature.layer(bundle=bundles[0])]).push("acme/app", push)
        attach(self.digest, "att", [self.envelope.layer(TYPE, bundle=bundles[1])]).push("acme/app", push)


def refused(function: str, *errors: str) -> dict[str, Any]:
    return {"success": False, "errors": list(errors), FUNCTIONS[function]: []}


def test_signatures_of_an_image(bench: Bench) -> None:
    signed = Signed(bench)
    signature = {
        "keyid": "",
        "signature": signed.signature.encoded,
        "certificate": "",
        "chain": [],
        "metadata": {},
    }
    assert bench.call("sigstore.verify_image", signed.ref, BY_KEY) == {
        "success": True,
        "errors": [],
        "signatures": [signature],
    }


def test_the_size_of_what_is_attached_is_limited_as_for_the_built_in_checks(function: str) -> None:
    with Bench(environ={"COSIGN_MAX_ATTACHMENT_SIZE": "10"}) as bench:
        found = bench.call(f"sigstore.verify_{function}", Signed(bench).ref, BY_KEY)
    assert not found["success"]
    assert "exceeded the limit (10)" in found["errors"][0]


def test_attestations_of_an_image(bench: Bench) -> None:
    signed = Signed(bench)
    found = bench.call("sigstore.verify_attestation", signed.ref, BY_KEY)
    assert (found["success"], found["errors"]) == (True, [])
    (attestation,) = found["attestations"]
    assert [each["signature"] for each in attestation["signatures"]] == [
        each.encoded for each in signed.envelope.signatures
    ]
    assert set(attestation["signatures"][0]) == {"keyid", "signature", "certificate", "chain", "metadata"}
    assert attestation["statement"]["predicateType"] == TYPE
    shown = jsontext.dumps(attestation["statement"]["predicate"])
    assert shown == '{"big":1.2345678901234567e+19,"n":1.5,"m":1e+06}'


@pytest.mark.parametrize(
    ("opts", "text"),
    [
        ({"ignore_rekor": True}, f"new policy: {ISSUER}\n{IDENTITY}"),
        ({"ignore_rekor": True, "public_key": 5}, f"new policy: {ISSUER}\n{IDENTITY}"),
        ({"certificate_oidc_issuer": "x"}, f"new policy: {IDENTITY}"),
        ({"certificate_oidc_issuer_regexp": "x"}, f"new policy: {IDENTITY}"),
        ({"certificate_identity": "x"}, f"new policy: {ISSUER}"),
        ({"certificate_identity_regexp": "x"}, f"new policy: {ISSUER}"),
        ({"public_key": "nofile"}, "new policy: open nofile: no such file or directory"),
        ({"public_key": "env://NOPE"}, "new policy: loading URL: env var $NOPE not found"),
        ({**BY_KEY, "rekor_public_key": "zz"}, "adding rekor public key: PEM decoding failed"),
        ({**LOGGED, "rekor_url": ":"}, 'new policy: parse ":": missing protocol scheme'),
        ({**LOGGED, "rekor_url": ":", "rekor_public_key": "zz"}, 'new policy: parse ":": missing protocol scheme'),
        (5, "opts parameter: operand 1 must be object but got number"),
        (None, "opts parameter: operand 1 must be object but got null"),
        ([], "opts parameter: operand 1 must be object but got array"),
    ],
)
def test_wrong_options(bench: Bench, function: str, opts: object, text: str) -> None:
    found = bench.call(f"sigstore.verify_{function}", f"{bench.name}@sha256:{'0' * 64}", opts)
    assert found == refused(function, f"opts parameter: {text}")
    assert bench.asked() == []


@pytest.mark.parametrize("more", [{"certificate_identity": "x"}, {"unknown": "x"}, {"rekor_url": 5}])
def test_options_that_change_nothing(bench: Bench, function: str, more: dict[str, Any]) -> None:
    assert bench.call(f"sigstore.verify_{function}", Signed(bench).ref, {**BY_KEY, **more})["success"] is True


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (
            "{name}:v1",
            "a digest must contain exactly one '@' separator (e.g. registry/repository@digest) saw: {name}:v1",
        ),
        ("{name}@sha256:abc", "invalid checksum digest length"),
    ],
)
def test_only_digests_will_do(bench: Bench, function: str, ref: str, text: str) -> None:
    found = bench.call(f"sigstore.verify_{function}", ref.format(name=bench.name), BY_KEY)
    assert found == refused(function, "new digest: " + text.format(name=bench.name))


def test_a_reference_that_is_no_text(bench: Bench, function: str) -> None:
    found = bench.call(f"sigstore.verify_{function}", 5, BY_KEY)
    assert found == refused(function, "ref parameter: operand 0 must be string but got number")


def test_nothing_signed(bench: Bench, function: str) -> None:
    image = publish(Image.of(), bench.repository)
    found = bench.call(f"sigstore.verify_{function}", image.pinned(bench.gate.address), BY_KEY)
    why = {"image": "no signatures found", "attestation": "no matching attestations: "}[function]
    assert found == refused(function, WHAT[function] + why)


def test_another_key(bench: Bench, function: str) -> None:
    opts = {**BY_KEY, "public_key": STRANGER.public_pem}
    (error,) = bench.call(f"sigstore.verify_{function}", Signed(bench).ref, opts)["errors"]
    assert error.startswith(f"{WHAT[function]}no matching {FUNCTIONS[function]}: ")


def test_without_roots_of_trust_nobody_is_known_by_identity(function: str, tmp_path: Path) -> None:
    opts = {"certificate_identity": "a", "certificate_oidc_issuer": "b", "ignore_rekor": True}
    with Bench(environ={"TUF_ROOT": str(tmp_path)}) as bench:
        found = bench.call(f"sigstore.verify_{function}", Signed(bench).ref, opts)
        assert found["success"] is False
        assert "opts parameter: new policy: there is no TUF root" in found["errors"][0]


@pytest.mark.parametrize("ignore", [{}, {"ignore_rekor": "yes"}, {"ignore_rekor": None}])
def test_only_true_leaves_the_log_out(function: str, tmp_path: Path, ignore: dict[str, Any]) -> None:
    (tmp_path / "log.pub").write_text(LOG.public_pem)
    with Bench(environ={"SIGSTORE_REKOR_PUBLIC_KEY": str(tmp_path / "log.pub")}) as bench:
        opts = {"public_key": SIGNER.public_pem, **ignore}
        (error,) = bench.call(f"sigstore.verify_{function}", Signed(bench).ref, opts)["errors"]
        assert "rekor client not provided for online verification" in error


def test_without_a_log_key_no_log_is_trusted(function: str, tmp_path: Path) -> None:
    with Bench(environ={"TUF_ROOT": str(tmp_path)}) as bench:
        found = bench.call(f"sigstore.verify_{function}", Signed(bench).ref, LOGGED)
        assert found["success"] is False
        assert "opts parameter: new policy: there is no TUF root" in found["errors"][0]


def test_the_runs_log_key(function: str, tmp_path: Path) -> None:
    (tmp_path / "log.pub").write_text(LOG.public_pem)
    with Bench(environ={"SIGSTORE_REKOR_PUBLIC_KEY": str(tmp_path / "log.pub")}) as bench:
        signed = Signed(bench, Log(LOG))
        assert bench.call(f"sigstore.verify_{function}", signed.ref, LOGGED)["success"] is True


def test_a_given_log_key_takes_the_place_of_the_runs(function: str, tmp_path: Path) -> None:
    (tmp_path / "log.pub").write_text(LOG.public_pem)
    opts = {**LOGGED, "rekor_public_key": OTHER_LOG.public_pem}
    with Bench(environ={"SIGSTORE_REKOR_PUBLIC_KEY": str(tmp_path / "log.pub")}) as bench:
        (error,) = bench.call(f"sigstore.verify_{function}", Signed(bench, Log(LOG)).ref, opts)["errors"]
        assert error.endswith("verifying bundle: rekor log public key not found for payload")
    for environ in ({}, {"SIGSTORE_REKOR_PUBLIC_KEY": str(tmp_path / "log.pub")}):
        with Bench(environ=environ) as bench:
            assert bench.call(f"sigstore.verify_{function}", Signed(bench, Log(OTHER_LOG)).ref, opts)["success"] is True


def test_the_log_is_asked_at_the_given_address(bench: Bench, function: str) -> None:
    log = Log(LOG)
    with RekorServer(log) as server:
        opts = {**LOGGED, "rekor_public_key": LOG.public_pem, "rekor_url": server.url}
        assert bench.call(f"sigstore.verify_{function}", Signed(bench, log, off=False).ref, opts)["success"] is True
        assert len(server.request_log.requests) == 1


def test_equal_questions_of_all_components_are_answered_once(bench: Bench, function: str) -> None:
    signed = Signed(bench)
    bench.call(f"sigstore.verify_{function}", signed.ref, BY_KEY)
    asked = len(bench.asked())
    assert asked > 0
    context = ComponentContext(bench.shared)
    found = bench.call(f"sigstore.verify_{function}", signed.ref, dict(reversed(BY_KEY.items())), context=context)
    assert found["success"] is True
    assert len(bench.asked()) == asked
    other = bench.call(f"sigstore.verify_{function}", signed.ref, {**BY_KEY, "public_key": STRANGER.public_pem})
    assert other["success"] is False


def test_failed_images_are_remembered_and_failed_attestations_not(bench: Bench, function: str) -> None:
    signed = Signed(bench)
    suffix = {"image": "sig", "attestation": "att"}[function]
    tag = f"sha256-{signed.digest[7:]}.{suffix}"
    bench.gate.add(Answer(403), kind="manifest", reference=tag, nth=1)
    assert bench.call(f"sigstore.verify_{function}", signed.ref, BY_KEY)["success"] is False
    again = bench.call(f"sigstore.verify_{function}", signed.ref, BY_KEY)
    assert again["success"] is (function == "attestation")


def test_the_end_of_the_time_is_no_failed_check(function: str) -> None:
    with Bench(deadline=Deadline(0)) as bench, pytest.raises(TimeoutExceededError):
        bench.call(f"sigstore.verify_{function}", f"{bench.name}@sha256:{'0' * 64}", BY_KEY)
