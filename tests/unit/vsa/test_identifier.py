"""What the argument of ``validate vsa`` names, and how old a VSA may be (specification 24 §17)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pytest

from refimpl.vsa.age import parse_age
from refimpl.vsa.identifier import is_digest, is_file, is_file_like, is_image, is_valid

if TYPE_CHECKING:
    from pathlib import Path

_DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize("text", ["/abs", "./x", "../x", "a/b", "a\\b", "vsa.json", "there"])
def test_files(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("")
    assert is_file(text)
    assert is_valid(text)
    assert not is_image(text)


@pytest.mark.parametrize(
    "text", [_DIGEST, "sha512:ab", f"registry.test/image@{_DIGEST}", "registry.test/app:tag", "nginx"]
)
def test_images(text: str) -> None:
    assert is_image(text)
    assert is_valid(text)
    assert not is_file(text)
    assert not is_file_like(text)


@pytest.mark.parametrize("text", ["", "in valid:x", "a@b@c", "X@", "a\0:b"])
def test_nothing(text: str) -> None:
    assert not is_valid(text)


def test_only_a_digest_alone_is_one() -> None:
    assert is_digest(_DIGEST)
    assert not is_digest(f"registry.test/image@{_DIGEST}")
    assert not is_digest(_DIGEST + "\n")


@pytest.mark.parametrize(
    ("text", "hours"),
    [("24h", 24), ("7d", 168), ("1w", 168), ("1mo", 720), ("1.5d", 36), ("0.01d", 0), ("-1d", -24), (" 1d ", 24)],
)
def test_ages(text: str, hours: float) -> None:
    assert math.isclose(parse_age(text), hours * 3600.0)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1y", 'time: unknown unit "y" in duration "1y"'),
        ("xd", 'strconv.ParseFloat: parsing "x": invalid syntax'),
        ("xmo", 'invalid months: strconv.ParseFloat: parsing "x": invalid syntax'),
        ("1e99w", "value out of range"),
        ("nand", "value out of range"),
        ("", 'time: invalid duration ""'),
    ],
)
def test_ages_that_cannot_be_read(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=re.escape(error)):
        parse_age(text)
