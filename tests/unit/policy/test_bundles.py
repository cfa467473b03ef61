from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.fixtures.archive import gzip, tar
from refimpl.errors import DeniedError, NotFoundError, PolicyError
from refimpl.oci.client import BLOB_LIMIT
from refimpl.oci.descriptor import Descriptor, Manifest
from refimpl.policy.sources import bundle

if TYPE_CHECKING:
    from pathlib import Path

    from refimpl.oci.client import BlobStream
    from refimpl.oci.reference import Reference, Repository

REGO = b"package main\n"
TITLE = "org.opencontainers.image.title"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Registry:
    """Artifacts by reference; what isn't one of them isn't there."""

    def __init__(self) -> None:
        self.manifests: dict[str, Manifest] = {}
        self.blobs: dict[str, bytes] = {}
        self.failure: Exception | None = None

    def put(self, reference: str, document: dict[str, Any]) -> str:
        raw = json.dumps(document).encode()
        descriptor = Descriptor(document["mediaType"], digest(raw), len(raw))
        self.manifests[reference] = Manifest(descriptor, raw, document)
        return descriptor.digest

    def artifact(self, reference: str, *layers: tuple[dict[str, str], bytes]) -> str:
        entries = []
        for titles, data in layers:
            self.blobs[digest(data)] = data
            entries.append(
                {"mediaType": "text/plain", "digest": digest(data), "size": len(data), "annotations": titles}
            )
        return self.put(reference, {"mediaType": MANIFEST, "layers": entries})

    def manifest(self, ref: Reference) -> Manifest:
        if self.failure:
            raise self.failure
        if str(ref) not in self.manifests:
            raise NotFoundError(f"GET {ref}: MANIFEST_UNKNOWN: gone", 404)
        return self.manifests[str(ref)]

    def blob(self, repository: Repository, descriptor: Descriptor, *, limit: int = BLOB_LIMIT) -> bytes:
        assert str(repository)
        assert descriptor.size <= limit
        return self.blobs[descriptor.digest]

    def head(self, ref: Reference) -> Descriptor:
        return self.manifest(ref).descriptor

    def image(self, ref: Reference) -> Manifest:
        return self.manifest(ref)

    def open_blob(self, repository: Repository, descriptor: Descriptor) -> BlobStream:
        raise AssertionError(f"a bundle is read whole, not streamed: {descriptor.digest} of {repository}")

    def referrers(self, ref: Reference) -> tuple[Descriptor, ...]:
        raise AssertionError(f"nothing that refers to a bundle is asked for: {ref}")


def listing(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    path = tmp_path / "destination"
    path.mkdir()
    return path


def refusal(url: str, destination: Path, registry: Registry) -> str:
    with pytest.raises(PolicyError) as told:
        bundle.fetch(url, destination, registry=registry)
    return str(told.value)


def test_layers_are_stored_by_their_titles(destination: Path) -> None:
    registry = Registry()
    registry.artifact("h:1/p/x:t", ({TITLE: "policy/main.rego"}, REGO), ({}, b"none"), ({TITLE: "d.json"}, b"{}"))
    bundle.fetch("oci::h:1/p/x:t", destination, registry=registry)
    assert listing(destination) == {"policy/main.rego": REGO, "d.json": b"{}"}


@pytest.mark.parametrize(
    ("url", "asked", "pinned"),
    [
        ("oci::h:1/x", "h:1/x:latest", "oci::h:1/x"),
        ("oci://h:1/x:t", "h:1/x:t", "oci::h:1/x:t"),
        ("oci::https://h:1/x:t", "h:1/x:t", "oci::h:1/x:t"),
        ("quay.io/o/x:t", "quay.io/o/x:t", "oci::quay.io/o/x:t"),
        ("oci::localhost:1/x", "127.0.0.1:1/x:latest", "oci::localhost:1/x"),
        ("oci::docker.io/o/x", "index.docker.io/o/x:latest", "oci::docker.io/o/x"),
    ],
)
def test_references_and_their_pinned_form(destination: Path, url: str, asked: str, pinned: str) -> None:
    registry = Registry()
    found = registry.artifact(asked)
    assert bundle.fetch(url, destination, registry=registry) == f"{pinned}@{found}"


def test_a_digest_counts_more_than_a_tag(destination: Path) -> None:
    registry = Registry()
    found = registry.artifact("spare")
    registry.manifests[f"h:1/x@{found}"] = registry.manifests["spare"]
    pinned = bundle.fetch(f"oci::h:1/x:t@{found}", destination, registry=registry)
    assert pinned == f"oci::h:1/x:t@{found}"


def test_the_artifacts_of_an_index_are_all_stored(destination: Path) -> None:
    registry = Registry()
    one = registry.artifact("one", ({TITLE: "one.rego"}, REGO))
    registry.manifests[f"h:1/x@{one}"] = registry.manifests["one"]
    entry = {"mediaType": MANIFEST, "digest": one, "size": 1}
    registry.put("h:1/x:latest", {"mediaType": INDEX, "manifests": [entry]})
    bundle.fetch("oci::h:1/x", destination, registry=registry)
    assert listing(destination) == {"one.rego": REGO}


def test_a_packed_directory_is_unpacked(destination: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo("dir/a.rego")
        member.size = len(REGO)
        archive.addfile(member, io.BytesIO(REGO))
    registry = Registry()
    annotations = {TITLE: "dir", "io.deis.oras.content.unpack": "true"}
    registry.artifact("h:1/x:latest", (annotations, stream.getvalue()))
    bundle.fetch("oci::h:1/x", destination, registry=registry)
    assert listing(destination.parent) == {"destination/dir/a.rego": REGO}
    registry.artifact("h:1/y:latest", (annotations, b"not packed"))
    assert "dir: not a packed directory" in refusal("oci::h:1/y", destination / "dir", registry)


def pack(*names: str) -> bytes:
    return gzip(tar([(name, REGO) for name in names])[0])[0]


def test_a_packed_directory_has_nothing_outside_of_itself(destination: Path) -> None:
    registry = Registry()
    annotations = {TITLE: "dir", "io.deis.oras.content.unpack": "true"}
    for name in ("other/a.rego", "a.rego", "directory/a.rego"):
        registry.artifact("h:1/x:latest", (annotations, pack(name)))
        assert f'"{name}" is outside of "dir"' in refusal("oci::h:1/x", destination, registry)


def test_a_packed_directory_that_names_another_digest(destination: Path) -> None:
    registry = Registry()
    data = pack("dir/a.rego")
    plain = zlib.decompress(data, 31)
    claims = {
        f"sha256:{hashlib.sha256(plain).hexdigest()}": "",
        f"sha512:{hashlib.sha512(plain).hexdigest()}": "",
        "no digest": "",
        f"sha256:{'0' * 64}": "dir: content digest mismatch",
    }
    for number, (digest, error) in enumerate(claims.items()):
        annotations = {
            TITLE: "dir",
            "io.deis.oras.content.unpack": "true",
            "io.deis.oras.content.digest": digest,
        }
        place = destination / str(number)
        place.mkdir()
        registry.artifact("h:1/x:latest", (annotations, data))
        if error:
            assert error in refusal("oci::h:1/x", place, registry)
        else:
            bundle.fetch("oci::h:1/x", place, registry=registry)
            assert listing(place) == {"dir/a.rego": REGO}


def test_a_packed_directory_may_not_write_over_another_layer(destination: Path) -> None:
    registry = Registry()
    annotations = {TITLE: "dir", "io.deis.oras.content.unpack": "true"}
    registry.artifact("h:1/x:latest", ({TITLE: "dir/a.rego"}, b"other"), (annotations, pack("dir/a.rego")))
    assert "dir: duplicate name" in refusal("oci::h:1/x", destination, registry)


def test_one_layer_twice_is_stored_once(destination: Path) -> None:
    registry = Registry()
    annotations = {TITLE: "dir", "io.deis.oras.content.unpack": "true"}
    layers = [({TITLE: "a.rego"}, REGO), ({TITLE: "b.rego"}, REGO), (annotations, pack("dir/a.rego"))]
    registry.artifact("h:1/x:latest", *layers, *layers)
    bundle.fetch("oci::h:1/x", destination, registry=registry)
    assert listing(destination) == {"a.rego": REGO, "b.rego": REGO, "dir/a.rego": REGO}


@pytest.mark.parametrize("title", ["../a.rego", "/a.rego", "x/../../a.rego"])
def test_titles_that_lead_elsewhere_are_refused(destination: Path, title: str) -> None:
    registry = Registry()
    registry.artifact("h:1/x:latest", ({TITLE: title}, REGO))
    assert "path traversal disallowed" in refusal("oci::h:1/x", destination, registry)
    assert listing(destination.parent) == {}


def test_two_layers_may_not_have_the_same_title(destination: Path) -> None:
    registry = Registry()
    registry.artifact("h:1/x:latest", ({TITLE: "a.rego"}, REGO), ({TITLE: "a.rego"}, b"other"))
    assert refusal("oci::h:1/x", destination, registry) == (
        'pulling policy: failed to perform "Push" on destination: a.rego: duplicate name'
    )


def test_a_missing_artifact_is_named_as_it_was_asked_for(destination: Path) -> None:
    prefix = 'pulling policy: failed to perform "FetchReference" on source: '
    registry = Registry()
    assert refusal("oci::localhost:1/nopol", destination, registry) == f"{prefix}127.0.0.1:1/nopol:latest: not found"
    wanted = f"h:1/nopol@sha256:{'0' * 64}"
    assert refusal(f"oci::{wanted}", destination, registry) == f"{prefix}{wanted}: not found"
    registry.failure = DeniedError("GET https://h:1/v2/x/manifests/latest: DENIED: no", 403)
    assert refusal("oci::h:1/x", destination, registry) == f"{prefix}{registry.failure}"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("oci://", "missing registry or repository"),
        ("oci::x", "missing registry or repository"),
        ("127.0.0.1:1", "missing registry or repository"),
        ("oci::/x", 'invalid registry ""'),
        ("user@127.0.0.1:1/x", 'invalid registry "user@127.0.0.1:1"'),
        ("oci::h:1/BAD", 'invalid repository "BAD"'),
        ("oci::h:1/x:!", 'invalid tag "!"'),
        ("oci::h:1/x@sha256:abc", 'invalid digest "sha256:abc": invalid digest: sha256:abc'),
    ],
)
def test_what_is_no_reference_is_told(destination: Path, url: str, problem: str) -> None:
    assert refusal(url, destination, Registry()) == f"failed to parse reference: invalid reference: {problem}"
