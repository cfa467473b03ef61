from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from calling import Bench

from ec_acceptance.testbed.fixtures.images import Image, Index, Layer, publish
from ec_acceptance.testbed.gate.rules import Answer
from refimpl.errors import StatusError
from refimpl.rego.builtin import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Iterator

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
NOTHING = {"annotations": {}, "artifactType": "", "data": "", "digest": ":", "mediaType": "", "size": 0, "urls": []}
NO_DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


@pytest.fixture
def config(bench: Bench) -> dict[str, Any]:
    return {"mediaType": CONFIG, "digest": bench.blob(b"{}").partition("@")[2], "size": 2}


def digest(ref: str) -> str:
    return ref.partition("@")[2]


def test_a_descriptor_comes_from_the_headers(bench: Bench, config: dict[str, Any]) -> None:
    document = {"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": [], "annotations": {"a": "b"}}
    ref = bench.manifest(document, tag="v1")
    expected = {**NOTHING, "digest": digest(ref), "mediaType": OCI, "size": len(json.dumps(document))}
    for given in (ref, f"{bench.name}:v1", f"{bench.name}:wrong@{digest(ref)}"):
        assert bench.call("oci.descriptor", given) == expected
    assert bench.asked() == []


def test_no_tag_is_latest(bench: Bench, config: dict[str, Any]) -> None:
    ref = bench.manifest({"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": []}, tag="latest")
    assert bench.call("oci.descriptor", bench.name)["digest"] == digest(ref)


def test_every_member_of_a_manifest(bench: Bench, config: dict[str, Any]) -> None:
    platform = {
        "architecture": "arm64",
        "os": "linux",
        "os.version": "1",
        "os.features": ["x"],
        "variant": "v8",
        "features": ["f"],
    }
    rich = {
        **config,
        "platform": platform,
        "data": "e30=",
        "urls": ["u"],
        "annotations": {"a": "b"},
        "artifactType": "t",
    }
    plain = {"mediaType": LAYER, "digest": config["digest"], "size": 7}
    subject = {"mediaType": OCI, "digest": "sha256:" + "1" * 64, "size": 3}
    ref = bench.manifest(
        {
            "schemaVersion": 2,
            "mediaType": OCI,
            "artifactType": "not/shown",
            "config": rich,
            "layers": [plain, {**plain, "platform": {}, "data": "//4="}],
            "subject": subject,
            "annotations": {"x": "y"},
        }
    )
    empty_platform = {
        "architecture": "",
        "features": [],
        "os": "",
        "os.features": [],
        "os.version": "",
        "variant": "",
    }
    assert bench.call("oci.image_manifest", ref) == {
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": {**rich, "data": "{}"},
        "layers": [{**NOTHING, **plain}, {**NOTHING, **plain, "platform": empty_platform, "data": "\ufffd\ufffd"}],
        "subject": {**NOTHING, **subject},
        "annotations": {"x": "y"},
    }


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, {}),
        ({"mediaType": ...}, {"mediaType": ""}),
        ({"layers": None, "annotations": None, "subject": None}, {}),
        ({"schemaVersion": None}, {"schemaVersion": 0}),
        ({"config": ...}, {"config": NOTHING}),
    ],
)
def test_missing_members_are_empty(
    bench: Bench, config: dict[str, Any], members: dict[str, Any], expected: dict[str, Any]
) -> None:
    document = {"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": []} | members
    ref = bench.manifest({name: value for name, value in document.items() if value is not ...})
    whole = {"schemaVersion": 2, "mediaType": OCI, "config": {**NOTHING, **config}, "layers": [], "annotations": {}}
    assert bench.call("oci.image_manifest", ref) == whole | expected


@pytest.mark.parametrize(
    "members", [{"schemaVersion": "2"}, {"annotations": []}, {"config": 5}, {"mediaType": 5}, {"layers": [{}]}]
)
def test_members_of_a_wrong_type(
    bench: Bench, config: dict[str, Any], caplog: pytest.LogCaptureFixture, members: dict[str, Any]
) -> None:
    document = {"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": []} | members
    body = json.dumps(document).encode()
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    headers = (("Content-Type", OCI), ("Docker-Content-Digest", digest))
    bench.gate.add(Answer(200, headers, body), kind="manifest", reference=digest)
    assert bench.call("oci.image_manifest", f"{bench.name}@{digest}") is UNDEFINED
    assert [record.getMessage() for record in caplog.records] == ["failed to fetch manifest"]


def test_an_index_stands_for_its_linux_amd64_image(bench: Bench) -> None:
    images = [
        Image.of([Layer.of({"a": b"arm"})], platform=("linux", "arm64")),
        Image.of([Layer.of({"a": b"amd"})], platform=("linux", "amd64")),
    ]
    index = publish(Index.of(images), bench.repository)
    found = bench.call("oci.image_manifest", index.pinned(bench.gate.address))
    assert [layer["digest"] for layer in found["layers"]] == [images[1].layers[0].digest]
    alone = publish(Index.of(images[:1]), bench.repository)
    assert bench.call("oci.image_manifest", alone.pinned(bench.gate.address)) is UNDEFINED


def test_an_index(bench: Bench) -> None:
    image = Image.of([Layer.of({"a": b"b"})])
    index = publish(Index.of([image], annotations={"n": "m"}), bench.repository, "v1")
    platform = {
        "architecture": "amd64",
        "features": [],
        "os": "linux",
        "os.features": [],
        "os.version": "",
        "variant": "",
    }
    entry = {
        **NOTHING,
        "digest": image.digest,
        "mediaType": OCI,
        "size": len(image.manifest),
        "platform": platform,
    }
    expected = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry], "annotations": {"n": "m"}}
    assert bench.call("oci.image_index", index.pinned(bench.gate.address)) == expected
    assert bench.call("oci.image_index", index.tagged(bench.gate.address)) == expected
    assert bench.call("oci.descriptor", index.pinned(bench.gate.address))["mediaType"] == INDEX


def test_an_image_is_no_index(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    image = publish(Image.of(), bench.repository)
    assert bench.call("oci.image_index", image.pinned(bench.gate.address)) is UNDEFINED
    (record,) = caplog.records
    assert record.getMessage() == "failed to fetch image index"
    assert str(record.__dict__["fields"]["error"]) == (
        f"fetching index: unexpected media type for ImageIndex(): {OCI}; call Image() instead"
    )


def test_several_manifests(bench: Bench, config: dict[str, Any]) -> None:
    refs = [
        bench.manifest({"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": [], "annotations": {"n": n}})
        for n in "ab"
    ]
    missing = f"{bench.name}@{NO_DIGEST}"
    found = bench.call("oci.image_manifests", [refs[0], missing, "::", refs[1]])
    assert list(found) == refs
    assert [manifest["annotations"]["n"] for manifest in found.values()] == ["a", "b"]
    assert found[refs[0]] == bench.call("oci.image_manifest", refs[0])
    assert bench.call("oci.image_manifests", []) == {}
    assert bench.call("oci.image_manifests", [5, refs[0]]) is UNDEFINED


@pytest.mark.parametrize("function", ["descriptor", "image_manifest", "image_index"])
@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("::", "unable to parse reference: "),
        ("Foo@sha256:abc", "unable to parse reference: "),
        ("{name}:nope", "unable to resolve digest: "),
    ],
)
def test_references_that_lead_nowhere(
    bench: Bench, caplog: pytest.LogCaptureFixture, function: str, ref: str, message: str
) -> None:
    ref = ref.format(name=bench.name)
    assert bench.call(f"oci.{function}", ref) is UNDEFINED
    (record,) = caplog.records
    assert record.getMessage().startswith(message)
    expected = {"action": "resolveIfNeeded", "function": f"ec.oci.{function}", "input_ref": ref}
    assert record.__dict__["fields"] == expected


@pytest.mark.parametrize(
    ("function", "action"),
    [("descriptor", "fetch head"), ("image_manifest", "fetch image"), ("image_index", "fetch image index")],
)
def test_a_digest_that_is_not_there(bench: Bench, caplog: pytest.LogCaptureFixture, function: str, action: str) -> None:
    ref = f"{bench.name}@{NO_DIGEST}"
    assert bench.call(f"oci.{function}", ref) is UNDEFINED
    (record,) = caplog.records
    fields = record.__dict__["fields"]
    assert (fields["action"], fields["function"], fields["input_ref"]) == (action, f"ec.oci.{function}", ref)


def test_all_functions_share_one_request(bench: Bench) -> None:
    ref = publish(Image.of([Layer.of({"a": b"b"})]), bench.repository).pinned(bench.gate.address)
    for _ in range(2):
        bench.call("oci.image_manifest", ref)
        bench.call("oci.image_manifests", [ref])
        bench.call("oci.image_index", ref)
        bench.call("oci.descriptor", ref)
    assert len(bench.asked(method="GET")) == 1
    assert bench.asked(method="HEAD") == []


def test_a_tag_is_asked_for_once(bench: Bench) -> None:
    ref = publish(Image.of([Layer.of({"a": b"b"})]), bench.repository, "v1").tagged(bench.gate.address)
    for _ in range(2):
        bench.call("oci.image_manifest", ref)
        bench.call("oci.image_index", ref)
    assert bench.asked() == ["manifest v1"]


def test_failures_are_not_remembered(bench: Bench) -> None:
    ref = publish(Image.of(), bench.repository).pinned(bench.gate.address)
    bench.gate.add(Answer(503), kind="manifest", nth=1)
    with pytest.raises(StatusError, match="503"):
        bench.call("oci.image_manifest", ref)
    assert bench.call("oci.image_manifest", ref) is not UNDEFINED
