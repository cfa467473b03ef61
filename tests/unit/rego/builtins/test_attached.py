from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from calling import Bench

from ec_acceptance.testbed.fixtures.images import Image, Layer, publish
from ec_acceptance.testbed.gate.rules import Answer, SetHeaders
from refimpl.errors import StatusError
from refimpl.rego.builtin import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Iterator

OCI = "application/vnd.oci.image.manifest.v1+json"
NO_DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


def image(bench: Bench, *beside: str) -> str:
    """The digest of an image with something at its tags of these suffixes."""
    content = Image.of([Layer.of({"a": b"b"})])
    for suffix in beside:
        publish(content, bench.repository, f"{content.digest.replace(':', '-')}.{suffix}")
    return publish(content, bench.repository, "v1").digest


def test_tags_beside_an_image_in_their_order(bench: Bench) -> None:
    digest = image(bench, "sbom", "sig")
    expected = [f"{bench.name}:sha256-{digest[7:]}.{suffix}" for suffix in ("sig", "sbom")]
    for ref in (f"{bench.name}@{digest}", f"{bench.name}:v1", f"{bench.name}:wrong@{digest}"):
        assert bench.call("oci.image_tag_refs", ref) == expected


def test_an_image_need_not_be_there_to_have_no_tags(bench: Bench) -> None:
    image(bench)
    assert bench.call("oci.image_tag_refs", f"{bench.name}@{NO_DIGEST}") == []


def test_a_tag_that_cannot_be_looked_up_is_left_out_and_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    digest = image(bench, "sig", "att", "sbom")
    tag = f"sha256-{digest[7:]}.att"
    bench.gate.add(Answer(403), method="HEAD", kind="manifest", reference=tag)
    ref = f"{bench.name}@{digest}"
    assert bench.call("oci.image_tag_refs", ref) == [f"{bench.name}:sha256-{digest[7:]}.{x}" for x in ("sig", "sbom")]
    (record,) = caplog.records
    assert record.getMessage() == "failed to check tag-based attestation artifact"
    fields = {name: str(value) for name, value in record.__dict__["fields"].items()}
    assert fields.pop("error").startswith(f"HEAD {bench.gate.url}/v2/acme/app/manifests/{tag}: unexpected status")
    assert fields == {"function": "ec.oci.image_tag_refs", "input_ref": ref, "tag": f"{bench.name}:{tag}"}


def referrer(bench: Bench, subject: str, **members: Any) -> str:
    config = {"mediaType": "c/t", "digest": bench.blob(b"{}").partition("@")[2], "size": 2}
    about = {"mediaType": OCI, "digest": subject, "size": 9}
    return bench.manifest(
        {"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": [], "subject": about, **members}
    )


def test_referrers_in_the_registrys_order(bench: Bench) -> None:
    digest = image(bench)
    refs = [
        referrer(bench, digest, annotations={"k": "v"}),
        referrer(bench, digest, artifactType="art/x"),
    ]
    for ref in (f"{bench.name}:v1", f"{bench.name}@{digest}"):
        found = bench.call("oci.image_referrers", ref)
        assert [each.pop("ref") for each in found] == refs
        assert all(isinstance(each.pop("size"), int) for each in found)
        assert found == [
            {
                "mediaType": OCI,
                "digest": refs[0].partition("@")[2],
                "artifactType": "c/t",
                "annotations": {"k": "v"},
            },
            {"mediaType": OCI, "digest": refs[1].partition("@")[2], "artifactType": "art/x", "annotations": {}},
        ]


def test_no_referrers(bench: Bench) -> None:
    digest = image(bench)
    assert bench.call("oci.image_referrers", f"{bench.name}@{digest}") == []


def test_a_registry_that_cannot_tell_referrers(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    ref = f"{bench.name}@{image(bench)}"
    bench.gate.add(Answer(403), kind="referrers")
    assert bench.call("oci.image_referrers", ref) is UNDEFINED
    (record,) = caplog.records
    assert record.getMessage() == "failed to get referrers via OCI Referrers API"


@pytest.mark.parametrize("function", ["image_tag_refs", "image_referrers"])
@pytest.mark.parametrize(
    ("ref", "why"), [("::", "unable to parse reference: "), ("{name}:nope", "unable to resolve digest: HEAD ")]
)
def test_references_that_lead_nowhere(
    bench: Bench, caplog: pytest.LogCaptureFixture, function: str, ref: str, why: str
) -> None:
    assert bench.call(f"oci.{function}", ref.format(name=bench.name)) is UNDEFINED
    (record,) = caplog.records
    assert record.getMessage() == "failed to resolve reference"
    assert record.__dict__["fields"]["error"].startswith(why)


def test_a_registry_that_does_not_tell_digests_is_asked_for_the_manifest(bench: Bench) -> None:
    digest = image(bench, "sig")
    bench.gate.add(SetHeaders(drop=("Docker-Content-Digest",)), method="HEAD", kind="manifest", reference="v1")
    assert bench.call("oci.image_tag_refs", f"{bench.name}:v1") == [f"{bench.name}:sha256-{digest[7:]}.sig"]


@pytest.mark.parametrize(
    "function", ["image_tag_refs", "image_referrers", "descriptor", "image_manifest", "image_index"]
)
@pytest.mark.parametrize("status", [429, 500])
def test_a_registry_that_fails_gives_no_value(bench: Bench, function: str, status: int) -> None:
    """Undefined would let a rule pass that might fail."""
    ref = f"{bench.name}@{image(bench)}"
    for method in ("GET", "HEAD"):
        bench.gate.add(Answer(status), method=method)
    with pytest.raises(StatusError, match=str(status)):
        bench.call(f"oci.{function}", ref)
