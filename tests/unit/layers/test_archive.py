from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refimpl.layers.archive import Archive, Entry
from refimpl.oci.errors import LimitExceededError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable

LONG = "d/" * 80 + "n" * 120
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
FILES = {"a": b"A" * 700, "d/b": b"", "d/c.json": b"{}", "e": b"x" * 512}


def made(files: Iterable[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Source:
    def __init__(self, data: bytes, size: int = 1 << 20) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def read(self, size: int) -> bytes:
        return self._data.read(min(size, self._size))


def read(data: bytes, size: int = 1 << 20) -> dict[str, bytes]:
    archive = Archive(Source(data, size), entries=1000)
    return {entry.name: archive.content(1 << 20) for entry in archive}


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
@pytest.mark.parametrize("form", FORMATS)
def test_formats(form: str, size: int) -> None:
    files = dict(FILES) if form == "ustar" else {**FILES, LONG: b"long", "ünï/cødé": b"u"}
    assert read(made(files.items(), FORMATS[form]), size) == files


def test_ustar_prefix() -> None:
    name = "p" * 100 + "/" + "n" * 90
    assert read(made([(name, b"1")], tarfile.USTAR_FORMAT)) == {name: b"1"}


def test_kinds_and_links() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, link in (
            ("d/", tarfile.DIRTYPE, ""),
            ("s", tarfile.SYMTYPE, "t" * 150),
            ("h", tarfile.LNKTYPE, "d/x"),
            ("f", tarfile.FIFOTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            archive.addfile(info)
    found = list(Archive(Source(buffer.getvalue()), entries=10))
    assert [(entry.name.rstrip("/"), entry.kind, entry.link) for entry in found] == [
        ("d", "5", ""),
        ("s", "2", "t" * 150),
        ("h", "1", "d/x"),
        ("f", "6", ""),
    ]


def test_old_directories() -> None:
    buffer = bytearray(made([("old/", b"")], tarfile.USTAR_FORMAT))
    buffer[156] = 0
    checksum = sum(buffer[:148]) + 256 + sum(buffer[156:512])
    buffer[148:156] = b"%06o\0 " % checksum
    assert list(Archive(Source(bytes(buffer)), entries=1)) == [Entry("old/", "5", 0)]


def test_numbers_beyond_octal() -> None:
    info = tarfile.TarInfo("big")
    info.size = 1 << 35
    header = info.tobuf(tarfile.GNU_FORMAT)
    entry = next(iter(Archive(Source(header), entries=1)))
    assert entry.size == 1 << 35
    header = info.tobuf(tarfile.PAX_FORMAT)
    assert next(iter(Archive(Source(header), entries=1))).size == 1 << 35


@pytest.mark.parametrize("padding", [0, 512, 1024, 10240])
def test_the_end_may_be_short(padding: int) -> None:
    data = made(FILES.items()).rstrip(b"\0")
    whole = data + bytes(-len(data) % 512)
    assert read(whole + bytes(padding)) == FILES


def test_what_follows_the_end_is_not_read() -> None:
    assert read(made(FILES.items()) + b"rubbish") == FILES


@pytest.mark.parametrize("at", [1, 100, 511, 513, 800, 1535, 2047])
def test_cut_within_a_block_is_an_error(at: int) -> None:
    with pytest.raises(MalformedError):
        read(made(FILES.items())[:at])


def test_a_damaged_header_in_the_midst_is_an_error_not_an_end() -> None:
    data = bytearray(made(FILES.items()))
    data[1536 + 3] ^= 1  # the second entry's name: its checksum doesn't fit any more
    with pytest.raises(MalformedError, match="invalid tar header"):
        read(bytes(data))


def test_one_block_of_zeroes_in_the_midst_is_an_error() -> None:
    data = made(FILES.items())
    with pytest.raises(MalformedError, match="invalid tar header"):
        read(data[:1536] + bytes(512) + data[1536:])


def test_no_archive_at_all() -> None:
    with pytest.raises(MalformedError):
        read(b"no archive " * 100)
    assert read(b"") == {}
    assert read(bytes(1024)) == {}


def test_limits() -> None:
    data = made(FILES.items())
    with pytest.raises(LimitExceededError, match="more than 3 entries"):
        list(Archive(Source(data), entries=3))
    archive = Archive(Source(data), entries=4)
    iterator = iter(archive)
    next(iterator)
    with pytest.raises(LimitExceededError, match="file a has 700 bytes, more than 699"):
        archive.content(699)


def test_a_huge_pax_header_is_refused() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = b"x", 2 << 20
    with pytest.raises(MalformedError, match="header too long"):
        list(Archive(Source(info.tobuf(tarfile.USTAR_FORMAT) + bytes(4 << 20)), entries=1))


def test_sparse_files_are_passed_over_but_not_read() -> None:
    info = tarfile.TarInfo("sparse")
    info.type, info.size = b"S", 512
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 256 + sum(header[156:512]))
    data = bytes(header) + bytes(512) + b"s" * 512 + made([("after", b"1")])
    archive = Archive(Source(data), entries=5)
    assert [entry.name for entry in archive] == ["sparse", "after"]
    archive = Archive(Source(data), entries=5)
    next(iter(archive))
    with pytest.raises(MalformedError, match="sparse"):
        archive.content(1000)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.text("ab/.\u00e9", min_size=1, max_size=200), st.binary(max_size=1500)), max_size=5),
    st.integers(1, 3000),
)
def test_agrees_with_the_standard_library(files: list[tuple[str, bytes]], size: int) -> None:
    data = made(files)
    archive = Archive(Source(data, size), entries=100)
    with tarfile.open(fileobj=io.BytesIO(data)) as standard:
        expected = [(member.name, (standard.extractfile(member) or io.BytesIO()).read()) for member in standard]
    found = [(entry.name.rstrip("/"), archive.content(1 << 20)) for entry in archive]
    assert found == [(name.rstrip("/"), content) for name, content in expected]


@given(st.binary(max_size=2000))
def test_any_input_ends(data: bytes) -> None:
    try:
        read(data)
    except MalformedError:
        return
