from __future__ import annotations

from typing import Any

import pytest

from refimpl.errors import MalformedError, RegistryError, SizeMismatchError
from refimpl.golang.members import canonicalise
from refimpl.oci.descriptor import MANIFEST, Descriptor, Manifest, Platform, check_digest

DIGEST = "sha256:" + "a" * 64
PLAIN = {"mediaType": "m", "digest": DIGEST, "size": 3}


def described(value: Any) -> Descriptor:
    return Descriptor.from_json(canonicalise({"config": value}, MANIFEST).get("config"))


def test_all_members() -> None:
    found = described(
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
        {"size": "3"},
        {"size": True},
        {"size": 1.5},
        {"annotations": []},
        {"annotations": {"a": 1}},
        {"urls": "x"},
        {"platform": []},
        {"platform": {"os": 1}},
        {"mediaType": 1},
    ],
    ids=str,
)
def test_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        described({**PLAIN, **change})


def test_nothing_has_a_negative_size() -> None:
    with pytest.raises(SizeMismatchError):
        described({**PLAIN, "size": -1})


@pytest.mark.parametrize(
    ("data", "content"), [("e30=", b"{}"), ("e3\n0=\r\n", b"{}"), ("", b""), ([1, None, 255], b"\1\0\xff")]
)
def test_content_in_the_descriptor(data: Any, content: bytes) -> None:
    assert described({**PLAIN, "data": data}).data == content


@pytest.mark.parametrize("data", [[256], [-1], ["a"], [[]], {}, 5, "e30", "e3-_"])
def test_what_is_no_content(data: Any) -> None:
    with pytest.raises(MalformedError):
        described({**PLAIN, "data": data})


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_no_object(value: object) -> None:
    with pytest.raises(MalformedError):
        described(value)


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


@pytest.mark.parametrize("text", ["[]", "null", "{", '{"layers": {}}', '{"layers": [1]}', '{"annotations": {"a": 1}}'])
def test_no_manifest(text: str) -> None:
    with pytest.raises(MalformedError):
        Manifest.read(Descriptor("", DIGEST, 0), text.encode())


def test_a_descriptor_that_names_nothing_is_refused_where_it_is_read() -> None:
    found = manifest({"layers": [{}]})
    with pytest.raises(MalformedError):
        _ = found.layers


@pytest.mark.parametrize("entry", [None, {}, {"size": 5}])
def test_an_index_with_an_entry_that_names_nothing_is_no_malformed_image(entry: object) -> None:
    with pytest.raises(RegistryError) as caught:
        _ = manifest({"manifests": [PLAIN, entry]}).manifests
    assert not isinstance(caught.value, MalformedError)


def test_members_of_the_other_kind_are_none() -> None:
    text = b'{"layers": 5, "config": 5, "manifests": [{"digest": "' + DIGEST.encode() + b'"}]}'
    index = Manifest.read(Descriptor("application/vnd.oci.image.index.v1+json", DIGEST, 0), text)
    assert (len(index.manifests), index.layers) == (1, ())
    image = Manifest.read(Descriptor("application/vnd.oci.image.manifest.v1+json", DIGEST, 0), b'{"manifests": 5}')
    assert image.manifests == ()
    for other in ("", "text/plain"):
        with pytest.raises(MalformedError):
            Manifest.read(Descriptor(other, DIGEST, 0), b'{"manifests": 5}')


@pytest.mark.parametrize("name", ["application/vnd.oci.image.index.v1+json", ""])
def test_the_media_type_says_whether_it_is_an_index(name: str) -> None:
    text = b'{"mediaType": "application/vnd.oci.image.index.v1+json", "layers": 5}'
    assert Manifest.read(Descriptor(name, DIGEST, 0), text).is_index


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}', True),
        (b'{"mediaType": "application/vnd.oci.image.manifest.v1+json", "manifests": []}', False),
        (b'{"manifests": [{"digest": "%s"}]}' % DIGEST.encode(), True),
        (b'{"manifests": [], "layers": []}', False),
        (b"{}", False),
    ],
)
def test_the_document_says_what_the_registry_calls_something_else(text: bytes, *, expected: bool) -> None:
    assert Manifest.read(Descriptor("application/octet-stream", DIGEST, 0), text).is_index is expected
