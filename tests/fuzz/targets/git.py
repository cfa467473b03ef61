"""Packs, trees and commits that git servers send."""

from __future__ import annotations

import hashlib
import io
import struct
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Commit, ShaFile, Tree

from fuzz import seeds
from fuzz.target import target
from refimpl.errors import PolicyError
from refimpl.policy.sources import git
from refimpl.policy.sources.pack import check_pack

if TYPE_CHECKING:
    from collections.abc import Callable

_TAIL = b"author a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nm\n"
_MODES = ("100644 ", "40000 ", "120000 ", "160000 ", "..", ".git", ".GIT", "/", "\\", ":")
_SCRATCH = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made in it


def _raw(kind: type[ShaFile]) -> Callable[[], list[bytes]]:
    return lambda: [made.as_raw_string() for made in seeds.git_objects() if isinstance(made, kind)]


@target("pack", seeds.objects, b"PACK\x00\x00\x00\x02", b"\x78\x9c")
def _pack(data: bytes) -> None:
    check_pack(io.BytesIO(data), limit=1 << 22)


def _packed(*objects: tuple[int, bytes]) -> bytes:
    """A pack of objects, each given by the number of its type and its content."""
    out = bytearray(b"PACK" + struct.pack(">LL", 2, len(objects)))
    for kind, content in objects:
        size = len(content)
        first, size = kind << 4 | size & 15, size >> 4
        while size:
            out.append(first | 0x80)
            first, size = size & 0x7F, size >> 7
        out.append(first)
        out += zlib.compress(content, 1)
    return bytes(out + hashlib.sha1(out, usedforsecurity=False).digest())


def _fetch(tree: bytes | None = None, commit: bytes | None = None) -> None:
    """Fetch from a server whose repository has a tree, or a commit, of its own making."""
    objects = [(made.type_num, made.as_raw_string()) for made in seeds.git_objects()]
    if tree is not None:
        objects.append((Tree.type_num, tree))
        commit = b"tree %b\n%b" % (_name(b"tree", tree), _TAIL)
    assert commit is not None
    pack = io.BytesIO(_packed(*objects, (Commit.type_num, commit)))

    def remote(*_: object) -> tuple[MemoryObjectStore, bytes]:
        store = MemoryObjectStore()
        git._add(store, pack)
        return store, _name(b"commit", commit)

    with (
        patch.object(git, "_remote", remote),
        tempfile.TemporaryDirectory(prefix="fuzz-", dir=_SCRATCH) as folder,
    ):
        git.fetch("git::https://git.test/repository", Path(folder), web=None)  # type: ignore[arg-type]  # asks nobody


def _name(kind: bytes, content: bytes) -> bytes:
    digest = hashlib.sha1(b"%b %d\0%b" % (kind, len(content), content), usedforsecurity=False)
    return digest.hexdigest().encode()


@target("git-tree", _raw(Tree), *_MODES, refuses=(OSError,))
def _tree(data: bytes) -> None:
    _fetch(tree=data)


@target("git-commit", _raw(Commit), "tree ", "author ", "+0000", refuses=(OSError,))
def _commit(data: bytes) -> None:
    _fetch(commit=data)


@target(
    "git-url",
    lambda: [b"git::https://u:p@h.test/x.git//s?ref=main&depth=1", b"git@h:x//y", b"file:///x"],
    "?ref=",
    "//",
    "::",
)
def _url(data: bytes) -> None:
    found = git.GitURL.parse(data.decode("utf-8", "surrogateescape"))
    if not found.address:
        raise PolicyError
