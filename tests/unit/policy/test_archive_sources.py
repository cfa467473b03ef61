"""Archives as sources: whatever happens to them, the same rules come out of them, or an error."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from refimpl.errors import PolicyError
from refimpl.policy.sources import content, unpacking

if TYPE_CHECKING:
    from pathlib import Path

ALLOW, DENY = b"package allow\n", b"package deny\n"
FILES = {"a.rego": ALLOW, "d/b.rego": DENY}


def make_tar(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as made:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    data = stream.getvalue().rstrip(b"\0")
    return data + bytes(-len(data) % 512 + 1024)


def make_zip(files: dict[str, bytes], method: int = zipfile.ZIP_STORED, *, streamed: bool = False) -> bytes:
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    stream = Unseekable() if streamed else io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        for name, data in files.items():
            made.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


WHOLE = {
    "rules.tar": make_tar(FILES),
    "rules.tar.gz": gzip.compress(make_tar(FILES), mtime=0),
    "rules.tgz": gzip.compress(make_tar(FILES)[:700], mtime=0) + gzip.compress(make_tar(FILES)[700:], mtime=0),
    "rules.tar.bz2": bz2.compress(make_tar(FILES)),
    "rules.zip": make_zip(FILES),
    "deflated.zip": make_zip(FILES, zipfile.ZIP_DEFLATED),
    "streamed.zip": make_zip(FILES, zipfile.ZIP_DEFLATED, streamed=True),
}


def unpack(tmp_path: Path, name: str, data: bytes) -> dict[str, bytes]:
    source, destination = tmp_path / "packed", tmp_path / "destination"
    source.write_bytes(data)
    destination.mkdir(exist_ok=True)
    try:
        assert unpacking.unpack(source, destination, name=name)
        found = [path for path in destination.rglob("*") if path.is_file()]
        return {path.relative_to(destination).as_posix(): path.read_bytes() for path in found}
    finally:
        for folder, _, files in os.walk(destination, topdown=False):
            for file in files:
                os.unlink(f"{folder}/{file}")  # noqa: PTH108  # ten thousand times
            if folder != str(destination):
                os.rmdir(folder)  # noqa: PTH106


@pytest.mark.parametrize("name", WHOLE)
def test_whole_ones(tmp_path: Path, name: str) -> None:
    assert unpack(tmp_path, name, WHOLE[name]) == FILES


@pytest.mark.parametrize("name", WHOLE)
def test_cut_anywhere_is_an_error(tmp_path: Path, name: str) -> None:
    data = WHOLE[name]
    # Of a tar archive only what follows its end's first block may be missing, and of two gzip members the second.
    end = len(data) - 512 if name == "rules.tar" else len(data)
    for cut in range(end):
        with pytest.raises(PolicyError) as told:
            unpack(tmp_path, name, data[:cut])
        assert name in str(told.value), cut


@pytest.mark.parametrize("name", [name for name in WHOLE if name != "rules.tar"])
def test_a_flipped_bit_anywhere_changes_nothing_or_is_an_error(tmp_path: Path, name: str) -> None:
    data = WHOLE[name]
    for at in range(len(data)):
        for bit in range(8):
            changed = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            try:
                found = unpack(tmp_path, name, changed)
            except PolicyError:
                continue
            assert found == FILES, (at, bit)


def test_a_flipped_bit_in_a_header_of_tar_changes_nothing_or_is_an_error(tmp_path: Path) -> None:
    data = WHOLE["rules.tar"]
    for header in (0, 1024):
        for at in range(header, header + 512):
            for bit in range(8):
                changed = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
                try:
                    found = unpack(tmp_path, "rules.tar", changed)
                except PolicyError:
                    continue
                assert found == FILES, (at, bit)


@pytest.mark.parametrize("name", ["rules.zip", "deflated.zip"])
def test_a_zip_of_two_that_breaks_off_is_not_the_first(tmp_path: Path, name: str) -> None:
    second = make_zip({"c.rego": DENY})
    for cut in range(1, len(second)):
        with pytest.raises(PolicyError, match=r"isn't the end of the file|no end of the directory"):
            unpack(tmp_path, name, WHOLE[name] + second[:cut])
    with pytest.raises(PolicyError, match="doesn't fit the directory"):
        unpack(tmp_path, name, second + WHOLE[name])


def test_an_empty_tar_archive(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="tar file is empty"):
        unpack(tmp_path, "rules.tar", bytes(1024))


def test_a_zip_with_more_members_than_its_count_can_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{number}.rego": b"" for number in range(0x10000)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in files:
            made.writestr(zipfile.ZipInfo(name), b"")
    monkeypatch.setattr(content.Budget, "write", lambda _self, _chunks, _path: written.append(None))
    written: list[None] = []
    unpack(tmp_path, "rules.zip", stream.getvalue())
    assert len(written) == len(files)


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """A zip bomb: many names for the same large member."""
    data = bytearray(make_zip({"a.rego": ALLOW, "b.rego": DENY}))
    entries = [at for at in range(len(data)) if data.startswith(b"PK\x01\x02", at)]
    data[entries[1] + 42 : entries[1] + 46] = bytes(4)
    with pytest.raises(PolicyError, match="belong to no member, or to two"):
        unpack(tmp_path, "rules.zip", bytes(data))


def test_encrypted_and_strangely_compressed_members_are_refused(tmp_path: Path) -> None:
    lzma = make_zip(FILES, zipfile.ZIP_LZMA)
    encrypted = bytearray(WHOLE["rules.zip"])
    for at in range(len(encrypted)):
        if encrypted.startswith(b"PK\x03\x04", at):
            encrypted[at + 6] |= 1
        if encrypted.startswith(b"PK\x01\x02", at):
            encrypted[at + 8] |= 1
    for data in (lzma, bytes(encrypted)):
        with pytest.raises(PolicyError, match="encrypted, or compressed in a way"):
            unpack(tmp_path, "rules.zip", data)


def test_what_a_zip_says_of_its_sizes_is_checked_before_it_is_believed(tmp_path: Path) -> None:
    data = bytearray(WHOLE["deflated.zip"])
    for at in range(len(data)):
        if data.startswith(b"PK\x01\x02", at):
            data[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFFE)
    with pytest.raises(PolicyError, match=r"zip: member a\.rego at byte 0"):
        unpack(tmp_path, "rules.zip", bytes(data))


@pytest.mark.parametrize("name", ["rules.tar", "rules.zip"])
def test_names_twice_are_refused(tmp_path: Path, name: str) -> None:
    members = [("a.rego", DENY), ("./a.rego", ALLOW)]
    data = (make_tar if name == "rules.tar" else make_zip)(dict(members))
    with pytest.raises(PolicyError, match=r"\./a\.rego is there twice"):
        unpack(tmp_path, name, data)


def test_bombs_end_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(unpacking, "_MAX_HEADERS", 1 << 16)
    squeezed = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = squeezed.compress(bytes(64 << 20)) + squeezed.flush()
    with pytest.raises(PolicyError, match="more than"):
        unpack(tmp_path, "rules.rego.gz", bomb)
    with pytest.raises(PolicyError, match="more than"):
        unpack(tmp_path, "rules.zip", make_zip({"a.rego": bytes(2 << 20)}, zipfile.ZIP_DEFLATED))
    monkeypatch.setattr(content, "MAX_FILES", 3)
    for name, data in (
        ("rules.tar", make_tar({f"{number}/": b"" for number in range(4)})),
        ("rules.zip", make_zip({f"{number}/": b"" for number in range(4)})),
    ):
        with pytest.raises(PolicyError, match="more than 3"):
            unpack(tmp_path, name, data)


def test_folders_that_only_names_tell_of_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MAX_FILES", 20)
    few = {f"{number}/a/b/c/main.rego": ALLOW for number in range(4)}
    many = {f"{number}/a/b/c/main.rego": ALLOW for number in range(5)}
    for name, make in (("rules.tar", make_tar), ("rules.zip", make_zip)):
        assert unpack(tmp_path, name, make(few)) == few
        with pytest.raises(PolicyError, match="more than 20"):
            unpack(tmp_path, name, make(many))


@pytest.mark.parametrize("depth", [201, 2000])
def test_folders_have_a_depth(tmp_path: Path, depth: int) -> None:
    deep = {"a/" * depth + "main.rego": ALLOW}
    for name, make in (("rules.tar", make_tar), ("rules.zip", make_zip)):
        with pytest.raises(PolicyError, match="nested deeper than 200 folders"):
            unpack(tmp_path, name, make(deep))


@pytest.mark.skipif(os.name == "nt", reason="there they separate directories and name drives")
@pytest.mark.parametrize("name", ["a\\b.rego", "c:d.rego", "docs/x:y.md", "C:\\z.rego"])
def test_names_that_windows_reads_otherwise(tmp_path: Path, name: str) -> None:
    assert unpack(tmp_path, "rules.tar", make_tar({name: ALLOW})) == {name: ALLOW}
    assert unpack(tmp_path, "rules.zip", make_zip({name: ALLOW})) == {name: ALLOW}


@pytest.mark.parametrize("name", ["rules.tar.xz", "rules.tar.zst", "rules.7z"])
def test_compressed_in_ways_that_arent_known(tmp_path: Path, name: str) -> None:
    magic = {"xz": b"\xfd7zXZ\0", "zst": b"\x28\xb5\x2f\xfd", "7z": b"7z\xbc\xaf\x27\x1c"}[name.rpartition(".")[2]]
    with pytest.raises(PolicyError, match="no expander available"):
        unpack(tmp_path, name, magic + bytes(100))
