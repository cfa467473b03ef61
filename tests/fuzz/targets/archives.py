"""Layers, and archives of policies."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz import seeds
from fuzz.target import target
from refimpl.layers.archive import Archive
from refimpl.layers.limits import Limits
from refimpl.layers.listing import read_listing
from refimpl.layers.stream import Decompressed
from refimpl.policy.sources import unpacking

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 1 << 22
_BLOCK = 512
_LIMITS = Limits(layer_bytes=_MOST, file_bytes=1 << 20, entries=10_000)
_FOLDERS = frozenset({"manifests"})


def _add_checksum(data: bytes) -> bytes:
    """The same with right checksums, where blocks look like headers: else nearly every change is refused there."""
    changed = bytearray(data)
    for start in range(0, len(data) - _BLOCK + 1, _BLOCK):
        if data[start + 257 : start + 262] == b"ustar":
            field = slice(start + 148, start + 156)
            changed[field] = b" " * 8
            changed[field] = b"%06o\0 " % sum(changed[start : start + _BLOCK])
    return bytes(changed)


def _tars() -> Iterable[bytes]:
    yield from seeds.layers("none")
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as made:
            info = tarfile.TarInfo(
                "manifests/" + "n" * 120 + ".yaml" if form != tarfile.USTAR_FORMAT else "manifests/a.json"
            )
            info.size = 4
            made.addfile(info, io.BytesIO(b"a: 1"))
        yield out.getvalue()[: 4 * _BLOCK]


@target(
    "tar", _tars, "ustar\0", "ustar  \0", b"\x80" + b"\0" * 10 + b"\x01", b"\xff" * 12, "16 path=manifests\n", "0000000"
)
def _tar(data: bytes) -> None:
    entries = Archive(io.BytesIO(_add_checksum(data)), entries=10_000)
    for entry in entries:
        if not entry.sparse and entry.size <= _MOST:
            content = entries.content(_MOST)
            assert len(content) == entry.size


@target("tar-as-it-is", _tars, "ustar\0")
def _tar_as_it_is(data: bytes) -> None:
    for _ in Archive(io.BytesIO(data), entries=10_000):
        pass


def _decompress(data: bytes) -> bytes:
    stream = Decompressed(io.BytesIO(data), _MOST)
    parts = []
    while part := stream.read(1 << 20):
        parts.append(part)
    return b"".join(parts)


@target("gzip", lambda: seeds.layers("gzip"), b"\x1f\x8b\x08", b"\x1f\x8b\x08\x1f\x00\x00\x00\x00\x00\x03")
def _gzip(data: bytes) -> None:
    found = _decompress(data)
    if data.startswith(b"\x1f\x8b"):
        assert found == gzip.decompress(data)


@target("zstd", lambda: seeds.layers("zstd"), b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18\x00\x00\x00\x00")
def _zstd(data: bytes) -> None:
    _decompress(data)


@target("layer", lambda: [*seeds.layers("none"), *seeds.layers("gzip")], ".wh.", ".wh..wh..opq", "manifests/", "../")
def _layer(data: bytes) -> None:
    read_listing(io.BytesIO(data if data.startswith(b"\x1f\x8b") else _add_checksum(data)), _FOLDERS, _LIMITS)


def _unpack(data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_scratch()) as folder:
        source, destination = Path(folder, "source"), Path(folder, "destination")
        source.write_bytes(data)
        destination.mkdir()
        unpacking.unpack(source, destination, name=name)


def _scratch() -> str | None:
    """Where files cost no writing to a disk, if there is such a place."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made in it


def _zips() -> Iterable[bytes]:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as made:
            made.writestr("policy/main.rego", b"package main\n" * 30)
            made.writestr("policy/", b"")
            made.writestr("data.yaml", b"a: 1\n")
        yield out.getvalue()


@target("zip", _zips, b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", refuses=(OSError,))
def _zip(data: bytes) -> None:
    _unpack(data, "policy.zip")


@target("policy-tar", _tars, "ustar\0", "16 path=manifests\n", refuses=(OSError,))
def _policy_tar(data: bytes) -> None:
    _unpack(_add_checksum(data), "policy.tar")


@target(
    "policy-tar.gz", lambda: [gzip.compress(data, mtime=0) for data in _tars()], b"\x1f\x8b\x08", refuses=(OSError,)
)
def _policy_tar_gz(data: bytes) -> None:
    _unpack(data, "policy.tar.gz")
