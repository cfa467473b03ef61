"""Writing a git tree, or a part of it, to a directory, without a working copy."""

from __future__ import annotations

import posixpath
import re
import stat
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from dulwich.objects import Blob, Commit, ShaFile, Tag, Tree, parse_tree

from refimpl.errors import PolicyError
from refimpl.policy.sources import content
from refimpl.policy.sources.content import MAX_DEPTH, Budget, counts, inside

if TYPE_CHECKING:
    from pathlib import Path

    from dulwich.objects import ObjectID

T = TypeVar("T", bound=ShaFile)

_OBJECT_ID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FAILED = "error cloning repository"
_MAX_LINKS = 40
_MAX_LINK = 4096
_MAX_TAGS = 16
_REMEMBERED_TREES = 8
_SUBMODULE = 0o160000
_KINDS = frozenset({stat.S_IFDIR, stat.S_IFREG, stat.S_IFLNK, _SUBMODULE})
#: Names that would lead elsewhere, or into git's own folder; git refuses them likewise.
_FORBIDDEN = frozenset({b"", b".", b"..", b".git"})


class Objects(Protocol):
    """The objects of a repository, or those of them that were fetched."""

    def __contains__(self, name: ObjectID, /) -> bool:
        """Whether it is there."""

    def __getitem__(self, name: ObjectID, /) -> ShaFile:
        """The object.

        Raises:
            KeyError: it isn't there.
        """


def commit_of(store: Objects, tip: ObjectID) -> Commit:
    """The commit that a reference's object is or names.

    Raises:
        PolicyError: there is none.
    """
    for _ in range(_MAX_TAGS):
        if tip not in store:
            break
        found = _object(store, tip)
        if isinstance(found, Commit):
            if not _has_tree(found):
                raise _malformed(tip)
            return found
        if not isinstance(found, Tag):
            break
        try:
            tip = found.object[1]
        except Exception:  # noqa: BLE001 - whatever dulwich makes of it
            raise _malformed(tip) from None
    raise PolicyError("error resolving ref: reference not found")


def _has_tree(commit: Commit) -> bool:
    """Whether it names one: it is read when its members are first asked for, and older Dulwich takes anything."""
    try:
        return bool(_OBJECT_ID.fullmatch(commit.tree))
    except Exception:  # noqa: BLE001 - whatever dulwich makes of it
        return False


def write_tree(store: Objects, tree: ObjectID, subdirectory: str, destination: Path, *, name: str) -> None:
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
        PolicyError: no such directory, or something in it that cannot be had: an object that is missing or isn't what
            its name says, a name that is there twice or leads elsewhere, an entry of no known kind.
        OSError: not written.
    """
    _Checkout(store, tree, Budget(name)).write(subdirectory, destination)


class _Checkout:
    def __init__(self, store: Objects, root: ObjectID, budget: Budget) -> None:
        self._store = store
        self._root = root
        self._budget = budget
        self._trees: dict[ObjectID, dict[bytes, tuple[int, ObjectID]]] = {}

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
        if depth > MAX_DEPTH:
            raise PolicyError(f"{_FAILED}: directories nested deeper than {MAX_DEPTH}")
        for entry, (mode, entry_id) in self._entries(object_id, path).items():
            name = entry.decode(errors="surrogateescape")
            below = f"{path}/{name}" if path else name
            target = inside(destination, name)
            if target is None or target.parent != destination:
                raise PolicyError(f"{_FAILED}: invalid path {below}")
            if stat.S_ISDIR(mode):
                self._budget.make_directory(target)
                self._write_directory(entry_id, below, target, depth=depth + 1)
            elif stat.S_ISLNK(mode):
                self._budget.count()
                self._write_linked(below, target)
            elif stat.S_ISREG(mode):
                self._budget.write((self._content(entry_id, below),), target)
            else:
                self._budget.count()

    def _write_linked(self, path: str, target: Path) -> None:
        found = self._lookup(path)
        if found is not None and stat.S_ISREG(found[0]):
            self._budget.write((self._content(found[1], path),), target)
        elif counts(path) and not (found is not None and stat.S_ISDIR(found[0])):
            raise PolicyError(f"{_FAILED}: the symbolic link {path} leads to no file of the repository")

    def _lookup(self, path: str) -> tuple[int, ObjectID, str] | None:
        """Mode, object and true path of what a path leads to, through symbolic links that stay inside; else None."""
        for _ in range(_MAX_LINKS):
            mode, object_id = stat.S_IFDIR, self._root
            walked: list[str] = []
            parts = path.split("/") if path else []
            for index, part in enumerate(parts):
                if not stat.S_ISDIR(mode):
                    return None
                found = self._entries(object_id, "/".join(walked)).get(part.encode(errors="surrogateescape"))
                if found is None:
                    return None
                mode, object_id = found
                if stat.S_ISLNK(mode):
                    link = self._content(object_id, "/".join((*walked, part)))
                    if len(link) > _MAX_LINK:
                        return None
                    target = link.decode(errors="surrogateescape")
                    path = posixpath.normpath("/".join((*walked, target, *parts[index + 1 :])))
                    if target.startswith("/") or path == ".." or path.startswith("../"):
                        return None
                    path = "" if path == "." else path
                    break
                walked.append(part)
            else:
                return mode, object_id, path
        return None

    def _entries(self, object_id: ObjectID, path: str) -> dict[bytes, tuple[int, ObjectID]]:
        """A directory's entries by name: mode and object."""
        known = self._trees.get(object_id)
        if known is not None:
            return known
        entries: dict[bytes, tuple[int, ObjectID]] = {}
        tree = self._object(object_id, path, Tree)
        try:
            listed = list(parse_tree(tree.as_raw_string(), len(object_id) // 2))
        except Exception:  # noqa: BLE001 - whatever dulwich makes of it
            raise PolicyError(
                f"{_FAILED}: object {object_id.decode()}, of {path or 'the root'}, is malformed"
            ) from None
        for name, mode, entry_id in listed:
            below = posixpath.join(path, name.decode(errors="replace"))
            if name.lower() in _FORBIDDEN or b"/" in name:
                raise PolicyError(f"{_FAILED}: invalid path {below}")
            if name in entries:
                raise PolicyError(f"{_FAILED}: {below} is there twice")
            if stat.S_IFMT(mode) not in _KINDS:
                raise PolicyError(f"{_FAILED}: malformed mode ({mode:o}) of {below}")
            entries[name] = mode, cast("ObjectID", entry_id)
            if len(entries) > content.MAX_FILES:
                raise PolicyError(f"{_FAILED}: {path or 'the root'} has more than {content.MAX_FILES} entries")
        if len(self._trees) == _REMEMBERED_TREES:
            self._trees.clear()
        self._trees[object_id] = entries
        return entries

    def _content(self, object_id: ObjectID, path: str) -> bytes:
        return self._object(object_id, path, Blob).data

    def _object(self, object_id: ObjectID, path: str, kind: type[T]) -> T:
        try:
            found = _object(self._store, object_id)
        except PolicyError as error:
            raise PolicyError(f"{error}, of {path or 'the root'}") from None
        if not isinstance(found, kind):
            raise PolicyError(
                f"{_FAILED}: {object_id.decode()}, of {path or 'the root'}, is not a {kind.__name__.lower()}"
            )
        return found


def _object(store: Objects, object_id: ObjectID) -> ShaFile:
    """An object whose content has the digest that is its name."""
    try:
        found = store[object_id]
        same = ShaFile.from_raw_string(found.type_num, found.as_raw_string()).id == object_id
    except KeyError:
        raise PolicyError(f"{_FAILED}: object not found: {object_id.decode(errors='replace')}") from None
    except Exception:  # noqa: BLE001 - whatever dulwich makes of it
        raise _malformed(object_id) from None
    if not same:
        raise PolicyError(f"{_FAILED}: object {object_id.decode()} is damaged")
    return found


def _malformed(object_id: ObjectID) -> PolicyError:
    return PolicyError(f"{_FAILED}: malformed object {object_id.decode(errors='replace')}")
