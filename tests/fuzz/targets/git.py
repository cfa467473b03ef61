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

from dulwich.objects import Commit, ShaFile, Tree

from fuzz import seeds
from fuzz.target import target
from refimpl.errors import PolicyError
from refimpl.policy.sources import git
from refimpl.policy.sources.pack import check_pack, unpack
from refimpl.policy.sources.upload_pack import Advertisement, RefusedError, discover, fetch_pack

if TYPE_CHECKING:
    from collections.abc import Callable

    from refimpl.policy.sources.checkout import Objects

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

    def remote(*_: object) -> tuple[Objects, bytes]:
        return unpack(pack, limit=1 << 22), _name(b"commit", commit)

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


def _packets(*lines: bytes) -> bytes:
    return b"".join(b"%04x%s" % (len(line) + 4, line) if line else b"0000" for line in lines)


class _Answer:
    def __init__(self, url: str, kind: str, body: bytes) -> None:
        self.url = url
        self.content_type = f"application/x-git-upload-pack-{kind}"
        self.read = io.BytesIO(body).read

    def close(self) -> None:
        """Nothing is open."""


_ID = b"1" * 40
_SERVICE = (b"# service=git-upload-pack\n", b"")
_LINES = ("0000", "0001", "0004", "version 2\n", "ERR ", "NAK\n", "shallow ", "packfile\n", "\x01", "\x03")


@target(
    "git-advertisement",
    lambda: [
        _packets(*_SERVICE, _ID + b" HEAD\0shallow side-band-64k\n", _ID + b" refs/heads/main\n", b""),
        _packets(*_SERVICE, b"version 2\n", b"ls-refs\n", b"fetch=shallow\n", b""),
    ],
    *_LINES,
)
def _advertisement(data: bytes) -> None:
    found = discover("https://git.test/x", lambda url, *_: _Answer(url, "advertisement", data), version=2)
    assert all(len(value) == len(_ID) and b"\n" not in name for name, value in found.references.items())


@target(
    "git-answer",
    lambda: [
        _packets(b"shallow " + _ID, b"", b"NAK\n", b"\x02said", b"\x01PACK", b""),
        _packets(b"shallow-info\n", b"shallow " + _ID) + b"0001" + _packets(b"packfile\n", b"\x01PACK", b""),
    ],
    *_LINES,
)
def _answer(data: bytes) -> None:
    offers = ((0, (b"shallow", b"side-band-64k")), (0, ()), (2, (b"fetch=shallow",)))
    refused = 0
    for version, capabilities in offers:
        offer = Advertisement("https://git.test/x", version, {}, frozenset(capabilities))
        pack = bytearray()
        try:
            fetch_pack(offer, [_ID], lambda url, *_: _Answer(url, "result", data), pack.extend, whole=False)
        except RefusedError:
            refused += 1
        assert len(pack) <= len(data)
    if refused == len(offers):
        raise PolicyError
