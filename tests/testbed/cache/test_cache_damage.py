from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.cache.damage import DAMAGES, damage
from ec_acceptance.testbed.cache.directory import CacheDirectory, Entry
from ec_acceptance.testbed.fixtures.images import Layer
from ec_acceptance.testbed.fixtures.malformed_images import SHARED_FILES, substitute
from ec_acceptance.testbed.gate.faults import UnknownPhraseError

if TYPE_CHECKING:
    from pathlib import Path

LAYER = Layer.of(SHARED_FILES, filler_size=200_000, seed="damage")
FORMS = [pytest.param(False, id="compressed"), pytest.param(True, id="archive")]


def store(folder: Path, *, plain: bool) -> Entry:
    """The layer in a cache that names it by its digest, or its archive by the diffID."""
    digest = LAYER.diff_id if plain else LAYER.digest
    (folder / digest.replace(":", "-")).write_bytes(gzip.decompress(LAYER.data) if plain else LAYER.data)
    entry = CacheDirectory(folder).entry(digest)
    assert entry is not None
    assert not entry.damage
    return entry


@pytest.mark.parametrize("plain", FORMS)
@pytest.mark.parametrize("words", DAMAGES)
def test_each_damage_is_seen(tmp_path: Path, words: str, *, plain: bool) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    damage(words, store(folder, plain=plain), LAYER)
    assert CacheDirectory(folder).damaged()


@pytest.mark.parametrize("plain", FORMS)
@pytest.mark.parametrize("words", ["changed by one word, its size and time kept", "replaced by another archive"])
def test_neither_size_nor_time_tells_of_changed_content(tmp_path: Path, words: str, *, plain: bool) -> None:
    entry = store(tmp_path, plain=plain)
    before = entry.path.stat()
    damage(words, entry, LAYER)
    after = entry.path.stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


@pytest.mark.parametrize("plain", FORMS)
def test_a_cut_at_a_boundary_leaves_whole_files(tmp_path: Path, *, plain: bool) -> None:
    entry = store(tmp_path, plain=plain)
    damage("cut at an entry boundary", entry, LAYER)
    data = entry.path.read_bytes()
    left = data if plain else zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data)
    with tarfile.open(fileobj=io.BytesIO(left)) as archive:
        assert archive.getnames() == ["filler/0", "manifests/shared-first.json"]


@pytest.mark.parametrize("plain", FORMS)
def test_a_substitute_is_as_large_and_as_valid_and_has_other_content(*, plain: bool) -> None:
    data = gzip.decompress(LAYER.data) if plain else LAYER.data
    other = substitute(data)
    assert len(other) == len(data)
    with tarfile.open(fileobj=io.BytesIO(other if plain else gzip.decompress(other))) as archive:
        file = archive.extractfile("manifests/shared-first.json")
        assert file is not None
        assert file.read() == b'{"shared": "worst"}'


def test_words_without_meaning_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownPhraseError, match="no damage 'eaten'"):
        damage("eaten", store(tmp_path, plain=False), LAYER)
    with pytest.raises(UnknownPhraseError, match="doesn't show"):
        substitute(Layer.of(SHARED_FILES, level=9).data)
