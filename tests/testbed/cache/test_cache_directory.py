"""A cache as it is on the disk."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from ec_acceptance.testbed.cache.directory import CacheDirectory, user_cache

DATA = b"a layer"
HEX = hashlib.sha256(DATA).hexdigest()
DIGEST = f"sha256:{HEX}"


def put(folder: Path, name: str, data: bytes = DATA) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "name", [f"sha256-{HEX}", f"sha256:{HEX}", HEX, f"blobs/sha256/{HEX}", f"sha512-{hashlib.sha512(DATA).hexdigest()}"]
)
def test_a_file_whose_name_ends_in_a_digest_is_an_entry(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, name)
    cache = CacheDirectory(tmp_path)
    assert [entry.path for entry in cache.entries()] == [path]
    assert cache.damaged() == {}
    assert cache.temporaries() == ()


@pytest.mark.parametrize("name", [f".sha256-{HEX}", f"sha256-{HEX}.part", ".tmp/" + HEX, "lock", HEX[:-1], f"0{HEX}"])
def test_all_else_is_a_temporary(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, name)
    cache = CacheDirectory(tmp_path)
    assert cache.entries() == ()
    assert cache.temporaries() == (path,)


def test_the_index_of_an_oci_layout_is_neither(tmp_path: Path) -> None:
    put(tmp_path, "index.json")
    cache = CacheDirectory(tmp_path)
    assert cache.temporaries() == (tmp_path / "index.json",), "without oci-layout it is any file"
    put(tmp_path, "oci-layout")
    left = put(tmp_path, f"ingest/{HEX}_1")
    assert cache.temporaries() == (left,)
    assert cache.index() == {"index.json", "oci-layout"}


def test_other_bytes_are_damage(tmp_path: Path) -> None:
    path = put(tmp_path, f"sha256-{HEX}", DATA[:-1])
    cache = CacheDirectory(tmp_path)
    assert list(cache.damaged()) == [path]
    entry = cache.entry(DIGEST)
    assert entry is not None
    assert entry.damage.startswith("6 bytes with the digest sha256:")
    assert cache.entry("sha256:0") is None


def test_a_folder_and_a_dangling_link_are_damage(tmp_path: Path) -> None:
    (tmp_path / f"sha256-{HEX}").mkdir()
    (tmp_path / f"sha256:{'0' * 64}").symlink_to(tmp_path / "nowhere")
    assert sorted(CacheDirectory(tmp_path).damaged().values()) == ["a link to nothing", "no file"]


def test_content_tells_changed_bytes_and_nothing_else(tmp_path: Path) -> None:
    path = put(tmp_path, f"sha256-{HEX}")
    cache = CacheDirectory(tmp_path)
    before = cache.content()
    path.touch()
    assert cache.content() == before == {f"sha256-{HEX}": DIGEST}
    path.write_bytes(DATA[::-1])
    assert cache.content() != before


def test_no_folder_is_an_empty_cache(tmp_path: Path) -> None:
    cache = CacheDirectory(tmp_path / "none")
    assert (cache.entries(), cache.temporaries(), cache.content()) == ((), (), {})


def test_the_place_follows_the_environment() -> None:
    assert user_cache({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/ec/images")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
def test_the_place_is_in_the_home() -> None:
    assert user_cache({"HOME": "/h"}) == Path("/h/.cache/ec/images")
