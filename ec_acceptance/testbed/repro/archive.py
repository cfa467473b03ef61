"""The archive: one document, and contents by their digests. It is read as something that strangers wrote."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from ec_acceptance.testbed.repro.document import BundleError, Member, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["FORMAT", "NAME", "Blobs", "Bundle", "read_bundle", "write_bundle"]

FORMAT = 1
NAME = "repro.tar.gz"
"""What the archive of a scenario is called in its folder of artifacts."""

_DOCUMENT = "repro.json"
_README = "README.txt"
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_KEPT = 64 << 20  # bytes of contents that a bundle is given
_READ = 256 << 20  # bytes that are read of one, decompressed
_MEMBERS = 100_000
_DOCUMENT_BYTES = 32 << 20
_WORDS = """\
A failed scenario of ec-acceptance, with all that its validator was served.

    ec-conformance replay repro.tar.gz                     runs ec-ref on it again
    ec-conformance replay repro.tar.gz -- /path/to/other   runs another validator

repro.json describes it; what it names by digest is in blobs/. All keys in here were made by the testbed for its
scenarios, from a seed that everybody knows: they are no secrets, and nothing but its scenarios trusts them.
"""


@dataclass(slots=True)
class Blobs:
    """Contents for a bundle, by digest, up to a limit; `left_out` has a line for each that didn't fit."""

    contents: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, content: bytes, what: str) -> str | None:
        """Keep a content; its SHA-256 in hexadecimal digits, None when there is no room for it."""
        digest = hashlib.sha256(content).hexdigest()
        if digest in self.contents:
            return digest
        if not self.has_room(len(content), what):
            return None
        self.contents[digest] = content
        self.size += len(content)
        return digest

    def has_room(self, size: int, what: str) -> bool:
        """Whether so many bytes still fit; else they are noted as left out. Ask before large ones are read."""
        if self.size + size <= _KEPT:
            return True
        if (line := f"{what}: {size} bytes") not in self.left_out:
            self.left_out.append(line)
        return False


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read."""

    document: Member
    contents: Mapping[str, bytes]

    def content(self, digest: Member) -> bytes:
        """What the document names by a digest.

        Raises:
            BundleError: it isn't there.
        """
        try:
            return self.contents[digest.text()]
        except KeyError:
            raise BundleError(f"{digest.place}: there is no such content in the bundle") from None


def write_bundle(path: Path, document: Mapping[str, Any], blobs: Blobs) -> None:
    """Write an archive; equal contents give equal bytes."""
    members = [(_README, _WORDS.encode()), (_DOCUMENT, (json.dumps(document, indent=1) + "\n").encode())]
    members += [(f"blobs/{digest}", content) for digest, content in sorted(blobs.contents.items())]
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", 1, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def read_bundle(path: Path) -> Bundle:
    """Read an archive, whoever made it: into memory, within limits, each content held against its digest.

    Raises:
        BundleError: it can't be read, or is no such archive.
    """
    document: Member | None = None
    contents: dict[str, bytes] = {}
    try:
        with (
            path.open("rb") as file,
            gzip.GzipFile(fileobj=file) as unpacked,
            tarfile.open(fileobj=_Limited(unpacked), mode="r|", errorlevel=2) as archive,
        ):
            for number, member in enumerate(archive):
                if number == _MEMBERS:
                    raise BundleError(f"it has more than {_MEMBERS} members")
                content = _content(archive, member)
                if member.name == _DOCUMENT and document is None:
                    document = parse(content, _DOCUMENT)
                elif found := _BLOB.fullmatch(member.name):
                    if hashlib.sha256(content).hexdigest() != found[1]:
                        raise BundleError(f"{member.name} has another digest")
                    contents[found[1]] = content
                elif member.name != _README:
                    raise BundleError(f"it has a member that doesn't belong to it: {member.name[:200]!r}")
    except (OSError, EOFError, ValueError, OverflowError, tarfile.TarError, zlib.error) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise BundleError(f"no archive that can be read: {reason}") from None
    if document is None:
        raise BundleError(f"it has no {_DOCUMENT}")
    if document["format"].integer() != FORMAT:
        raise BundleError(f"it is of format {document['format'].integer()}, and only {FORMAT} can be read")
    return Bundle(document, contents)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or member.issparse():
        raise BundleError(f"it has a member that is no file: {member.name[:200]!r}")
    if member.size > (_DOCUMENT_BYTES if member.name == _DOCUMENT else _KEPT):
        raise BundleError(f"{member.name[:200]!r} is too large: {member.size} bytes")
    reader = archive.extractfile(member)
    content = reader.read() if reader is not None else b""
    if len(content) != member.size:
        raise BundleError(f"{member.name[:200]!r} breaks off")
    return content


class _Limited(io.RawIOBase):
    """A stream that gives no more than so many bytes."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._stream = stream
        self._left = _READ

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(min(size, 1 << 20) if size >= 0 else 1 << 20)
        self._left -= len(content)
        if self._left < 0:
            raise BundleError(f"it has more than {_READ >> 20} MiB, decompressed")
        return content
