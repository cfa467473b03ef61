"""The files of a scenario as they are at one moment, and such files again, elsewhere."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.repro.document import BundleError, Member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ec_acceptance.testbed.repro.archive import Blobs, Bundle

__all__ = ["FoundFile", "describe_files", "find_files", "restore_files"]

_LIMIT = 32 << 20  # bytes of one moment's files
_NUMBER = 20_000
_PATH = 4096


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file, folder or link.

    Attributes:
        path: relative, with ``/``.
        mode: its permission bits.
        age: seconds since it was changed, when it was found.
        content: of a file; None of a folder or link, and of a file that wasn't read.
        target: of a link.
        problem: why its content isn't there.
    """

    path: str
    kind: str
    mode: int
    age: float
    content: bytes | None = None
    target: str = ""
    problem: str = ""


def find_files(folder: Path, places: Iterable[str], skipped: Sequence[str] = ()) -> list[FoundFile]:
    """What is at some places below a folder, and in them, by path; no link is followed.

    Args:
        folder: the paths are relative to it.
        places: files or folders in it; those that aren't there are left out.
        skipped: beginnings of paths that don't belong to it.
    """
    found: list[FoundFile] = []
    left, now = _LIMIT, time.time()
    waiting = sorted(places, reverse=True)
    while waiting and len(found) < _NUMBER:
        name = waiting.pop()
        path = folder / name
        with suppress(OSError):
            status = path.lstat()
            mode, age = stat.S_IMODE(status.st_mode), max(0.0, now - status.st_mtime)
            if stat.S_ISLNK(status.st_mode):
                found.append(FoundFile(name, "link", mode, age, target=str(path.readlink())))
            elif stat.S_ISDIR(status.st_mode):
                found.append(FoundFile(name, "folder", mode, age))
                inside = (f"{name}/{one}" for one in sorted(os.listdir(path), reverse=True))  # noqa: PTH208 - names
                waiting += [one for one in inside if not one.startswith(tuple(skipped))]
            elif not stat.S_ISREG(status.st_mode):
                found.append(FoundFile(name, "other", mode, age, problem="no file, folder or link"))
            elif status.st_size > left:
                found.append(FoundFile(name, "file", mode, age, problem=f"{status.st_size} bytes"))
            else:
                left -= status.st_size
                found.append(FoundFile(name, "file", mode, age, path.read_bytes()))
    return found


def describe_files(found: Iterable[FoundFile], blobs: Blobs) -> list[dict[str, Any]]:
    """Files as members of a bundle's document; what it can't have is noted in `left_out`."""
    described = []
    for one in found:
        if one.problem:
            blobs.left_out.append(f"the file {one.path}: {one.problem}")
        entry: dict[str, Any] = {"path": one.path, "kind": one.kind, "mode": one.mode, "age": round(one.age, 3)}
        if one.kind == "link":
            entry["target"] = one.target
        elif one.kind == "file":
            entry["content"] = None if one.content is None else blobs.add(one.content, f"the file {one.path}")
        if all(_is_text(text) for text in (one.path, one.target)):
            described.append(entry)
        else:
            blobs.left_out.append(f"a file whose name is no UTF-8: {one.path!r}")
    return described


def restore_files(
    files: Member, bundle: Bundle, folder: Path, rewrite: Callable[[bytes], bytes], *, trusted: bool
) -> None:
    """Make files of a bundle in a folder, which must be empty; nothing is written outside of it.

    Args:
        files: of the document.
        bundle: has their contents.
        folder: where.
        rewrite: what becomes of contents and of the targets of links, for paths that stand in them.
        trusted: whether files may be programs, and links may lead out of the folder.

    Raises:
        BundleError: a path or link leads out of the folder.
    """
    now = time.time()
    folders: list[tuple[Path, int]] = []
    links: list[tuple[Path, Member, str]] = []
    for entry in files.members():
        path = folder / _relative(entry["path"])
        kind, mode = entry["kind"].text(), entry["mode"].integer() & 0o777
        if kind == "folder":
            path.mkdir(0o700, parents=False)
            folders.append((path, mode))
        elif kind == "link":
            links.append((path, entry["target"], os.fsdecode(rewrite(os.fsencode(entry["target"].text())))))
        elif kind == "file" and (digest := entry.get("content")) is not None:
            path.write_bytes(rewrite(bundle.content(digest)))
            path.chmod(mode if trusted else mode & ~0o111)
            age = entry["age"].value
            when = now - float(age) if isinstance(age, int | float) and 0 <= age < now else now
            os.utime(path, (when, when))
    for path, entry, target in links:  # behind all files: nothing was written through one
        if not trusted and not _inside(path, target, folder):
            raise BundleError(f"{entry.place} leads out of the bundle's folder: {target[:200]!r} (--trust allows it)")
        path.symlink_to(target)
    for path, mode in reversed(folders):
        path.chmod(mode)


def _relative(member: Member) -> PurePosixPath:
    text = member.text()
    path = PurePosixPath(text)
    if len(text) > _PATH or path.is_absolute() or not path.parts or ".." in path.parts or "\\" in text:
        raise BundleError(f"{member.place} is no path in the bundle's folder: {text[:200]!r}")
    return path


def _inside(path: Path, target: str, folder: Path) -> bool:
    parts = PurePosixPath(target).parts
    if any(part == ".." for part in parts[parts.count("..") :]):  # behind a name, which may be a link
        return False
    return Path(os.path.normpath(path.parent / target)).is_relative_to(folder)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
