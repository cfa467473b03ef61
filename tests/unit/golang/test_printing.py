from __future__ import annotations

from typing import Any

import pytest

from refimpl.golang import jsontext
from refimpl.golang.printing import format_quoted, format_value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a b", "a b"),
        (None, "<nil>"),
        (True, "true"),
        (12, "12"),
        (1.5, "1.5"),
        (-0.0001, "-0.0001"),
        (0.00001, "1e-05"),
        (100000.0, "100000"),
        (1000000.0, "1e+06"),
        (123456789.0, "1.23456789e+08"),
        (0.0, "0"),
        (float("inf"), "+Inf"),
        (["a", 1, None], "[a 1 <nil>]"),
        ({"b": 1, "a": [True]}, "map[a:[true] b:1]"),
        (jsontext.loads("[1.50, 1e3]"), "[1.50 1e3]"),
    ],
)
def test_spelled(value: Any, expected: str) -> None:
    assert format_value(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('a"b', r'"a\"b"'),
        (5, '"5"'),
        (jsontext.loads("1.50"), '"1.50"'),
        (None, "%!q(<nil>)"),
        (False, "%!q(bool=false)"),
        ({"code": "a.x", "c": ["y", 1, None]}, 'map["c":["y" "1" <nil>] "code":"a.x"]'),
    ],
)
def test_quoted(value: Any, expected: str) -> None:
    assert format_quoted(value) == expected
