from __future__ import annotations

import gzip as python_gzip
import io
import json
import tarfile
import zlib
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ec_acceptance.testbed.archive import Directory, Hardlink, Symlink, gzip, tar, zstd
from ec_acceptance.testbed.images import OLM_LABEL, Image, Index, Layer, filler, publish
from ec_acceptance.testbed.registry.digests import digest_of
from ec_acceptance.testbed.registry.embedded import Service
from ec_acceptance.testbed.registry.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from ec_acceptance.testbed.archive import Entry
    from ec_acceptance.testbed.images import Compression

FILES = {f"manifests/{number}.yaml": f"n: {number}\n".encode() for number in range(3)}


def unpacked(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive if info.isfile()}  # type: ignore[union-attr]  # files have contents


def inflated(data: bytes) -> bytes:
    """What a reader of a stream has got when it ends here."""
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data)


def unzstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


UNPACK: dict[Compression, Callable[[bytes], bytes]] = {"gzip": inflated, "zstd": unzstd, "none": bytes}


@settings(deadline=None)  # shared machines have slow moments
@given(st.binary(max_size=300_000), st.lists(st.integers(min_value=0, max_value=300_000), max_size=4))
def test_stored_streams_are_read_back_and_cut_where_wanted(data: bytes, wanted: list[int]) -> None:
    cuts = sorted({cut for cut in wanted if 0 < cut <= len(data)})
    for pack, unpack in ((gzip, inflated), (zstd, unzstd)):
        packed, places = pack(data, cuts=cuts)
        assert unpack(packed) == data
        assert [unpack(packed[:place]) for place in places] == [data[:cut] for cut in cuts]


def test_a_gzip_stream_is_whole_to_the_standard_library() -> None:
    assert python_gzip.decompress(gzip(bytes(200_000))[0]) == bytes(200_000)
    assert zstandard.ZstdDecompressor().decompress(zstd(bytes(200_000))[0]) == bytes(200_000)


@pytest.mark.parametrize(("pack", "unpack"), [(gzip, python_gzip.decompress), (zstd, unzstd)])
def test_a_level_really_compresses(
    pack: Callable[..., tuple[bytes, tuple[int, ...]]], unpack: Callable[[bytes], bytes]
) -> None:
    packed, places = pack(bytes(100_000), cuts=[5], level=1)
    assert len(packed) < 1000
    assert unpack(packed) == bytes(100_000)
    assert places == ()


def test_a_tar_holds_files_directories_and_links_without_times() -> None:
    entries: list[tuple[str, Entry]] = [
        ("d/", Directory()),
        ("d/f", b"one"),
        ("d/f", b"two"),
        ("s", Symlink("d/f")),
        ("h", Hardlink("d/f")),
    ]
    data, ends = tar(entries)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
    kinds = [(one.name, one.type, one.linkname) for one in members]
    assert kinds == [
        ("d", tarfile.DIRTYPE, ""),
        ("d/f", tarfile.REGTYPE, ""),
        ("d/f", tarfile.REGTYPE, ""),
        ("s", tarfile.SYMTYPE, "d/f"),
        ("h", tarfile.LNKTYPE, "d/f"),
    ]
    assert {(one.mtime, one.uid, one.gid, one.uname) for one in members} == {(0, 0, 0, "")}
    assert ends == (*(one.offset for one in members[1:]), ends[-1])
    assert data[ends[-1] :].strip(b"\0") == b""


def test_filler_is_incompressible_and_depends_on_its_seed_only() -> None:
    assert filler("a", 1000) == filler("a", 2000)[:1000]
    assert filler("a", 1000) != filler("b", 1000)
    assert len(zlib.compress(filler("a", 100_000))) >= 100_000


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
@pytest.mark.parametrize("docker", [False, True])
def test_a_layer_describes_its_own_bytes(compression: Compression, docker: bool) -> None:  # noqa: FBT001  # pytest passes by name
    layer = Layer.of(FILES, filler_size=10_000, seed="s", compression=compression, docker=docker)
    plain = UNPACK[compression](layer.data)
    assert (layer.digest, layer.size, layer.diff_id) == (digest_of(layer.data), len(layer.data), digest_of(plain))
    assert layer.descriptor() == {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size}
    assert ("docker" in layer.media_type) is docker
    got = unpacked(plain)
    assert {name: content for name, content in got.items() if name in FILES} == FILES
    order = list(got)
    assert order == [
        "filler/0",
        "manifests/0.yaml",
        "filler/1",
        "manifests/1.yaml",
        "filler/2",
        "manifests/2.yaml",
        "filler/3",
    ]
    assert sum(len(content) for name, content in got.items() if name.startswith("filler/")) == 10_000
    assert b"".join(got[f"filler/{number}"] for number in range(4)) == filler("s", 10_000)


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_a_cut_at_a_boundary_leaves_whole_entries(compression: Compression) -> None:
    layer = Layer.of(FILES, filler_size=300_000, seed="s", compression=compression)
    unpack = UNPACK[compression]
    assert len(layer.boundaries) == 7
    for number, place in enumerate(layer.boundaries, 1):
        left = unpacked(unpack(layer.data[:place]) + bytes(1024))
        assert len(left) == number


def test_digests_never_move() -> None:
    """Snapshots hold digests, so these change only on purpose."""
    label = {OLM_LABEL: "manifests/"}
    seen = {}
    for compression in UNPACK:
        layer = Layer.of(FILES, filler_size=100_000, seed="seed", compression=compression)
        seen[compression] = (layer.digest[7:19], Image.of([layer], labels=label).digest[7:19])
    assert seen == {
        "gzip": ("c68c5d7e1b3d", "7cd803591783"),
        "zstd": ("a4bd832e6c13", "8bb22fa6252b"),
        "none": ("569d5ff5d421", "4ea28c63d3a4"),
    }


def test_an_image_names_its_parts() -> None:
    layers = [Layer.of({"a": b"a"}), Layer.of({"b": b"b"}, algorithm="sha512")]
    image = Image.of(
        layers, labels={"l": "v"}, annotations={"a": "v"}, config={"Env": ["A=b"]}, platform=("linux", "arm64")
    )
    manifest, config = json.loads(image.manifest), json.loads(image.config)
    assert image.digest == digest_of(image.manifest)
    assert manifest["mediaType"] == image.media_type == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["config"]["digest"] == image.config_digest == digest_of(image.config)
    assert manifest["config"]["size"] == len(image.config)
    assert manifest["layers"] == [layer.descriptor() for layer in layers]
    assert manifest["layers"][1]["digest"] == digest_of(layers[1].data, "sha512")
    assert manifest["annotations"] == {"a": "v"}
    assert config["rootfs"]["diff_ids"] == [layer.diff_id for layer in layers]
    assert config["config"] == {"Labels": {"l": "v"}, "Env": ["A=b"]}
    assert (config["os"], config["architecture"]) == ("linux", "arm64")
    assert len(config["history"]) == 2


def test_a_false_diff_id_is_claimed_only_on_request() -> None:
    mine, others = Layer.of({"a": b"mine"}), Layer.of({"a": b"theirs"})
    image = Image.of([mine], claimed_diff_ids={0: others.diff_id})
    assert json.loads(image.config)["rootfs"]["diff_ids"] == [others.diff_id]
    assert json.loads(image.manifest)["layers"][0]["digest"] == mine.digest
    with pytest.raises(ValueError, match="no layer 1"):
        Image.of([mine], claimed_diff_ids={1: others.diff_id})


def test_members_of_the_manifest_can_be_added_and_overridden() -> None:
    image = Image.of([Layer.of({"a": b"a"})])
    other = Image.of([], extra={"subject": image.descriptor(), "artifactType": "x/y", "layers": []})
    assert json.loads(other.manifest)["subject"] == {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": len(image.manifest),
    }


def test_an_index_names_its_images_and_their_platforms() -> None:
    images = [Image.of([], platform=("linux", arch), docker=True) for arch in ("amd64", "s390x")]
    index = Index.of(images, annotations={"a": "v"}, docker=True)
    document = json.loads(index.manifest)
    assert document["mediaType"] == index.media_type == "application/vnd.docker.distribution.manifest.list.v2+json"
    assert [(one["digest"], one["platform"]["architecture"]) for one in document["manifests"]] == [
        (images[0].digest, "amd64"),
        (images[1].digest, "s390x"),
    ]
    assert document["annotations"] == {"a": "v"}


def test_what_is_published_is_there_under_its_digest() -> None:
    service = Service()
    repository = Repository(service.handle, "a/b")
    away = Layer.of({"b": b"b"}, urls=["http://elsewhere.test/b"])
    long = Layer.of({"c": b"c"}, algorithm="sha512")
    image = Image.of([Layer.of({"a": b"a"}), away, long])
    published = publish(image, repository, "v1")
    assert repository.blob(image.layers[0].digest) == image.layers[0].data
    assert repository.blob(long.digest) == long.data
    assert (published.tagged("reg:5000"), published.pinned("reg:5000")) == (
        "reg:5000/a/b:v1",
        f"reg:5000/a/b@{image.digest}",
    )
    assert published.layers == image.layers
    assert repository.manifest("v1") == (image.media_type, image.manifest)
    with pytest.raises(Exception, match="BLOB_UNKNOWN"):
        repository.blob(away.digest)


def test_an_image_of_another_algorithm_is_published_without_a_tag() -> None:
    repository = Repository(Service().handle, "a")
    image = Image.of([Layer.of({"a": b"a"})], algorithm="sha512")
    published = publish(image, repository, None)
    assert image.digest.startswith("sha512:")
    assert repository.manifest(image.digest)[1] == image.manifest
    with pytest.raises(LookupError, match="without a tag"):
        published.tagged("reg")


def test_a_published_index_counts_all_layers() -> None:
    repository = Repository(Service().handle, "a")
    images = [Image.of([Layer.of({"f": arch.encode()})], platform=("linux", arch)) for arch in ("amd64", "arm64")]
    published = publish(Index.of(images), repository)
    assert [layer.digest for layer in published.layers] == [image.layers[0].digest for image in images]
    assert repository.manifest(images[1].digest)[1] == images[1].manifest
