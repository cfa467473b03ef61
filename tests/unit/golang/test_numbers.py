from __future__ import annotations

import pytest

from refimpl.golang.jsontext import Number, dumps
from refimpl.golang.numbers import as_float64, format_json, normalise


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.5, "1.5"),
        (1000.0, "1000"),
        (-0.25, "-0.25"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.2345678901234568e29, "1.2345678901234568e+29"),
        (1.8446744073709552e19, "18446744073709552000"),
        (123456.789, "123456.789"),
        (5e-324, "5e-324"),
    ],
)
def test_floats_are_spelled_as_in_the_report(number: float, text: str) -> None:
    assert format_json(number) == text
    assert float(format_json(number)) == number


def test_members_are_sorted_by_their_bytes_and_integers_stay_exact() -> None:
    value = {"é": 1, "z": {"b": 2, "a": [1.50]}, "A": 12345678901234567890}
    assert dumps(normalise(value)) == '{"A":12345678901234567890,"z":{"a":[1.5],"b":2},"é":1}'


def test_widening_rounds_integers_to_floats_but_leaves_booleans() -> None:
    value = {"big": 12345678901234567890, "small": 5, "yes": True, "in": [9007199254740993]}
    assert dumps(as_float64(value)) == '{"big":12345678901234567000,"in":[9007199254740992],"small":5,"yes":true}'


def test_what_no_float_holds_is_left_as_it_is() -> None:
    assert as_float64([10**400, Number("1e400"), Number("1.50"), 10**25]) == [
        10**400,
        Number("1e400"),
        Number("1.5"),
        Number("1e+25"),
    ]
