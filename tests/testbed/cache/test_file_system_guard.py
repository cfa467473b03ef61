from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.cache.file_system_guard import list_escapes, list_files, unportable

if TYPE_CHECKING:
    from pathlib import Path


def test_files_links_and_contents_around_a_folder_are_told_apart(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (tmp_path / "file").write_bytes(b"one")
    before = list_files([tmp_path], cache)
    (cache / "inside").write_bytes(b"is nobody's business")
    assert list_files([tmp_path], cache) == before
    (tmp_path / "file").write_bytes(b"two")
    assert list_files([tmp_path], cache) != before
    (tmp_path / "file").write_bytes(b"one")
    (tmp_path / "link").symlink_to("nowhere")
    assert list_files([tmp_path], cache).keys() - before.keys() == {str(tmp_path / "link")}


def test_a_way_out_is_seen_in_the_folder_and_wherever_it_is_in(tmp_path: Path) -> None:
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    before = list_escapes([folder])
    (folder / "kept").touch()
    (folder / "beside" / "escaped").mkdir(parents=True)
    assert list_escapes([folder]) == before
    made = [place / "escaped.diff" for place in (folder, folder.parent, tmp_path)]
    for path in made:
        path.touch()
    assert list_escapes([folder]).keys() - before.keys() == set(map(str, made))


@pytest.mark.parametrize("name", ["sha256-0123", ".ec-ref-12.part", "a b", "context", "com10"])
def test_names_that_every_system_allows(name: str) -> None:
    assert not unportable(name)


@pytest.mark.parametrize("name", ["sha256:0123", "a\\b", "why?", "end.", "end ", "NUL", "con.txt", "a\nb", "x" * 256])
def test_names_that_windows_does_not_allow(name: str) -> None:
    assert unportable(name)
