from __future__ import annotations

import bz2
import gzip
import io
import zlib
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

import refimpl.layers.stream
from ec_acceptance.testbed.fixtures.images import filler
from refimpl.errors import LimitExceededError, MalformedError
from refimpl.layers.stream import Decompressed

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = b"some text, " * 1000 + filler("stream", 300_000) + bytes(3_000_000)
NO_LIMIT = 1 << 40


class Dribble:
    """A source that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def read(self, size: int) -> bytes:
        return self._data.read(min(size, self._size))


def out(data: bytes, size: int = 1 << 18, limit: int = NO_LIMIT) -> bytes:
    stream = Decompressed(Dribble(data, size), limit)
    parts = []
    while part := stream.read(1 << 20):
        assert len(part) <= 1 << 20
        parts.append(part)
    assert stream.read(1) == b""
    return b"".join(parts)


def frame(data: bytes, *, checksum: bool = True, size: bool = True) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=checksum, write_content_size=size).compress(data)


FORMS = {
    "plain": PLAIN,
    "gzip": gzip.compress(PLAIN, mtime=0),
    "gzip, stored": gzip.compress(PLAIN, 0, mtime=0),
    "gzip, two members": gzip.compress(PLAIN[:1000], mtime=0) + gzip.compress(PLAIN[1000:], mtime=0),
    "gzip, padded": gzip.compress(PLAIN, mtime=0) + bytes(700),
    "zstd": frame(PLAIN),
    "zstd, bare": frame(PLAIN, checksum=False, size=False),
    "zstd, two frames": frame(PLAIN[:1000]) + frame(b"") + frame(PLAIN[1000:]),
    "zstd, skippable frames": b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
    + frame(PLAIN)
    + b"\x5f\x2a\x4d\x18\x00\x00\x00\x00",
}


@pytest.mark.parametrize("size", [7777, 1 << 18])
@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str, size: int) -> None:
    assert out(FORMS[form], size) == PLAIN


@pytest.mark.parametrize(
    "form", ["gzip", "gzip, stored", "gzip, two members", "zstd", "zstd, bare", "zstd, two frames"]
)
def test_cut_anywhere_is_an_error(form: str) -> None:
    data = FORMS[form]
    for at in (5, 20, len(data) // 3, len(data) // 2, len(data) - 5, len(data) - 1):
        with pytest.raises(MalformedError, match=r"EOF|header"):
            out(data[:at])


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_rubbish_behind_is_an_error(form: str) -> None:
    with pytest.raises(MalformedError):
        out(FORMS[form] + b"rubbish")


def test_damage_is_an_error() -> None:
    for form in ("gzip", "zstd"):
        data = bytearray(FORMS[form])
        data[-6] ^= 0xFF  # the checksum
        with pytest.raises(MalformedError):
            out(bytes(data))


def test_empty() -> None:
    assert out(b"") == b""
    assert out(gzip.compress(b"")) == b""
    assert out(frame(b"")) == b""


@pytest.mark.parametrize("data", [gzip.compress(bytes(1 << 24)), frame(bytes(1 << 24)), bytes(1 << 24)])
def test_bombs_are_defused(data: bytes) -> None:
    with pytest.raises(LimitExceededError, match="more than 1000000 bytes"):
        out(data, limit=1_000_000)


@settings(max_examples=200)
@given(st.binary(max_size=3000), st.integers(1, 50), st.integers(0, 9))
def test_any_bytes_in_any_pieces(data: bytes, size: int, level: int) -> None:
    assert out(gzip.compress(data, level), size) == data
    assert out(frame(data), size) == data


@given(st.binary(max_size=300))
def test_any_input_ends(data: bytes) -> None:
    for prefix in (b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"):
        try:
            out(prefix + data, limit=1 << 20)
        except (MalformedError, LimitExceededError):
            continue


def test_the_first_member_alone_isnt_all() -> None:
    inflate = zlib.decompressobj(31)
    assert inflate.decompress(FORMS["gzip, two members"]) == PLAIN[:1000]


def bunzipped(data: bytes, size: int = 1 << 18) -> bytes:
    stream = Decompressed(Dribble(data, size), NO_LIMIT, kind="bzip2")
    return b"".join(iter(lambda: stream.read(1 << 20), b""))


@pytest.mark.parametrize("size", [1, 7777, 1 << 18])
def test_bzip2(size: int) -> None:
    assert (
        bunzipped(bz2.compress(PLAIN[:9000]) + bz2.compress(b"") + bz2.compress(b"end"), size) == PLAIN[:9000] + b"end"
    )
    assert bunzipped(bz2.compress(PLAIN)) == PLAIN


@pytest.mark.parametrize("form", ["gzip", "bzip2", "zstd"])
def test_cut_or_changed_anywhere_is_never_less(form: str) -> None:
    packers: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": frame}
    pack = packers[form]
    first, second = b"deny\n" * 20, b"warn\n" * 20
    data = pack(first) + pack(second)
    boundary = len(pack(first))
    for at in range(1, len(data)):
        if at == boundary:
            continue
        with pytest.raises(MalformedError):
            expand(data[:at], form)
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            try:
                assert expand(bytes(changed), form) == first + second
            except MalformedError:
                continue


def expand(data: bytes, form: str) -> bytes:
    stream = Decompressed(Dribble(data, 1 << 18), NO_LIMIT, kind=form)
    return b"".join(iter(lambda: stream.read(1 << 20), b""))


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_what_is_copied_of_many_small_members_is_linear(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = 0

    class Counting(refimpl.layers.stream.Lookahead):
        def some(self, size: int) -> bytes:
            nonlocal copied
            data = super().some(size)
            copied += len(data)
            return data

        def exactly(self, size: int) -> bytes:
            nonlocal copied
            data = super().exactly(size)
            copied += len(data)
            return data

    monkeypatch.setattr(refimpl.layers.stream, "Lookahead", Counting)
    member = gzip.compress(b"") if form == "gzip" else frame(b"")
    assert out(member * 20_000) == b""
    assert copied < 20_000 * (4096 + len(member))
