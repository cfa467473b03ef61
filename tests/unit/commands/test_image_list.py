"""Lists of images: what a line names, or why it names nothing."""

from __future__ import annotations

import io
import os
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from refimpl.commands.image_list import LONGEST_LINE, ImageList, is_list
from refimpl.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

_IMAGE = "registry.test/app:v1"


def _file(folder: Path, data: bytes, name: str = "list.txt") -> str:
    (path := folder / name).write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    ("line", "name", "image"),
    [
        (_IMAGE, "Unnamed", _IMAGE),
        (f"  {_IMAGE}\t\r", "Unnamed", _IMAGE),
        (f"\ufeff{_IMAGE}", "Unnamed", _IMAGE),
        (f'{{"name": "n", "containerImage": "{_IMAGE}"}}', "n", _IMAGE),
        (f'{{"containerImage": "{_IMAGE}", "source": {{}}}}', "Unnamed", _IMAGE),
    ],
)
def test_a_line_names_an_image(line: str, name: str, image: str, tmp_path: Path) -> None:
    (entry,) = ImageList(_file(tmp_path, f"# first\n\n{line}\n".encode()))
    assert (entry.position, entry.component.name, entry.component.container_image) == (3, name, image)
    assert not entry.component.problem


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"registry.test/\xff", "invalid UTF-8"),
        (b'{"containerImage": ""}', 'no member "containerImage"'),
        (b"two images", 'not a reference to an image: "two images"'),
        (b"x" * LONGEST_LINE + b"x" * LONGEST_LINE + b"y", f"longer than {LONGEST_LINE} bytes"),
        (b"x" * LONGEST_LINE, f"longer than {LONGEST_LINE} bytes"),
        (b'{"a":' * 20_000, ""),
    ],
)
def test_a_line_that_names_none_says_why_and_the_next_one_counts(line: bytes, why: str, tmp_path: Path) -> None:
    path = _file(tmp_path, b"\n" + line + b"\n" + _IMAGE.encode())
    images = ImageList(path)
    odd, good = images
    assert (odd.position, odd.component.name, good.position) == (2, "line 2", 3)
    assert odd.component.problem.startswith(f"{path}:2: {why}")
    assert len(odd.component.problem) < 500
    assert images.digest == f"sha256:{sha256((tmp_path / 'list.txt').read_bytes()).hexdigest()}"
    assert images.count(10) == 2


@pytest.mark.parametrize("line", ["# a comment", "", " \t"])
def test_a_byte_order_mark_before_what_names_nothing_is_nothing(line: str, tmp_path: Path) -> None:
    path = _file(tmp_path, f"\ufeff{line}\r\n{_IMAGE}\r\n".encode(), "images")
    assert is_list(path)
    assert [entry.position for entry in ImageList(path)] == [2]


def test_standard_input_that_is_closed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    images = ImageList("-")
    assert not images.is_at_hand
    with pytest.raises(InputError, match=r"^read standard input: bad file descriptor$"):
        list(images)


def test_standard_input_is_taken_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(_IMAGE.encode())))
    images = ImageList("-")
    assert images.count(7) == 7
    assert not images.is_at_hand
    assert [entry.component.container_image for entry in images] == [_IMAGE]


def test_a_list_that_isnt_there_is_named(tmp_path: Path) -> None:
    images = ImageList(path := str(tmp_path / "nothing.txt"))
    assert images.count(7) == 0
    with pytest.raises(InputError, match=f"^read {path}: no such file or directory$"):
        list(images)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("images.txt", "components: []", True),
        ("images", _IMAGE, True),
        ("images", f"# first\n\n{_IMAGE}\n", True),
        ("images", f'{{"containerImage": "{_IMAGE}"}}\n', True),
        ("images", '{"components": []}', False),
        ("images", '{"containerImage": [}', False),
        ("images", "components:\n- name: n", False),
        ("images", "- a\n", False),
        ("images", "two words", False),
        ("images", "", False),
    ],
)
def test_the_name_or_the_first_line_tells_a_list(name: str, text: str, tmp_path: Path, *, expected: bool) -> None:
    assert is_list(_file(tmp_path, text.encode(), name)) is expected


def test_what_is_no_file_is_no_list(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert not is_list(str(tmp_path / "pipe.txt"))
    assert not is_list(str(tmp_path / "nothing"))
    assert not is_list("a\0b")
    assert is_list("-")
