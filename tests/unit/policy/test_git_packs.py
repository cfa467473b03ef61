"""Packs from git servers: cut, damaged, or larger than they look."""

from __future__ import annotations

import io
import zlib
from hashlib import sha1
from typing import TYPE_CHECKING

import pytest
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tag, Tree
from dulwich.pack import write_pack_objects

from refimpl.errors import Error, LimitExceededError, MalformedError, PolicyError
from refimpl.policy.sources import content, git, pack
from refimpl.policy.sources.checkout import commit_of, write_tree
from refimpl.policy.sources.pack import check_pack, unpack

if TYPE_CHECKING:
    from pathlib import Path

DENY = b"package deny\n" * 20
FILES = {b"a.rego": DENY, b"b.rego": DENY + b"# more\n"}
BLOB, OFFSET_DELTA, NAMED_DELTA = 3, 6, 7


def committed() -> tuple[bytes, ObjectID]:
    """A pack as servers send it, with a delta in it, and its commit."""
    tree, objects = Tree(), []
    for name, data in FILES.items():
        blob = Blob.from_string(data)
        tree.add(name, 0o100644, blob.id)
        objects.append(blob)
    commit = Commit()
    commit.tree, commit.message, commit.author = tree.id, b"x", b"a <b>"
    commit.committer = commit.author
    commit.author_time = commit.commit_time = commit.author_timezone = commit.commit_timezone = 0
    stream = io.BytesIO()
    write_pack_objects(stream, [commit, tree, *objects], deltify=True, object_format=DEFAULT_OBJECT_FORMAT)
    return stream.getvalue(), commit.id


def write(data: bytes, commit: ObjectID, destination: Path) -> dict[bytes, bytes]:
    store = unpack(io.BytesIO(data), limit=content.MAX_BYTES)
    destination.mkdir()
    write_tree(store, commit_of(store, commit).tree, "", destination, name="test")
    return {path.name.encode(): path.read_bytes() for path in destination.iterdir()}


def test_a_whole_pack(tmp_path: Path) -> None:
    data, commit = committed()
    assert write(data, commit, tmp_path / "d") == FILES


def test_cut_anywhere_is_an_error(tmp_path: Path) -> None:
    data, commit = committed()
    for cut in range(len(data)):
        with pytest.raises(Error):
            write(data[:cut], commit, tmp_path / f"{cut}")


#: Dulwich before 1.2.2 leaves a pack open when it is damaged.
left_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@left_open
def test_a_flipped_bit_anywhere_changes_nothing_or_is_an_error(tmp_path: Path) -> None:
    data, commit = committed()
    for at in range(len(data)):
        for bit in range(8):
            changed = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            for last in (changed, changed[:-20] + sha1(changed[:-20], usedforsecurity=False).digest()):
                try:
                    found = write(last, commit, tmp_path / f"{at} {bit} {last is changed}")
                except Error:
                    continue
                assert found == FILES


def packed(*objects: tuple[int, bytes, int, bytes], count: int | None = None) -> io.BytesIO:
    """A pack of objects: kind, what stands before the data, the size that they say, the data."""
    out = bytearray(b"PACK\0\0\0\2" + (len(objects) if count is None else count).to_bytes(4, "big"))
    for kind, before, size, data in objects:
        byte, rest = kind << 4 | size & 15, size >> 4
        while rest:
            out.append(byte | 0x80)
            byte, rest = rest & 0x7F, rest >> 7
        out.append(byte)
        out += before + zlib.compress(data)
    return io.BytesIO(bytes(out) + sha1(out, usedforsecurity=False).digest())


def delta(base: int, result: int) -> bytes:
    out = bytearray()
    for number in (base, result):
        rest = number
        while rest > 0x7F:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)
    return bytes(out)


@left_open
@pytest.mark.parametrize(
    ("kind", "before", "data", "words"),
    [
        (NAMED_DELTA, bytes(20), delta(13, 1) + b"\1#", "a delta is of an object that isn't there: 0000"),
        (OFFSET_DELTA, b"\1", delta(13, 1) + b"\1#", "a delta that can't be applied"),
        (OFFSET_DELTA, b"\xff\xff\x7f", delta(13, 1) + b"\1#", "a delta that can't be applied"),
        (OFFSET_DELTA, b"\x17", delta(99, 1) + b"\1#", "a delta that can't be applied"),
        (OFFSET_DELTA, b"\x17", delta(13, 1) + b"\0", "a delta that can't be applied"),
    ],
)
def test_says_that_a_delta_cannot_be_applied(kind: int, before: bytes, data: bytes, words: str) -> None:
    damaged = packed((BLOB, b"", 13, b"package deny\n"), (kind, before, len(data), data))
    with pytest.raises(MalformedError, match=words):
        unpack(damaged, limit=1 << 30)


class Raw(dict[bytes, tuple[int, bytes]]):
    """Objects that are read when they are asked for, by their names."""

    def add(self, kind: int, text: bytes) -> ObjectID:
        name = {Commit.type_num: b"commit", Tree.type_num: b"tree", Tag.type_num: b"tag"}[kind]
        head = name + b" %d\0" % len(text)
        found = ObjectID(sha1(head + text, usedforsecurity=False).hexdigest().encode())
        self[found] = kind, text
        return found

    def __getitem__(self, name: bytes) -> ShaFile:  # type: ignore[override]  # stored in another form
        return ShaFile.from_raw_string(*super().__getitem__(name))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Commit.type_num, b""),
        (Commit.type_num, b"tree \n"),
        (Commit.type_num, b"tree " + b"z" * 40 + b"\n\n"),
        (Commit.type_num, b"tree " + b"0" * 40 + b"\nencoding\n\nx"),
        (Tag.type_num, b"object x"),
        (Tree.type_num, b"100644 a.rego\0" + bytes(19)),
        (Tree.type_num, b"100644 a.rego"),
        (Tree.type_num, b"100644"),
        (Tree.type_num, b"-1 a.rego\0" + bytes(20)),
        (Tree.type_num, b"8 a.rego\0" + bytes(20)),
    ],
)
def test_names_an_object_that_is_none_of_its_kind(kind: int, text: bytes, tmp_path: Path) -> None:
    store = Raw()
    odd = tip = store.add(kind, text)
    if kind == Tree.type_num:
        tip = store.add(Commit.type_num, b"tree " + odd + b"\nauthor a <b> 0 +0000\n\nx")
    with pytest.raises(PolicyError, match=f"malformed object {odd.decode()}"):
        write_tree(store, commit_of(store, tip).tree, "", tmp_path, name="test")


@pytest.mark.parametrize("said", [0, 12, 14, 1 << 20])
def test_an_object_of_another_size_than_it_says(said: int) -> None:
    with pytest.raises(MalformedError, match="another size than it says in the object at byte 12"):
        check_pack(packed((BLOB, b"", said, b"package deny\n")), limit=1 << 30)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_objects_than_it_says(count: int) -> None:
    blob = (BLOB, b"", 3, b"abc")
    check_pack(packed(blob, blob), limit=100)
    with pytest.raises(MalformedError):
        check_pack(packed(blob, blob, count=count), limit=100)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    blob = (BLOB, b"", 60, b"a" * 60)
    with pytest.raises(LimitExceededError, match="more than 100 bytes"):
        check_pack(packed(blob, blob), limit=100)
    with pytest.raises(LimitExceededError, match="more than 100 bytes"):
        check_pack(packed((BLOB, b"", 1 << 40, b"a")), limit=100)
    monkeypatch.setattr(pack, "MAX_OBJECTS", 1)
    with pytest.raises(LimitExceededError, match="more than 1 objects"):
        check_pack(packed(blob, blob), limit=1000)


@pytest.mark.parametrize(("kind", "before"), [(OFFSET_DELTA, b"\x10"), (NAMED_DELTA, bytes(20))])
def test_a_delta_counts_with_what_comes_of_it(kind: int, before: bytes) -> None:
    blob, large = (BLOB, b"", 60, b"a" * 60), delta(60, 1 << 34)
    with pytest.raises(LimitExceededError, match="more than 1073741824 bytes"):
        check_pack(packed(blob, (kind, before, len(large), large)), limit=1 << 30)
    with pytest.raises(MalformedError, match="delta without sizes"):
        check_pack(packed(blob, (kind, before, 1, b"\x80")), limit=1 << 30)


@left_open
def test_a_delta_beyond_its_base_is_one_line(tmp_path: Path) -> None:
    blob, beyond = (BLOB, b"", 3, b"abc"), delta(3, 5) + b"\x91\x02\x05"
    distance = len(packed(blob).getvalue()) - 12 - 20
    data = packed(blob, (OFFSET_DELTA, bytes([distance]), len(beyond), beyond)).getvalue()
    with pytest.raises(Exception, match=r"\S"):
        write(data, committed()[1], tmp_path / "d")


@pytest.mark.parametrize("data", [b"", b"PACK", b"pack" + bytes(40), b"PACK\0\0\0\4" + bytes(4)])
def test_what_is_no_pack(data: bytes) -> None:
    with pytest.raises(MalformedError, match="packfile: no pack"):
        check_pack(io.BytesIO(data + sha1(data, usedforsecurity=False).digest()), limit=100)
    with pytest.raises(MalformedError, match=rf"packfile: the checksum at byte {len(data)} is"):
        check_pack(io.BytesIO(data + bytes(20)), limit=100)


def test_objects_that_are_missing(tmp_path: Path) -> None:
    store = MemoryObjectStore()
    tree = Tree()
    tree.add(b"a.rego", 0o100644, Blob.from_string(b"gone").id)
    store.add_object(tree)
    with pytest.raises(PolicyError, match=r"object not found: [0-9a-f]{40}, of a\.rego"):
        write_tree(store, tree.id, "", tmp_path, name="test")
    with pytest.raises(PolicyError, match=r"object not found: [0-9a-f]{40}, of the root"):
        write_tree(store, Tree().id, "", tmp_path, name="test")


def test_a_large_pack_goes_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refimpl.policy.sources.git._IN_MEMORY", 8)
    with git._Incoming() as incoming:
        incoming.write(b"12345678")
        assert isinstance(incoming.file, io.BytesIO)
        incoming.write(b"9")
        incoming.write(b"0" * 20)
        assert not isinstance(incoming.file, io.BytesIO)
        incoming.file.seek(0)
        assert incoming.file.read() == b"123456789" + b"0" * 20
    assert incoming.file.closed
