"""What of an image has arrived: files are told by the digests of their bytes, in whatever form a tool stores them."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, cast

import yaml
import zstandard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

__all__ = ["Arrival", "ArrivalError", "find_blobs", "read_files"]

_CHUNK = 1 << 20
_COUNT = 10_000  # files, or members of an archive, that are looked at
_FILE = 1 << 20  # bytes of a file in a layer
_READABLE = (".json", ".yaml", ".yml")
_FOLDER = "manifests/"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class ArrivalError(Exception):
    """What arrived is whole, and yet no files can be read in it."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file, or a member of an archive."""

    path: Path
    member: tarfile.TarInfo | None = None

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Its bytes."""
        with self.path.open("rb") as file:
            if self.member is None:
                yield file
                return
            with tarfile.open(fileobj=file, mode="r:") as archive:
                yield cast("IO[bytes]", archive.extractfile(self.member))


@dataclass(frozen=True, slots=True)
class Arrival:
    """What was wanted: `blobs`, by digest, have arrived, `missing` haven't. `others` are names of other bytes."""

    blobs: dict[str, Blob]
    missing: tuple[str, ...]
    others: tuple[str, ...] = field(default=())


def find_blobs(place: Path, wanted: Sequence[str]) -> Arrival:
    """Look for blobs by their digests, in a file, in the members of an archive, or in all files of a folder.

    So it doesn't matter whether the tool makes a layout of OCI's or of its own. A layer that a tool has decompressed is
    other bytes.

    Args:
        place: where the tool was told to put the image; it need not be there.
        wanted: digests.
    """
    algorithms = {digest.partition(":")[0] for digest in wanted} & hashlib.algorithms_available
    found: dict[str, Blob] = {}
    others = []
    for number, blob in enumerate(_blobs(place)):
        if number == _COUNT:
            break
        digests = _digests(blob, algorithms)
        if fitting := digests & set(wanted):
            found.update(dict.fromkeys(fitting, blob))
        else:
            others.append(blob.member.name if blob.member else blob.path.name)
    return Arrival(found, tuple(digest for digest in wanted if digest not in found), tuple(others))


def read_files(arrival: Arrival, layers: Sequence[str]) -> dict[str, Any]:
    """The data of the files in an image's `manifests/` that are JSON or YAML, by path, as policies see them.

    The layers have their digests, so they are the scenario's own. A file of an upper layer hides that of a lower one.

    Raises:
        ArrivalError: a layer, or a file in it, can't be read.
    """
    files: dict[str, Any] = {}
    for digest in layers:
        try:
            with arrival.blobs[digest].open() as stored, _decompress(stored) as data:
                files.update(_readable(data))
        except (tarfile.TarError, OSError, EOFError, zlib.error, zstandard.ZstdError, yaml.YAMLError, ValueError):
            raise ArrivalError(f"the layer {digest} has arrived whole, and is no archive that can be read") from None
    return files


def _blobs(place: Path) -> Iterator[Blob]:
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.is_file():
                yield Blob(path)
    elif place.is_file():
        try:
            with tarfile.open(place, mode="r:") as archive:
                yield from (Blob(place, member) for member in archive if member.isfile())
        except tarfile.TarError:
            yield Blob(place)


def _digests(blob: Blob, algorithms: Collection[str]) -> set[str]:
    """The digests of its bytes; none when it breaks off, as an archive's last member may."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    try:
        with blob.open() as data:
            while chunk := data.read(_CHUNK):
                for one in hashes.values():
                    one.update(chunk)
    except (OSError, tarfile.TarError):
        return set()
    return {f"{name}:{one.hexdigest()}" for name, one in hashes.items()}


@contextmanager
def _decompress(stored: IO[bytes]) -> Iterator[IO[bytes]]:
    magic = stored.read(len(_ZSTD))
    stored.seek(0)
    if magic.startswith(_GZIP):
        with gzip.GzipFile(fileobj=stored) as data:
            yield cast("IO[bytes]", data)
    elif magic == _ZSTD:
        with zstandard.ZstdDecompressor().stream_reader(stored) as data:
            yield cast("IO[bytes]", data)
    else:
        yield stored


def _readable(data: IO[bytes]) -> Iterator[tuple[str, Any]]:
    with tarfile.open(fileobj=data, mode="r|") as archive:
        for member in archive:
            if not (member.isfile() and member.name.startswith(_FOLDER) and member.name.endswith(_READABLE)):
                continue
            if member.size > _FILE:
                raise ValueError(f"{member.name} has more than {_FILE} bytes")
            file = archive.extractfile(member)
            if file is not None:
                yield member.name, yaml.safe_load(file.read())
    while data.read(_CHUNK):  # to the end, behind which a compression has its checksum
        pass
