"""Packs as dulwich writes them, and as nobody should."""

from __future__ import annotations

import hashlib
import zlib
from io import BytesIO

import pytest
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.objects import Blob, Commit, ShaFile, Tag, Tree
from dulwich.pack import write_pack_objects

from refimpl.policy.sources import pack
from refimpl.policy.sources.git_object import GitObject
from refimpl.policy.sources.pack import PackError, read_pack

TEXT = b"package main\n" * 100


def sealed(*objects: bytes, count: int | None = None, heading: bytes = b"PACK\0\0\0\2") -> BytesIO:
    content = heading + (len(objects) if count is None else count).to_bytes(4, "big") + b"".join(objects)
    return BytesIO(content + hashlib.sha1(content, usedforsecurity=False).digest())


def number(value: int) -> bytes:
    low = bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
    return low + number(value >> 7) if value > 0x7F else low


def stored(kind: int, data: bytes, *, base: bytes = b"", size: int | None = None) -> bytes:
    size = len(data) if size is None else size
    first = bytes([kind << 4 | size & 15 | (0x80 if size > 15 else 0)])
    return first + (number(size >> 4) if size > 15 else b"") + base + zlib.compress(data)


def name_of(data: bytes) -> bytes:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).digest()


def samples() -> list[ShaFile]:
    blobs = [Blob.from_string(TEXT + b"%d" % index) for index in range(20)]
    tree = Tree()
    for index, blob in enumerate(blobs):
        tree.add(b"%d.rego" % index, 0o100644, blob.id)
    commit = Commit()
    commit.tree, commit.message = tree.id, b"x"
    commit.author = commit.committer = b"a <b>"
    commit.author_time = commit.commit_time = commit.author_timezone = commit.commit_timezone = 0
    tag = Tag()
    tag.tagger, tag.message, tag.name, tag.object = b"a <b>", b"x", b"v1", (Commit, commit.id)
    tag.tag_time = tag.tag_timezone = 0
    return [*blobs, tree, commit, tag]


@pytest.mark.parametrize("differences", ["whole", "deltified"])
def test_all_that_dulwich_writes_is_read(differences: str) -> None:
    file = BytesIO()
    write_pack_objects(file, samples(), deltify=differences == "deltified", object_format=DEFAULT_OBJECT_FORMAT)
    assert read_pack(file) == {one.id: GitObject(one.type_name, one.as_raw_string()) for one in samples()}


def test_what_is_in_objects_is_read() -> None:
    *blobs, tree, commit, tag = (GitObject(one.type_name, one.as_raw_string()) for one in samples())
    names = {one.type_name: one.id for one in samples()}
    assert (commit.target, tag.target) == (names[b"tree"], names[b"commit"])
    first = (b"0.rego", 0o100644, samples()[0].id)
    assert next(tree.entries()) == first
    assert len(list(tree.entries())) == len(blobs)


@pytest.mark.parametrize(
    "data", [b"100644 a", b"x a\0" + bytes(20), b"100644 a\0" + bytes(19), b"100644 \0" + bytes(20)]
)
def test_malformed_trees_are_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="malformed tree"):
        list(GitObject(b"tree", data).entries())


def test_a_malformed_commit_is_told() -> None:
    with pytest.raises(ValueError, match="malformed commit"):
        _ = GitObject(b"commit", b"tree of life\n").target


def test_differences_are_applied_whichever_comes_first() -> None:
    inserted = number(len(TEXT)) + number(10) + b"\x90\x07" + b"\x03abc"  # copies 7 bytes from 0, then 3 new ones
    again = number(10) + number(4) + b"\x91\x06\x04"  # copies 4 bytes from 6
    result, last = TEXT[:7] + b"abc", (TEXT[:7] + b"abc")[6:10]
    by_name = stored(7, again, base=name_of(result))
    whole, by_offset = stored(3, TEXT), stored(6, inserted, base=bytes([len(stored(3, TEXT))]))
    found = read_pack(sealed(by_name, whole, by_offset))
    assert {one.data for one in found.values()} == {TEXT, result, last}
    assert found[name_of(last).hex().encode()] == GitObject(b"blob", last)


def test_a_size_of_nothing_copies_65536_bytes() -> None:
    data = bytes(range(256)) * 300
    difference = number(len(data)) + number(65536) + b"\x80"
    found = read_pack(sealed(stored(3, data), stored(7, difference, base=name_of(data))))
    assert data[:65536] in {one.data for one in found.values()}


def test_far_offsets_are_read() -> None:
    data = hashlib.shake_128(b"x").digest(40_000)
    difference = number(len(data)) + number(1) + b"\x01y"
    first = stored(3, data)
    groups = [len(first) & 0x7F]
    rest = len(first) >> 7
    while rest:
        rest -= 1
        groups.insert(0, 0x80 | rest & 0x7F)
        rest >>= 7
    assert len(groups) > 2
    found = read_pack(sealed(first, stored(6, difference, base=bytes(groups))))
    assert b"y" in {one.data for one in found.values()}


BASE = stored(3, b"base")


def difference(size: int, commands: bytes, *, base_size: int = 4) -> bytes:
    return stored(7, number(base_size) + number(size) + commands, base=name_of(b"base"))


@pytest.mark.parametrize(
    ("file", "trouble"),
    [
        (BytesIO(b""), "unexpected EOF"),
        (BytesIO(sealed(BASE).getvalue()[:-1]), "the pack's checksum is wrong"),
        (sealed(BASE, heading=b"PACK\0\0\0\4"), "not a pack"),
        (sealed(BASE, heading=b"KCAP\0\0\0\2"), "not a pack"),
        (sealed(BASE, count=0), "the pack holds more than its objects"),
        (sealed(BASE, count=2), "the pack is damaged|unexpected EOF|unknown type|another size"),
        (sealed(stored(5, b"x")), "unknown type 5"),
        (sealed(stored(3, b"base", size=3)), "another size than it says"),
        (sealed(stored(3, b"base", size=5)), "another size than it says"),
        (sealed(b"\x34nothing compressed"), "the pack is damaged"),
        (sealed(stored(3, b"base" * 9)[:-8]), "the pack is damaged|unexpected EOF"),
        (sealed(BASE, stored(7, b"\4\4\x90\4", base=bytes(20))), "lacks what its objects differ from"),
        (sealed(stored(6, b"\4\4\x90\4", base=b"\1")), "lacks what its objects differ from"),
        (sealed(BASE, difference(4, b"\x90\4", base_size=5)), "another size than it says"),
        (sealed(BASE, difference(3, b"\x90\4")), "another size than it says"),
        (sealed(BASE, difference(5, b"\x90\4")), "another size than it says"),
        (sealed(BASE, difference(4, b"\x90\x05")), "differs in an unknown way"),
        (sealed(BASE, difference(4, b"\0")), "differs in an unknown way"),
        (sealed(BASE, difference(4, b"\x90")), "unexpected EOF"),
    ],
)
def test_damage_is_told(file: BytesIO, trouble: str) -> None:
    with pytest.raises(PackError, match=trouble):
        read_pack(file)


def test_small_packs_of_large_objects_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "_MOST_BYTES", 100_000)
    with pytest.raises(PackError, match="more than 100000 bytes"):
        read_pack(sealed(stored(3, bytes(60_000)), stored(3, b"\1" * 60_000)))
    doubled = number(40_000) + number(80_000) + b"\xb0\x40\x9c" * 2
    with pytest.raises(PackError, match="more than 100000 bytes"):
        read_pack(sealed(stored(3, bytes(40_000)), stored(7, doubled, base=name_of(bytes(40_000)))))
