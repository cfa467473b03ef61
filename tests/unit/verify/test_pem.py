from __future__ import annotations

import pytest

from refimpl.verify import pem

_BLOCK = pem.encode("PUBLIC KEY", b"x" * 100)


@pytest.mark.parametrize(
    "text",
    [
        _BLOCK,
        _BLOCK.rstrip("\n"),
        _BLOCK.replace("\n", "\r\n"),
        f"words\n\n{_BLOCK}",
        _BLOCK.replace("KEY-----\n", "KEY-----\nProc-Type: 4\n\n", 1),
        f"-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----\n{_BLOCK}",
        f"-----BEGIN X-----\nAAAA\n-----END Y-----\n{_BLOCK}",
    ],
)
def test_a_block_is_found_among_other_text(text: str) -> None:
    assert pem.first(text) == ("PUBLIC KEY", b"x" * 100)


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN PUBLIC KEY-----\n", f"x{_BLOCK}", _BLOCK[:-30]])
def test_what_is_no_block_is_not_found(text: str) -> None:
    assert pem.first(text) is None


def test_the_rest_is_what_follows_the_last_block() -> None:
    blocks, rest = pem.split(f"a\n{_BLOCK}b\n{_BLOCK}tail")
    assert ([block.label for block in blocks], rest) == (["PUBLIC KEY", "PUBLIC KEY"], "tail")


def test_lines_have_64_columns() -> None:
    assert [len(line) for line in _BLOCK.splitlines()] == [26, 64, 64, 8, 24]
