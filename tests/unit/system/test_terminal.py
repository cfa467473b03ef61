"""Foreign texts where people read them (24 §15)."""

from __future__ import annotations

import pytest

from refimpl.system.terminal import on_one_line, without_commands


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("plain \u00fc \U0001f600", "plain \u00fc \U0001f600"),
        ("tab\tand\nline\r\nends\r\f\v\x85", "tab\tand\nline\r\nends\r\f\v\x85"),
        ("\x1b[2J\x9b2J", "\\x1b[2J\\x9b2J"),
        ("erased\x08\x7f\x07", "erased\\x08\\x7f\\x07"),
        ("\u0000number:1", "\u0000number:1"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(given: str, expected: str) -> None:
    assert without_commands(given) == expected


def test_a_name_is_one_line() -> None:
    assert on_one_line("a\r\nb\nc\x1b") == "a\\nb\\nc\\x1b"
