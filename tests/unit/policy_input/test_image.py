from __future__ import annotations

import json
import logging
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.fixtures.images import OLM_LABEL, Image, Index, Layer, publish
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.rules import Answer, FlipBit, Reset, Stall
from ec_acceptance.testbed.registry.digests import digest_of
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from refimpl.deadline import Deadline
from refimpl.errors import (
    DigestMismatchError,
    LimitExceededError,
    MalformedError,
    NotFoundError,
    RegistryError,
    TimeoutExceededError,
    TransferError,
    UnreadableLayersError,
)
from refimpl.http.retry import Retry
from refimpl.layers import Layers
from refimpl.oci.client import Client
from refimpl.oci.descriptor import Descriptor, Manifest
from refimpl.oci.reference import parse
from refimpl.policy_input.image import BASE_DIGEST, BASE_NAME, ImageDetails, image_details

if TYPE_CHECKING:
    from collections.abc import Iterator

BUNDLE = {OLM_LABEL: "manifests/"}
LAYER = Layer.of({"manifests/a.json": b'{"a": 2.50}', "manifests/bad.yaml": b"{nope: ["})
QUICK = Retry(max_wait=0.01, max_retry=1, duration=0.001)


@pytest.fixture
def gate() -> Iterator[Gate]:
    with closing(Gate(EmbeddedRegistry())) as made:
        yield made


def details(gate: Gate, content: Image | Index, *, seconds: float = 20.0) -> ImageDetails:
    published = publish(content, gate.repository("acme/app"), None)
    deadline = Deadline(seconds)
    with closing(Client(deadline=deadline, retry=QUICK, environ={})) as client:
        return image_details(client, Layers(client, None, deadline=deadline), parse(published.pinned(gate.address)))


def replace_with(image: Image, config: bytes) -> Image:
    """The image with another configuration."""
    entry = {"mediaType": "", "digest": digest_of(config), "size": len(config)}
    manifest = json.dumps({**json.loads(image.manifest), "config": entry}).encode()
    return replace(image, config=config, manifest=manifest, digest=digest_of(manifest), config_digest=digest_of(config))


def test_known_members_in_their_order(gate: Gate) -> None:
    config = {
        "Shell": ["s"],
        "Env": ["A=B", None],
        "cmd": ["c"],
        "Foo": 1,
        "User": "",
        "Tty": False,
        "StdinOnce": True,
        "Volumes": {"/b": {}, "/a": {}},
        "ExposedPorts": {},
        "Healthcheck": {"Test": ["t"], "Interval": 5, "Retries": 0},
    }
    found = details(gate, Image.of(labels={"z": "1", "a": "2"}, config=config)).config
    assert json.dumps(found) == json.dumps(
        {
            "Cmd": ["c"],
            "Healthcheck": {"Test": ["t"], "Interval": 5},
            "Env": ["A=B", ""],
            "Labels": {"a": "2", "z": "1"},
            "StdinOnce": True,
            "Volumes": {"/a": {}, "/b": {}},
            "Shell": ["s"],
        }
    )


def test_an_empty_config_is_there(gate: Gate) -> None:
    assert details(gate, Image.of()) == ImageDetails(config={})


@pytest.mark.parametrize(
    "config",
    [
        {"Env": "x"},
        {"Env": [1]},
        {"Tty": "yes"},
        {"User": 5},
        {"Volumes": []},
        {"Labels": {"a": 1}},
        {"Healthcheck": 1},
    ],
    ids=str,
)
def test_a_config_of_the_wrong_types_is_none(gate: Gate, config: dict[str, Any]) -> None:
    assert details(gate, Image.of(config=config)).config is None


@pytest.mark.parametrize(
    "member",
    [
        {"created": ""},
        {"created": "2020-02-30T00:00:00Z"},
        {"architecture": 5},
        {"history": [{"empty_layer": "true"}]},
        {"history": {}},
        {"rootfs": {"type": "layers", "diff_ids": ["x"]}},
        {"rootfs": {"diff_ids": [None]}},
        {"os.features": "x"},
        {"CREATED": 5},
    ],
    ids=str,
)
def test_a_configuration_with_one_wrong_type_is_none(gate: Gate, member: dict[str, Any]) -> None:
    def find(labels: dict[str, str]) -> ImageDetails:
        image = Image.of([LAYER], labels=labels)
        return details(gate, replace_with(image, json.dumps({**json.loads(image.config), **member}).encode()))

    assert find({"other": "label"}) == ImageDetails()
    with pytest.raises(UnreadableLayersError, match="it can't be told which files the image has"):
        find(BUNDLE)


@pytest.mark.parametrize("digest", [f"md5:{'0' * 32}", "sha256:../../escaped", "", None, 5])
def test_a_layer_that_nobody_can_verify_is_an_error(digest: object) -> None:
    image = Image.of([LAYER], labels=BUNDLE)
    manifest = json.loads(image.manifest)
    manifest["layers"][0]["digest"] = digest
    with pytest.raises(UnreadableLayersError, match="invalid layer"):
        Manifest.read(Descriptor(image.media_type, image.digest, 0), json.dumps(manifest).encode())


def test_a_large_configuration(gate: Gate) -> None:
    labels = {"large": "x" * 5_000_000}
    assert details(gate, Image.of(labels=labels)).config == {"Labels": labels}


def test_a_configuration_of_too_many_values(gate: Gate) -> None:
    config = b'{"config": {}, "history": [' + b"{}," * 1_000_001 + b"{}]}"
    with pytest.raises(LimitExceededError):
        details(gate, replace_with(Image.of(), config))


def test_text_that_is_no_unicode(gate: Gate) -> None:
    found = details(
        gate, replace_with(Image.of(), b'{"config": {"User": "\\ud800\xff", "Labels": {"\\udc00": ""}}}')
    ).config
    assert found == {"User": "\ufffd\ufffd", "Labels": {"\ufffd": ""}}


BASE = Image.of(labels={"base": "1"}, config={"Env": ["A=B"]})


def with_base(gate: Gate, **annotations: str) -> ImageDetails:
    publish(BASE, gate.repository("base"), "v1")
    names = {"name": BASE_NAME, "digest": BASE_DIGEST}
    return details(gate, Image.of(annotations={names[key]: value for key, value in annotations.items()}))


def test_parent(gate: Gate) -> None:
    expected = {"Env": ["A=B"], "Labels": {"base": "1"}}
    name = f"{gate.address}/base:v1"
    pinned = f"{name}@{BASE.digest}"
    assert with_base(gate, name=name, digest=BASE.digest).parent == {"ref": pinned, "config": expected}
    assert with_base(gate, name=pinned, digest="ignored").parent == {"ref": pinned, "config": expected}


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ({}, f"unable to determine parent image, make sure {BASE_NAME} annotation is set"),
        ({"name": "localhost:1/x"}, f"unable to determine parent image, make sure {BASE_DIGEST} annotation is set"),
        ({"name": "BAD", "digest": BASE.digest}, "unable to parse parent image ref: could not parse reference: BAD@"),
        ({"name": "x/y", "digest": "sha256:1"}, "unable to parse parent image ref: could not parse reference: x/y@sha"),
    ],
    ids=str,
)
def test_no_parent(gate: Gate, caplog: pytest.LogCaptureFixture, annotations: dict[str, str], said: str) -> None:
    caplog.set_level(logging.DEBUG)
    assert with_base(gate, **annotations).parent is None
    assert f"Unable to fetch parent's image config: {said}" in caplog.text


def test_a_parent_that_is_gone_has_no_config(gate: Gate) -> None:
    name = f"{gate.address}/gone:v1"
    assert with_base(gate, name=name, digest=BASE.digest).parent == {"ref": f"{name}@{BASE.digest}"}


def test_files(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert details(gate, Image.of([LAYER], labels=BUNDLE)).files == {"manifests/a.json": {"a": 2.5}}
    assert "unable to read the layer content of `manifests/bad.yaml` as JSON or YAML, ignoring (yaml: " in caplog.text


def test_no_label_no_layers(gate: Gate) -> None:
    assert details(gate, Image.of([LAYER])).files is None
    assert not gate.log.requests(method="GET", reference=LAYER.digest)


def test_no_matching_file_is_none(gate: Gate) -> None:
    assert details(gate, Image.of([LAYER], labels={OLM_LABEL: "elsewhere"})).files is None


def test_an_index_stands_for_its_linux_amd64_image(gate: Gate) -> None:
    image = Image.of([LAYER], labels=BUNDLE)
    arm = Image.of([], labels={"arm": "1"}, platform=("linux", "arm64"))
    assert details(gate, Index.of([arm, image])) == details(gate, image)
    assert details(gate, Index.of([arm])) == ImageDetails()


def test_what_is_no_image_has_no_files(gate: Gate) -> None:
    assert details(gate, Image.of(extra={"config": None})) == ImageDetails()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Answer(404), NotFoundError),
        (Answer(500), RegistryError),
        (Reset(), TransferError),
        (FlipBit(at=9), DigestMismatchError),
    ],
    ids=repr,
)
@pytest.mark.parametrize("what", ["manifest", "config", "layer"])
def test_unknown_files_are_an_error(gate: Gate, what: str, fault: Any, kind: type[Exception]) -> None:
    image = Image.of([LAYER], labels=BUNDLE)
    reference = {"manifest": image.digest, "config": image.config_digest, "layer": LAYER.digest}[what]
    gate.add(fault, reference=reference)
    with pytest.raises(kind):
        details(gate, image)


def test_without_a_label_a_config_that_is_gone_is_an_error_too(gate: Gate) -> None:
    image = Image.of()
    gate.add(Answer(404), reference=image.config_digest)
    with pytest.raises(NotFoundError):
        details(gate, image)


@pytest.mark.parametrize(
    ("layer", "kind", "cause"),
    [
        (Layer.of({"manifests/a.json": b" " * (17 << 20)}, level=9), LimitExceededError, "file manifests/a.json has"),
        (b"no archive " * 100, MalformedError, "archive/tar"),
        (b"\x1f\x8brubbish", MalformedError, "gzip"),
    ],
    ids=["a large file", "no archive", "bad gzip"],
)
def test_unreadable_layers_are_an_error(gate: Gate, layer: Any, kind: type[Exception], cause: str) -> None:
    if isinstance(layer, bytes):
        import hashlib

        digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
        layer = Layer("application/vnd.oci.image.layer.v1.tar+gzip", digest, len(layer), digest, layer)
    with pytest.raises(kind, match=f"^layer {layer.digest}: {cause}"):
        details(gate, Image.of([layer], labels=BUNDLE))


def test_the_deadline_is_no_missing_detail(gate: Gate) -> None:
    image = Image.of([LAYER], labels=BUNDLE)
    gate.add(Stall(at=1), reference=image.config_digest)
    with pytest.raises(TimeoutExceededError):
        details(gate, image, seconds=0.5)


def content_of(gate: Gate, config: str, *, layers: str = "layers") -> ImageDetails:
    """The details of an image whose configuration is this text, and whose manifest names its layers so."""
    repository = gate.repository("acme/app")
    image = Image.of([LAYER])
    publish(image, repository, None)
    data = config.encode()
    digest = repository.put_blob(data)
    manifest = json.dumps(
        {"schemaVersion": 2, "Config": {"Digest": digest, "SIZE": len(data)}, layers: [LAYER.descriptor()]}
    ).encode()
    pushed = repository.put_manifest(manifest, "application/vnd.oci.image.manifest.v1+json")
    deadline = Deadline(20.0)
    with closing(Client(deadline=deadline, retry=QUICK, environ={})) as client:
        ref = parse(f"{gate.address}/acme/app@{pushed}")
        return image_details(client, Layers(client, None, deadline=deadline), ref)


LABELS = json.dumps(BUNDLE)


@pytest.mark.parametrize(
    "config",
    [
        f'{{"CONFIG": {{"LABELS": {LABELS}}}}}',
        f'{{"config": {{"Labels": {LABELS}}}, "Config": {{"Labels": {{}}}}}}',
        f'{{"config": {{"labels": {LABELS}, "labels": {{"a": "b"}}}}}}',
        f'{{"config": {{"Label\u017f": {LABELS}}}}}',
    ],
)
@pytest.mark.parametrize("layers", ["layers", "LAYERS"])
def test_members_in_any_case_hide_nothing(gate: Gate, config: str, layers: str) -> None:
    found = content_of(gate, config, layers=layers)
    assert found.files == {"manifests/a.json": {"a": 2.5}}
    assert found.config is not None
    assert found.config["Labels"][OLM_LABEL] == "manifests/"


def test_a_label_that_is_null_is_an_empty_one(gate: Gate) -> None:
    root = Layer.of({"a.json": b"1"})
    found = details(gate, Image.of([root], config={"Labels": {OLM_LABEL: None}}))
    assert found.files == {"a.json": 1}
