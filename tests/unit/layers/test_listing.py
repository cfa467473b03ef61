from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from typing import Any

import pytest

from ec_acceptance.testbed.fixtures.archive import Directory, Entry, Hardlink, Symlink, tar
from refimpl.errors import LimitExceededError
from refimpl.layers.limits import Limits
from refimpl.layers.listing import clean_path, flatten, read_listing

J = b"{}"
Pairs = Sequence[tuple[str, Entry]]


def list_all(pairs: Pairs, directory: str = "manifests", limits: Limits | None = None) -> Any:
    return read_listing(io.BytesIO(tar(pairs)[0]), frozenset({clean_path(directory).lower()}), limits or Limits())


def names(*layers: Pairs, directory: str = "manifests") -> list[str]:
    """The files that remain of the layers, which are given from the lowest to the highest."""
    return sorted(flatten([list_all(pairs, directory) for pairs in reversed(layers)]))


@pytest.mark.parametrize(
    ("directory", "name", "match"),
    [
        ("manifests/", "manifests/a.json", "manifests/a.json"),
        ("manifests", "manifests/a.YAML", "manifests/a.YAML"),
        ("./manifests/", "manifests/a.yml", "manifests/a.yml"),
        ("MANIFESTS", "manifests/a.json", "manifests/a.json"),
        ("manifests/", "Manifests/f.yaml", "Manifests/f.yaml"),
        ("a//b/../b", "a/b/c.json", "a/b/c.json"),
        ("manifests/", "./manifests/x.yaml", "manifests/x.yaml"),
        ("manifests/", "x/../manifests//x.yaml", "manifests/x.yaml"),
        ("manifests/", "manifests/.json", "manifests/.json"),
        ("", "a.json", "a.json"),
        (".", "a.json", "a.json"),
        ("..", "../a.json", "../a.json"),
        ("/manifests/", "/manifests/a.json", "/manifests/a.json"),
        ("/manifests/", "manifests/a.json", None),
        ("manifests/", "/manifests/a.json", None),
        ("manifests/", "manifests/sub/e.yaml", None),
        ("manifests/", "manifests/c.xml", None),
        ("manifests/", "manifests/json", None),
        ("manifests/", "manifests2/a.json", None),
        ("", "manifests/b.json", None),
        ("/", "a.json", None),
    ],
)
def test_which_files_match(directory: str, name: str, match: str | None) -> None:
    assert names([(name, J)], directory=directory) == ([match] if match else [])


LOW: Pairs = [("manifests/a.json", J), ("manifests/b.json", J)]
BOTH = ["manifests/a.json", "manifests/b.json"]


@pytest.mark.parametrize(
    ("upper", "left"),
    [
        ([("manifests/.wh.a.json", b"")], BOTH[1:]),
        ([("./manifests/.wh.a.json", b"")], BOTH[1:]),
        ([(".wh.manifests", b"")], []),
        ([("manifests/.wh..wh..opq", b"")], []),
        ([(".wh..wh..opq", b"")], []),
        ([("other/.wh..wh..opq", b"")], BOTH),
        ([("manifests/.wh..wh..opq", Directory())], []),
        ([("manifests/.wh.a.json", Directory())], BOTH[1:]),
        ([("manifests/.wh.a.json", Symlink("../../out"))], BOTH[1:]),
        ([("manifests/.wh.a.json", Hardlink("x"))], BOTH[1:]),
        ([("manifests/.wh.", b"")], []),
        ([("manifests/.wh..", b"")], []),
        ([("manifests/.wh...", b"")], []),
        ([(".wh.", b"")], []),
        ([("manifests/.wh.", b""), ("manifests/n.json", J)], ["manifests/n.json"]),
        ([("manifests/.wh..wh.a.json", b"")], BOTH),
        ([("manifests/sub/.wh...", b"")], []),
        ([("other/.wh.a.json", b"")], BOTH),
        ([("Manifests/.wh.a.json", b"")], BOTH),
        ([("/manifests/.wh.a.json", b"")], BOTH),
        ([("manifests", b"a file")], []),
        ([("manifests", Symlink("elsewhere"))], []),
        ([("manifests", Symlink("../../elsewhere"))], BOTH),
        ([("manifests", Directory())], BOTH),
        ([("manifests/a.json", Directory())], BOTH),
        ([("manifests/a.json", Symlink("../../out"))], BOTH),
        ([("manifests/a.json", Hardlink("../x"))], BOTH),
        ([("manifests", Hardlink("../x"))], []),
        ([("manifests/.wh.a.json", b""), ("manifests/a.json", J)], BOTH),
        ([("manifests/a.json", J), ("manifests/.wh.a.json", b"")], BOTH),
        ([(".wh.manifests", b""), ("manifests/n.json", J)], ["manifests/n.json"]),
        ([("manifests/.wh..wh..opq", b""), ("manifests/n.json", J)], ["manifests/n.json"]),
    ],
    ids=str,
)
def test_what_a_layer_does_to_lower_ones(upper: Pairs, left: list[str]) -> None:
    assert names(LOW, upper) == left


def test_removed_and_made_again() -> None:
    assert names(LOW, [(".wh.manifests", b"")], [("manifests/a.json", J)]) == BOTH[:1]
    assert names(LOW, [("manifests/a.json", J)], [("manifests/.wh.a.json", b"")]) == BOTH[1:]


def test_the_highest_layers_content_counts_and_within_it_the_first() -> None:
    upper = list_all([("manifests/a.json", b"first"), ("manifests/a.json", b"second")])
    assert flatten([upper, list_all([("manifests/a.json", b"low")])]) == {"manifests/a.json": b"first"}


@pytest.mark.parametrize(
    ("entry", "content"),
    [
        (Symlink("../x"), b""),
        (Symlink("/x"), b""),
        (Hardlink("x"), b""),
        (Directory(), b""),
        (Symlink("../../x"), None),
        (Hardlink("../x"), b""),
        (Hardlink("../../x"), b""),
        (Symlink(".."), b""),
        (Symlink("../.."), None),
    ],
    ids=str,
)
def test_links_and_folders_with_a_fitting_name_are_empty_files(entry: Entry, content: bytes | None) -> None:
    assert list_all([("manifests/a.json", entry)]).files.get("manifests/a.json") == content


def test_a_hard_link_out_of_the_image_hides_the_lower_file() -> None:
    upper = list_all([("manifests/a.json", Hardlink("../x"))])
    assert flatten([upper, list_all([("manifests/a.json", J)])]) == {"manifests/a.json": b""}


@pytest.mark.parametrize("kind", [b"Z", b"A", b"B", b"V", b"M", b"N", b"9", b"\x01", b"7", b"0", b"\0"], ids=repr)
def test_files_of_any_kind_have_their_content(kind: bytes) -> None:
    assert listed_raw(of_kind(kind, "manifests/a.json", J)).files == {"manifests/a.json": J}


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"5", b"6", b"g"], ids=repr)
def test_what_is_no_file_is_empty(kind: bytes) -> None:
    assert listed_raw(of_kind(kind, "manifests/a.json", b"")).files == {"manifests/a.json": b""}


def of_kind(kind: bytes, name: str, content: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512 + 1024)


def listed_raw(data: bytes, limits: Limits | None = None) -> Any:
    return read_listing(io.BytesIO(data), frozenset({"manifests"}), limits or Limits())


def test_all_that_is_kept_of_a_layer_has_a_limit() -> None:
    few = Limits(image_bytes=5000)
    list_all([("manifests/a.json", bytes(3000))], limits=few)
    for pairs in (
        [("manifests/a.json", bytes(3000)), ("manifests/b.json", bytes(3000))],
        [(f"manifests/{number}{'n' * 1000}.txt", b"") for number in range(6)],
        [(f"manifests/.wh.{number}{'n' * 1000}", b"") for number in range(6)],
    ):
        with pytest.raises(LimitExceededError, match="more than 5000 bytes"):
            list_all(pairs, limits=few)


def test_a_file_above_a_file_in_one_layer() -> None:
    assert names([("manifests", b"file"), ("manifests/a.json", J)]) == []


def test_several_directories_at_once() -> None:
    pairs: Pairs = [("a/x.json", J), ("b/c/y.yaml", J), ("b/z.json", J), ("w.json", J)]
    found = read_listing(io.BytesIO(tar(pairs)[0]), frozenset({"a", "b/c", "."}), Limits())
    assert sorted(found.files) == ["a/x.json", "b/c/y.yaml", "w.json"]


def test_only_what_concerns_the_directories_is_kept() -> None:
    found = list_all([(f"other/{number}.json", J) for number in range(100)] + [("manifests/a.json", J)])
    assert found.names == {"manifests/a.json"}
    assert found.covers == {"manifests/a.json"}


def test_limits() -> None:
    with pytest.raises(LimitExceededError, match="more than 9"):
        list_all([("manifests/a.json", b"x" * 10)], limits=Limits(file_bytes=9))
    assert names([("manifests/a.bin", b"x" * 10)]) == []
    list_all([("manifests/a.bin", b"x" * 10)], limits=Limits(file_bytes=9))
    with pytest.raises(LimitExceededError, match="entries"):
        list_all([("a", J), ("b", J)], limits=Limits(entries=1))
    with pytest.raises(LimitExceededError, match="decompressed"):
        list_all([("a", J)], limits=Limits(layer_bytes=100))
