from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refimpl.layers.archive
from refimpl.errors import LimitExceededError, MalformedError
from refimpl.layers.archive import Archive, Entry

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

LONG = "d/" * 80 + "n" * 120
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
FILES = {"a": b"A" * 700, "d/b": b"", "d/c.json": b"{}", "e": b"x" * 512}


def make_tar(files: Iterable[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
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
    assert read(make_tar(files.items(), FORMATS[form]), size) == files


def test_ustar_prefix() -> None:
    name = "p" * 100 + "/" + "n" * 90
    assert read(make_tar([(name, b"1")], tarfile.USTAR_FORMAT)) == {name: b"1"}


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
    buffer = bytearray(make_tar([("old/", b"")], tarfile.USTAR_FORMAT))
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
    data = make_tar(FILES.items()).rstrip(b"\0")
    whole = data + bytes(-len(data) % 512)
    assert read(whole + bytes(padding)) == FILES


@pytest.mark.parametrize("missing", [1, 100, 323, 324])
def test_the_last_files_padding_may_be_missing(missing: int) -> None:
    data = make_tar([("b", b"B"), ("a", b"A" * 700)])[: 512 + 512 + 512 + 1024]
    assert read(data[: len(data) - missing]) == {"b": b"B", "a": b"A" * 700}
    with pytest.raises(MalformedError):
        read(data[: len(data) - 325])


def test_padding_may_be_missing_after_a_header_that_describes_none() -> None:
    data = make_tar([("b", b"B")])[:1024] + special(b"x", b"10 path=a\n")
    assert read(data[:-100]) == read(data[:-502]) == {"b": b"B"}


def seal(header: bytes | bytearray) -> bytes:
    """A header with its checksum."""
    return bytes(header[:148]) + b"%06o\0 " % (sum(header[:148]) + 256 + sum(header[156:512])) + bytes(header[156:])


def special(kind: bytes, data: bytes, name: str = "special") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def test_gnu_names_count_before_pax_ones_in_either_order() -> None:
    pax, gnu = special(b"x", b"12 path=pax\n"), special(b"L", b"gnu\0")
    assert list(read(pax + gnu + make_tar([("f", b"1")]))) == ["gnu"]
    assert list(read(gnu + pax + make_tar([("f", b"1")]))) == ["gnu"]


def test_of_two_pax_headers_the_second_counts() -> None:
    first, second = special(b"x", b"12 path=pax\n"), special(b"x", b"11 other=1\n")
    assert list(read(first + second + make_tar([("f", b"1")]))) == ["f"]


def test_a_global_header_is_an_entry_and_says_nothing_of_others() -> None:
    data = special(b"g", b"12 path=pax\n") + special(b"g", b"11 other=1\n", "d/g.yaml") + make_tar([("f", b"1")])
    entries = list(Archive(Source(data), entries=9))
    assert [(entry.name, entry.kind, entry.size) for entry in entries] == [
        ("pax", "g", 0),
        ("d/g.yaml", "g", 0),
        ("f", "0", 1),
    ]


def test_an_old_directory_has_no_content() -> None:
    info = tarfile.TarInfo("old/")
    info.size = 512
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[156] = 0
    assert list(read(seal(header) + make_tar([("after", b"1")]))) == ["old/", "after"]


@pytest.mark.parametrize(
    ("time", "name"),
    [(b"\0" * 12, "f"), (b"00000000001\0", "f"), (b"\xff" * 12, "f"), (b"directory/\0\0", "p/f")],
    ids=["none", "octal", "negative", "prefix"],
)
def test_a_prefix_where_gnu_has_times(time: bytes, name: str) -> None:
    header = bytearray(tarfile.TarInfo("f").tobuf(tarfile.GNU_FORMAT))
    header[345:347] = b"p\0"
    header[357:369] = time
    if name == "f":
        header[345:357] = time
        header[400:401] = b"p"
    assert [entry.name for entry in Archive(Source(seal(header)), entries=1)] == [name]


@pytest.mark.parametrize("size", [b"0000000001_0", b"+0000000010\0", b"1 0\0\0\0\0\0\0\0\0\0", b"0000000008\0\0"])
def test_numbers_that_are_none(size: bytes) -> None:
    header = bytearray(tarfile.TarInfo("f").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = size
    with pytest.raises(MalformedError, match="invalid tar header"):
        list(Archive(Source(seal(header) + bytes(1024)), entries=1))


def test_what_follows_the_end_is_not_read() -> None:
    assert read(make_tar(FILES.items()) + b"rubbish") == FILES


@pytest.mark.parametrize("at", [1, 100, 511, 513, 800, 1211, 2047])
def test_cut_within_a_block_is_an_error(at: int) -> None:
    with pytest.raises(MalformedError):
        read(make_tar(FILES.items())[:at])


def test_a_damaged_header_in_the_midst_is_an_error_not_an_end() -> None:
    data = bytearray(make_tar(FILES.items()))
    data[1536 + 3] ^= 1  # the second entry's name: its checksum doesn't fit any more
    with pytest.raises(MalformedError, match="invalid tar header"):
        read(bytes(data))


def test_one_block_of_zeroes_in_the_midst_is_an_error() -> None:
    data = make_tar(FILES.items())
    with pytest.raises(MalformedError, match="invalid tar header"):
        read(data[:1536] + bytes(512) + data[1536:])


def test_no_archive_at_all() -> None:
    with pytest.raises(MalformedError):
        read(b"no archive " * 100)
    assert read(b"") == {}
    assert read(bytes(1024)) == {}


def test_limits() -> None:
    data = make_tar(FILES.items())
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


def test_many_small_headers_are_refused() -> None:
    many = special(b"x", b"11 other=1\n") * 17_000
    with pytest.raises(MalformedError, match="header too long"):
        read(many + make_tar(FILES.items()))


def test_a_header_is_read_in_time_linear_in_its_records(monkeypatch: pytest.MonkeyPatch) -> None:
    matched = 0
    pattern = refimpl.layers.archive._RECORD

    class Counting:
        def match(self, data: bytes, at: int) -> re.Match[bytes] | None:
            nonlocal matched
            found = pattern.match(data, at)
            matched += len(found[0]) if found else len(data)
            return found

    monkeypatch.setattr(refimpl.layers.archive, "_RECORD", Counting())
    data = special(b"x", b"6 a=b\n" * 170_000)
    assert list(read(data + make_tar([("f", b"1")]))) == ["f"]
    assert matched < len(data)


@pytest.mark.parametrize(
    "record", [b"size=-1", b"size=99999999999999999999", b"size=" + b"1" * 5000, b"uid=x"], ids=len
)
def test_numbers_in_records_that_are_none(record: bytes) -> None:
    length = len(record) + 2
    while length != len(b"%d %s\n" % (length, record)):
        length = len(b"%d %s\n" % (length, record))
    with pytest.raises(MalformedError, match="invalid tar header at byte"):
        read(special(b"x", b"%d %s\n" % (length, record)) + make_tar([("f", b"1")]))


def test_a_name_that_only_sparse_files_have() -> None:
    named = special(b"x", b"27 GNU.sparse.name=elsewhere\n".replace(b"27", b"29"))
    assert list(read(named + make_tar([("f", b"1")]))) == ["f"]
    sparse = special(b"x", b"29 GNU.sparse.name=elsewhere\n22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n")
    assert [entry.name for entry in Archive(Source(sparse + make_tar([("f", b"1")])), entries=9)] == ["elsewhere"]


def test_long_names_are_refused() -> None:
    with pytest.raises(LimitExceededError, match="more than 4096 characters"):
        read(make_tar([("n" * 4097, b"")]))


def test_a_marked_end() -> None:
    data = make_tar(FILES.items())
    assert strictly(data) == FILES
    for cut in range(len(data.rstrip(b"\0")) + 511):
        if cut % 512 == 0 and data[cut : cut + 1024] == bytes(1024):
            continue
        with pytest.raises(MalformedError):
            strictly(data[:cut])
    with pytest.raises(MalformedError, match="data after the end of the archive"):
        strictly(data + make_tar(FILES.items()))


def test_a_flipped_bit_never_loses_files() -> None:
    data = make_tar({"a": b"", "l" * 120: b""}.items(), tarfile.GNU_FORMAT)[: 6 * 512]
    names = set(strictly(data))
    for at in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            try:
                assert len(strictly(bytes(damaged))) == len(names)
            except MalformedError:
                continue


def strictly(data: bytes) -> dict[str, bytes]:
    archive = Archive(Source(data), entries=1000, marked_end=True)
    return {entry.name: archive.content(1 << 20) for entry in archive}


def test_sparse_files_are_passed_over_but_not_read() -> None:
    info = tarfile.TarInfo("sparse")
    info.type, info.size = b"S", 512
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 256 + sum(header[156:512]))
    data = bytes(header) + bytes(512) + b"s" * 512 + make_tar([("after", b"1")])
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
    data = make_tar(files)
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
