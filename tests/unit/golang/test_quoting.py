"""Go's escapes, as error texts and log lines have them."""

from __future__ import annotations

import pytest

from refimpl.golang.quoting import quote, quote_character


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '""'),
        ("plain é 😀", '"plain é 😀"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("a\nb\tc\rd", r'"a\nb\tc\rd"'),
        ("\x00\x1b\x7f", r'"\x00\x1b\x7f"'),
        ("\u200b\ufeff\u2028", r'"\u200b\ufeff\u2028"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("\udcff", r'"\xff"'),
    ],
)
def test_a_text_is_quoted_as_go_quotes_it(text: str, expected: str) -> None:
    assert quote(text) == expected


@pytest.mark.parametrize(("character", "expected"), [("z", "'z'"), ("'", r"'\''"), ('"', "'\"'"), ("\n", r"'\n'")])
def test_a_character_is_quoted_as_a_rune(character: str, expected: str) -> None:
    assert quote_character(character) == expected
