"""Writing a git tree, or a part of it, to a directory, without a working copy."""

from __future__ import annotations

import posixpath
import stat
from typing import TYPE_CHECKING

from dulwich.objects import Blob, Tree

from refimpl.errors import PolicyError
from refimpl.policy.sources.content import Budget, counts, inside

if TYPE_CHECKING:
    from pathlib import Path

    from dulwich.object_store import BaseObjectStore
    from dulwich.objects import ObjectID

__all__ = ["write_tree"]

_MAX_LINKS = 40
_MAX_DEPTH = 200


def write_tree(store: BaseObjectStore, tree: ObjectID, subdirectory: str, destination: Path, *, name: str) -> None:
    """Write all files below a directory of a tree. Submodules are left out.

    A symbolic link to a file of the tree is written as that file. Other links are left out where nothing would be
    loaded from them, and refused where it would.

    Args:
        store: has the tree and all below.
        tree: the root.
        subdirectory: with slashes; empty for all.
        destination: an existing directory.
        name: of the source, for errors.

    Raises:
        PolicyError: no such directory, or something in it that cannot be had.
        OSError: not written.
    """
    _Checkout(store, tree, Budget(name)).write(subdirectory, destination)


class _Checkout:
    def __init__(self, store: BaseObjectStore, root: ObjectID, budget: Budget) -> None:
        self._store = store
        self._root = root
        self._budget = budget

    def write(self, subdirectory: str, destination: Path) -> None:
        parts = [part for part in subdirectory.split("/") if part not in ("", ".")]
        path = "/".join(parts)
        found = None if ".." in parts else self._lookup(path)
        if found is None:
            raise PolicyError(f"path {subdirectory} does not exist in the repository")
        mode, object_id, path = found
        if not stat.S_ISDIR(mode):
            raise PolicyError(f'error copying directory: source "{subdirectory}" is not a directory')
        self._write_directory(object_id, path, destination, depth=0)

    def _write_directory(self, object_id: ObjectID, path: str, destination: Path, *, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise PolicyError(f"error cloning repository: directories nested deeper than {_MAX_DEPTH}")
        for entry in self._tree(object_id).iteritems():
            name = entry.path.decode(errors="surrogateescape")
            below = f"{path}/{name}" if path else name
            target = inside(destination, name)
            if target is None or target.parent != destination:
                raise PolicyError(f"error cloning repository: invalid path {below}")
            if stat.S_ISDIR(entry.mode):
                target.mkdir()
                self._write_directory(entry.sha, below, target, depth=depth + 1)
            elif stat.S_ISLNK(entry.mode):
                self._write_linked(below, target)
            elif stat.S_ISREG(entry.mode):
                self._budget.write((self._blob(entry.sha),), target)

    def _write_linked(self, path: str, target: Path) -> None:
        found = self._lookup(path)
        if found is not None and stat.S_ISREG(found[0]):
            self._budget.write((self._blob(found[1]),), target)
        elif counts(path) and not (found is not None and stat.S_ISDIR(found[0])):
            raise PolicyError(f"error cloning repository: the symbolic link {path} leads to no file of the repository")

    def _lookup(self, path: str) -> tuple[int, ObjectID, str] | None:
        """Mode, object and true path of what a path leads to, through symbolic links that stay inside; else None."""
        for _ in range(_MAX_LINKS):
            mode, object_id = stat.S_IFDIR, self._root
            walked: list[str] = []
            parts = path.split("/") if path else []
            for index, part in enumerate(parts):
                if not stat.S_ISDIR(mode):
                    return None
                try:
                    mode, object_id = self._tree(object_id)[part.encode(errors="surrogateescape")]
                except KeyError:
                    return None
                if stat.S_ISLNK(mode):
                    target = self._blob(object_id).decode(errors="surrogateescape")
                    path = posixpath.normpath("/".join((*walked, target, *parts[index + 1 :])))
                    if target.startswith("/") or path == ".." or path.startswith("../"):
                        return None
                    path = "" if path == "." else path
                    break
                walked.append(part)
            else:
                return mode, object_id, path
        return None

    def _tree(self, object_id: ObjectID) -> Tree:
        found = self._store[object_id]
        if not isinstance(found, Tree):
            raise PolicyError(f"error cloning repository: {object_id.decode()} is not a tree")
        return found

    def _blob(self, object_id: ObjectID) -> bytes:
        found = self._store[object_id]
        if not isinstance(found, Blob):
            raise PolicyError(f"error cloning repository: {object_id.decode()} is not a blob")
        return found.data
