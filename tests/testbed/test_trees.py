"""Folders that a validator leaves: a thousand levels deep, locked, with links that lead out of them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.trees import find_paths, remove_tree, temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

_LEVELS = 1100


def _dig(folder: Path, name: str, levels: int) -> None:
    """Make folders in each other; a path to the innermost may be longer than the system takes."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


@pytest.mark.skipif(sys.platform == "win32", reason="no folder can be as deep there")
@pytest.mark.parametrize("name", ["d", "long" * 50])
def test_nothing_is_too_deep_to_be_removed(name: str) -> None:
    with temporary_folder("ec-acceptance-test-") as folder:
        _dig(folder, name, _LEVELS)
    assert not folder.exists()
    remove_tree(folder)  # it isn't there: nothing happens


@pytest.mark.skipif(sys.platform == "win32", reason="no folder can be as deep there")
def test_nothing_is_too_deep_to_be_found(tmp_path: Path) -> None:
    _dig(tmp_path, "d", _LEVELS)
    found = find_paths(tmp_path)
    assert len(found) == _LEVELS + 1
    assert found == sorted(found)
    assert found[-1].name == "file"
    remove_tree(tmp_path / "d")  # what pytest removes itself mustn't be as deep


def test_what_modes_forbid_is_removed_and_no_link_is_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("")
    folder = tmp_path / "folder"
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").write_text("")
    (inner / "link").symlink_to(elsewhere)
    (inner / "nowhere").symlink_to("nothing")
    assert [path.name for path in find_paths(folder)] == ["a", "b", "file", "link", "nowhere"]
    for locked in (inner, inner.parent, folder):
        locked.chmod(0)
    remove_tree(folder)
    (tmp_path / "link").symlink_to(elsewhere)
    remove_tree(tmp_path / "link")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere"]
    assert (elsewhere / "kept").exists()
