from __future__ import annotations

import re

import pytest

from refimpl.http.parameters import parameter_value


@pytest.mark.parametrize(
    ("text", "value", "end"),
    [
        ("token, more", "token", 5),
        ("token", "token", 5),
        ('"a, b", more', "a, b", 6),
        (r'"a \"b\\" c', 'a "b\\', 9),
        ('"never ends', "never ends", 12),
        ('"ends with a backslash\\', "ends with a backslash", 23),
        ('"two\nlines\\\n"', "two\nlines\n", 13),
        ('""', "", 2),
    ],
)
def test_a_value_and_its_end(text: str, value: str, end: int) -> None:
    assert parameter_value(text, 0, re.compile("[, ]")) == (value, end)
