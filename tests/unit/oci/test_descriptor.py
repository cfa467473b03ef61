from __future__ import annotations

from typing import Any

import pytest

from refimpl.oci.descriptor import Descriptor, Manifest, Platform, check_digest
from refimpl.oci.errors import MalformedError

DIGEST = "sha256:" + "a" * 64
PLAIN = {"mediaType": "m", "digest": DIGEST, "size": 3}


def test_all_members() -> None:
    found = Descriptor.from_json(
        {
            **PLAIN,
            "annotations": {"a": "b"},
            "urls": ["http://x"],
            "data": "e30=",
            "artifactType": "t",
            "platform": {
                "architecture": "amd64",
                "os": "linux",
                "os.version": "1",
                "os.features": ["f"],
                "variant": "v",
            },
            "unknown": 1,
        }
    )
    platform = Platform("amd64", "linux", "1", ("f",), "v")
    assert found == Descriptor("m", DIGEST, 3, {"a": "b"}, ("http://x",), b"{}", "t", platform)


@pytest.mark.parametrize(
    "change",
    [
        {"digest": None},
        {"digest": 5},
        {"digest": "sha256:short"},
        {"digest": DIGEST.upper()},
        {"digest": f"md5:{'0' * 32}"},
        {"digest": f"sha256:../{'a' * 61}"},
        {"size": -1},
        {"size": "3"},
        {"size": True},
        {"size": 1.5},
        {"annotations": []},
        {"annotations": {"a": 1}},
        {"urls": "x"},
        {"data": "*"},
        {"platform": []},
        {"platform": {"os": 1}},
        {"mediaType": 1},
    ],
    ids=str,
)
def test_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Descriptor.from_json({**PLAIN, **change})


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_no_object(value: object) -> None:
    with pytest.raises(MalformedError):
        Descriptor.from_json(value)


@pytest.mark.parametrize(("algorithm", "length"), [("sha256", 64), ("sha384", 96), ("sha512", 128)])
def test_algorithms(algorithm: str, length: int) -> None:
    text = f"{algorithm}:{'0' * length}"
    assert check_digest(text) == text
    with pytest.raises(MalformedError, match="invalid digest"):
        check_digest(text + "0")


def manifest(document: dict[str, Any], media_type: str = "") -> Manifest:
    return Manifest(Descriptor(media_type, DIGEST, 0), b"", document)


def test_manifest_members() -> None:
    found = manifest({"mediaType": "x", "config": PLAIN, "layers": [PLAIN], "annotations": {"k": "v"}})
    assert found.config == found.layers[0]
    assert (found.media_type, found.is_index, found.annotations, found.subject) == ("x", False, {"k": "v"}, None)
    assert found.manifests == ()


@pytest.mark.parametrize(
    "media_type",
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"],
)
def test_indexes(media_type: str) -> None:
    assert manifest({"mediaType": media_type}).is_index
    assert manifest({}, media_type).is_index


@pytest.mark.parametrize("document", [{"layers": {}}, {"layers": [1]}, {"layers": [{}]}])
def test_manifest_refused_where_it_is_read(document: dict[str, Any]) -> None:
    found = manifest(document)
    with pytest.raises(MalformedError):
        _ = found.layers
