"""What arrived is told by digests, in whatever form a tool stores it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.conformance.puller.arrival import ArrivalError, find_blobs, read_files
from ec_acceptance.testbed.fixtures.images import Compression, Layer

if TYPE_CHECKING:
    from pathlib import Path

_BLOBS = (b"configuration", b"layer")
_DIGESTS = tuple(f"sha256:{hashlib.sha256(blob).hexdigest()}" for blob in _BLOBS)


def _tarball(path: Path, blobs: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, blob in blobs.items():
            member = tarfile.TarInfo(name)
            member.size = len(blob)
            archive.addfile(member, io.BytesIO(blob))


def test_blobs_are_found_in_folders_of_any_layout(tmp_path: Path) -> None:
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    (tmp_path / "blobs" / "sha256" / "x").write_bytes(_BLOBS[0])
    (tmp_path / "version").write_bytes(b"1")
    arrival = find_blobs(tmp_path, _DIGESTS)
    assert list(arrival.blobs) == [_DIGESTS[0]]
    assert arrival.missing == (_DIGESTS[1],)
    assert arrival.others == ("version",)


def test_blobs_are_found_in_archives(tmp_path: Path) -> None:
    _tarball(tmp_path / "image", dict(zip("ab", _BLOBS, strict=True)))
    assert find_blobs(tmp_path / "image", _DIGESTS).missing == ()


@pytest.mark.parametrize("cut", [1, 700, 1100])
def test_an_archive_that_breaks_off_has_what_stands_before(tmp_path: Path, cut: int) -> None:
    _tarball(tmp_path / "image", {"a": _BLOBS[0], "b": b"x" * 2000})
    data = (tmp_path / "image").read_bytes()
    (tmp_path / "image").write_bytes(data[: cut + 512])
    arrival = find_blobs(tmp_path / "image", _DIGESTS)
    assert arrival.missing == (_DIGESTS if cut == 1 else (_DIGESTS[1],))


def test_a_file_may_be_a_blob_itself(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(_BLOBS[1])
    assert find_blobs(tmp_path / "image", _DIGESTS).missing == (_DIGESTS[0],)


def test_nothing_has_arrived_where_nothing_is(tmp_path: Path) -> None:
    assert find_blobs(tmp_path / "image", _DIGESTS).missing == _DIGESTS


@pytest.mark.parametrize("algorithm", ["sha512", "md5"])
def test_digests_may_be_of_other_algorithms(tmp_path: Path, algorithm: str) -> None:
    (tmp_path / "x").write_bytes(_BLOBS[0])
    digest = f"{algorithm}:{hashlib.new(algorithm, _BLOBS[0]).hexdigest()}"
    assert find_blobs(tmp_path, [digest]).missing == ()
    assert find_blobs(tmp_path, ["sha256:../../escaped", "nothing"]).missing == ("sha256:../../escaped", "nothing")


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_files_are_those_that_policies_see(tmp_path: Path, compression: Compression) -> None:
    lower = Layer.of({"manifests/a.json": b'{"of": "lower"}', "manifests/b.yaml": b"of: lower\n"})
    upper = Layer.of(
        {"manifests/a.json": b'{"of": "upper"}', "manifests/c.txt": b"", "etc/d.json": b"{}"}, compression=compression
    )
    for layer in (lower, upper):
        (tmp_path / layer.digest).write_bytes(layer.data)
    digests = (lower.digest, upper.digest)
    assert read_files(find_blobs(tmp_path, digests), digests) == {
        "manifests/a.json": {"of": "upper"},
        "manifests/b.yaml": {"of": "lower"},
    }


@pytest.mark.parametrize("kept", [20, 700])
def test_a_layer_that_is_no_archive_is_said(tmp_path: Path, kept: int) -> None:
    data = Layer.of({"manifests/a.json": b"1" * 5000}).data[:kept]
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    (tmp_path / "layer").write_bytes(data)
    with pytest.raises(ArrivalError, match=f"{digest} has arrived whole, and is no archive"):
        read_files(find_blobs(tmp_path, [digest]), [digest])


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    layer = Layer.of({"manifests/a.json": b"1" * ((1 << 20) + 1)})
    (tmp_path / "layer").write_bytes(layer.data)
    with pytest.raises(ArrivalError):
        read_files(find_blobs(tmp_path, [layer.digest]), [layer.digest])
