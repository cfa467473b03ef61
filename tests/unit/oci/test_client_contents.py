"""Contents that the client verifies: digests, sizes, limits, indexes, data in descriptors."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from registries import CONFIG, IMAGE, LAYER, Connect, ref_at

from ec_acceptance.testbed.fixtures.images import Image, Index, publish
from ec_acceptance.testbed.gate.rules import Answer, FlipBit, Replace, SetHeaders
from refimpl.errors import (
    DigestMismatchError,
    LimitExceededError,
    MalformedError,
    MissingChildError,
    NoPlatformError,
    SizeMismatchError,
)
from refimpl.oci.client import MANIFEST_LIMIT
from refimpl.oci.descriptor import Descriptor
from refimpl.oci.reference import Reference, parse
from refimpl.record import replace

if TYPE_CHECKING:
    from ec_acceptance.testbed.gate.gate import Gate


def test_wrong_bytes(gate: Gate, client_of: Connect) -> None:
    ref = ref_at(gate.address)
    gate.add(FlipBit(at=20), kind="manifest", reference=IMAGE.digest)
    gate.add(FlipBit(at=20), kind="blob")
    client = client_of()
    with pytest.raises(DigestMismatchError, match="does not match requested digest"):
        client.manifest(ref.at(IMAGE.digest))
    with pytest.raises(DigestMismatchError, match="error verifying sha256 checksum"):
        client.blob(ref.repository, CONFIG)


def test_the_digest_that_a_registry_gives_with_a_tag_is_not_believed(gate: Gate, client_of: Connect) -> None:
    gate.add(SetHeaders((("Docker-Content-Digest", f"sha256:{'1' * 64}"),)), kind="manifest", method="GET")
    assert client_of().manifest(ref_at(gate.address)).digest == IMAGE.digest


@pytest.mark.parametrize(("change", "kind"), [(-1, SizeMismatchError), (1, SizeMismatchError)])
def test_wrong_sizes(gate: Gate, client_of: Connect, change: int, kind: type[Exception]) -> None:
    ref = ref_at(gate.address)
    client = client_of()
    wrong = Descriptor("", CONFIG.digest, CONFIG.size + change)
    with pytest.raises(kind):
        client.blob(ref.repository, wrong)
    client.blob(ref.repository, CONFIG)
    with pytest.raises(kind):
        client.blob(ref.repository, wrong)


def test_limits(gate: Gate, client_of: Connect) -> None:
    ref = ref_at(gate.address)
    client = client_of()
    with pytest.raises(LimitExceededError):
        client.blob(ref.repository, CONFIG, limit=CONFIG.size - 1)
    gate.add(Replace(b" " * (MANIFEST_LIMIT + 1)), kind="manifest")
    with pytest.raises(LimitExceededError):
        client.manifest(ref)


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"{", b"[" * 100_000, b"\xff"])
def test_no_manifest(gate: Gate, client_of: Connect, body: bytes) -> None:
    gate.add(Replace(body), kind="manifest")
    gate.add(SetHeaders(drop=("Docker-Content-Digest",)), kind="manifest")
    with pytest.raises(MalformedError):
        client_of().manifest(ref_at(gate.address))


@pytest.mark.parametrize("name", ["Content-Type", "Docker-Content-Digest"])
def test_head_needs_its_fields(gate: Gate, client_of: Connect, name: str) -> None:
    gate.add(SetHeaders(drop=(name,)), kind="manifest", method="HEAD")
    with pytest.raises(MalformedError, match=f"did not include {name} header"):
        client_of().head(ref_at(gate.address))


def test_head_that_lies(gate: Gate, client_of: Connect) -> None:
    gate.add(SetHeaders((("Docker-Content-Digest", f"sha256:{'0' * 64}"),)), kind="manifest", method="HEAD")
    with pytest.raises(DigestMismatchError):
        client_of().head(ref_at(gate.address, f"@{IMAGE.digest}"))


def test_children_of_indexes(gate: Gate, client_of: Connect) -> None:
    arm = Image.of([LAYER], platform=("linux", "arm64"))
    repository = gate.repository("acme/app")
    both = publish(Index.of([arm, IMAGE]), repository, "both")
    one = publish(Index.of([arm]), repository, "one")
    client = client_of()
    assert client.manifest(parse(both.tagged(gate.address))).is_index
    assert client.image(parse(both.pinned(gate.address))).digest == IMAGE.digest
    with pytest.raises(NoPlatformError, match=r"no child with platform linux/amd64 in index 127.0.0.1:\d+/acme/app@"):
        client.image(parse(one.pinned(gate.address)))


def test_a_child_without_a_platform_is_taken_and_indexes_may_be_nested(gate: Gate, client_of: Connect) -> None:
    repository = gate.repository("acme/app")
    amd64 = {"os": "linux", "architecture": "amd64"}
    media_type = "application/vnd.oci.image.index.v1+json"

    def put(*entries: dict[str, Any]) -> Descriptor:
        body = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).encode()
        return Descriptor(media_type, repository.put_manifest(body, media_type), len(body))

    inner = put(IMAGE.descriptor())
    outer = put({"mediaType": media_type, "digest": inner.digest, "size": inner.size, "platform": amd64})
    wrong = put({"mediaType": media_type, "digest": inner.digest, "size": inner.size + 1, "platform": amd64})
    client = client_of()
    ref = ref_at(gate.address)
    assert client.image(ref.at(outer.digest)).digest == IMAGE.digest
    with pytest.raises(SizeMismatchError, match="its index says"):
        client.image(ref.at(wrong.digest))


def test_a_sparse_index(gate: Gate, client_of: Connect) -> None:
    index = publish(Index.of([IMAGE]), gate.repository("acme/app"), "sparse")
    gate.add(Answer(404), kind="manifest", reference=IMAGE.digest)
    with pytest.raises(MissingChildError):
        client_of().image(parse(index.pinned(gate.address)))


def test_content_in_the_descriptor_is_verified_and_not_fetched(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(404))
    client, repository = client_of(), ref_at(gate.address).repository
    inline = replace(CONFIG, data=IMAGE.config)
    assert client.blob(repository, inline) == IMAGE.config
    with client.open_blob(repository, inline) as stream:
        assert stream.read(len(IMAGE.config) + 1) == IMAGE.config
    for data, kind in ((b"", SizeMismatchError), (b"x" * CONFIG.size, DigestMismatchError)):
        with pytest.raises(kind):
            client.blob(repository, replace(CONFIG, data=data))


def test_a_child_in_its_index(gate: Gate, client_of: Connect) -> None:
    media_type = "application/vnd.oci.image.index.v1+json"

    def put(data: bytes) -> Reference:
        entry = {**IMAGE.descriptor(), "data": base64.b64encode(data).decode()}
        body = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": [entry]}).encode()
        return ref_at(gate.address).at(gate.repository("acme/app").put_manifest(body, media_type))

    client = client_of()
    assert client.image(put(IMAGE.manifest)).digest == IMAGE.digest
    assert not gate.log.requests(reference=IMAGE.digest)
    with pytest.raises(DigestMismatchError):
        client.image(put(IMAGE.manifest[:-1] + b" "))
