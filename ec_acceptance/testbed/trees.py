"""Folders with all in them, whoever made them: validators leave what they like, as deep and as locked as they like.

`os.walk`, `Path.rglob` and `shutil.rmtree` call themselves once a level in the Python versions that we run on, and end
with a RecursionError below a thousand of them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_paths", "remove_tree", "temporary_folder"]


def find_paths(folder: Path) -> list[Path]:
    """All that is below a folder, sorted; no link is followed, and what can't be listed counts as empty."""
    found: list[Path] = []
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                path = place / entry.name
                found.append(path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
    return sorted(found)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all in it, if it is there: however deep it is, and whatever its modes forbid.

    What is in a folder inside of it is moved to the top and removed from there, so that no path is longer than that.
    What even so can't be removed stays.
    """
    if sys.platform == "win32":
        shutil.rmtree(folder, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        if folder.is_symlink():
            folder.unlink()
            return
        folder.chmod(0o700)
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            waiting = _remove_files(top)
            while waiting:
                waiting += _flatten(waiting.pop(), top)
        finally:
            os.close(top)
        folder.rmdir()


def _flatten(name: str, top: int) -> list[str]:
    """Remove a folder that is in the one at the top; the answer is what its own folders are called there now."""
    moved: list[str] = []
    with contextlib.suppress(OSError):
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
        try:
            for one in _remove_files(inner):
                other = secrets.token_hex(16)
                with contextlib.suppress(OSError):
                    os.rename(one, other, src_dir_fd=inner, dst_dir_fd=top)
                    moved.append(other)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)
    return moved


def _remove_files(folder: int) -> list[str]:
    """Remove all but folders; the answer is the names of those, which may be opened and moved from now on."""
    names = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    names.append(entry.name)
                    os.chmod(entry.name, 0o700, dir_fd=folder)
                else:
                    os.unlink(entry.name, dir_fd=folder)
    return names


@contextlib.contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new folder for temporary files, which is removed at the end with all that is in it then."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        remove_tree(folder)
