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
        f"-----BEGIN X-----\nAAAA=\n-----END X-----\n{_BLOCK}",  # padding that nothing needs
        f"-----BEGIN X-----\nAAAA\v\n-----END X-----\n{_BLOCK}",
        f"-----BEGIN X-----\n{_BLOCK}",  # an end belongs to the last beginning
        f"-----BEGIN X-----\na: b\n-----END X-----\n{_BLOCK}",  # headers want a line after them
    ],
)
def test_a_block_is_found_among_other_text(text: str) -> None:
    assert pem.first(text) == pem.Block("PUBLIC KEY", b"x" * 100)


def test_blanks_in_lines_are_skipped_and_a_block_may_be_empty() -> None:
    assert pem.first("-----BEGIN X----- \nAA \tAA\n-----END X-----\t\r\n") == pem.Block("X", bytes(3))
    assert pem.first("-----BEGIN X-----\n-----END X-----") == pem.Block("X", b"")


class _Counting(str):  # noqa: SLOT000  # the class counts
    """A text that counts how far it is searched."""

    searched = 0

    def find(self, wanted: str, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        found = super().find(wanted, start, len(self) if end is None else end)
        _Counting.searched += (found if found >= 0 else len(self)) - start
        return found

    def rfind(self, wanted: str, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        found = super().rfind(wanted, start, len(self) if end is None else end)
        _Counting.searched += (len(self) if end is None else end) - max(found, start)
        return found


@pytest.mark.parametrize(
    "piece",
    [
        "-----BEGIN X-----\n",
        "\n-----END X-----\n",
        "-----BEGIN X-----\na: b\n",
        "-----BEGIN X-----\na: b\n-----END X-----\n",
        "-----BEGIN X-----\nA\n-----END X-----\n",
        "-----BEGIN X-----\n-----END Y-----\n",
        "\n-----END -----BEGIN ",
        "-----BEGIN X-----\nAAAA:\n\n-----END X-----",
        "a: b\n",
        _BLOCK,
    ],
)
def test_a_text_is_gone_through_a_few_times_at_most(piece: str) -> None:
    text = _Counting("-----BEGIN X-----\n" + piece * 5000)
    _Counting.searched = 0
    pem.split(text)
    assert _Counting.searched <= 6 * len(text)


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN PUBLIC KEY-----\n", f"x{_BLOCK}", _BLOCK[:-30]])
def test_what_is_no_block_is_not_found(text: str) -> None:
    assert pem.first(text) is None


def test_the_rest_is_what_follows_the_last_block() -> None:
    blocks, rest = pem.split(f"a\n{_BLOCK}b\n{_BLOCK}tail")
    assert ([block.label for block in blocks], rest) == (["PUBLIC KEY", "PUBLIC KEY"], "tail")


def test_lines_have_64_columns() -> None:
    assert [len(line) for line in _BLOCK.splitlines()] == [26, 64, 64, 8, 24]
