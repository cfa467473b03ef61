"""Values of flags, with Go's spellings and error texts (recorded from the real command)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from refimpl.golang import strconv

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_the_six_words_for_true(text: str) -> None:
    assert strconv.parse_bool(text) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_the_six_words_for_false(text: str) -> None:
    assert strconv.parse_bool(text) is False


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("00", 0),
        ("010", 8),
        ("0o10", 8),
        ("0x1F", 31),
        ("0b11", 3),
        ("1_000", 1000),
        ("0_7", 7),
        ("-9223372036854775808", -(1 << 63)),
    ],
)
def test_integers_in_go_spelling(text: str, number: int) -> None:
    assert strconv.parse_int(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2.0),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("0x1p3", 8.0),
        ("1_0.5", 10.5),
        ("inf", math.inf),
        ("-Inf", -math.inf),
    ],
)
def test_floats_in_go_spelling(text: str, number: float) -> None:
    assert strconv.parse_float(text) == number


def test_not_a_number_is_a_float() -> None:
    assert math.isnan(strconv.parse_float("nan"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("5m0s", 300.0),
        ("1h2m3.5s", 3723.5),
        ("-1.5h", -5400.0),
        ("1ms", 0.001),
        ("10us", 1e-5),
        ("10µs", 1e-5),
        ("7ns", 7e-9),
        (".5s", 0.5),
        ("1.s", 1.0),
    ],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert strconv.parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []),
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        (",a,", ["", "a", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"say ""hi"""', ['say "hi"']),
        ('"two\nlines",x', ["two\nlines", "x"]),
        ("first\nsecond", ["first"]),
        ("\n\nthird", ["third"]),
        ("a\r\nb", ["a"]),
        ("tail\r", ["tail"]),
        ('""', [""]),
        ("é,\udcff", ["é", "\udcff"]),
    ],
)
def test_a_list_is_one_line_of_csv(text: str, items: list[str]) -> None:
    assert strconv.parse_list(text) == items


_BARE = 'bare " in non-quoted-field'
_MISSING = 'extraneous or missing " in quoted-field'


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (strconv.parse_bool, "maybe", 'strconv.ParseBool: parsing "maybe": invalid syntax'),
        (strconv.parse_bool, "", 'strconv.ParseBool: parsing "": invalid syntax'),
        (strconv.parse_int, "abc", 'strconv.ParseInt: parsing "abc": invalid syntax'),
        (strconv.parse_int, "", 'strconv.ParseInt: parsing "": invalid syntax'),
        (strconv.parse_int, " 1", 'strconv.ParseInt: parsing " 1": invalid syntax'),
        (strconv.parse_int, "1 ", 'strconv.ParseInt: parsing "1 ": invalid syntax'),
        (strconv.parse_int, "1.5", 'strconv.ParseInt: parsing "1.5": invalid syntax'),
        (strconv.parse_int, "--1", 'strconv.ParseInt: parsing "--1": invalid syntax'),
        (strconv.parse_int, "08", 'strconv.ParseInt: parsing "08": invalid syntax'),
        (strconv.parse_int, "1__0", 'strconv.ParseInt: parsing "1__0": invalid syntax'),
        (strconv.parse_int, "٣", 'strconv.ParseInt: parsing "٣": invalid syntax'),
        (
            strconv.parse_int,
            "99999999999999999999",
            'strconv.ParseInt: parsing "99999999999999999999": value out of range',
        ),
        (strconv.parse_float, "x", 'strconv.ParseFloat: parsing "x": invalid syntax'),
        (strconv.parse_float, "", 'strconv.ParseFloat: parsing "": invalid syntax'),
        (strconv.parse_float, "0x1", 'strconv.ParseFloat: parsing "0x1": invalid syntax'),
        (strconv.parse_float, "+nan", 'strconv.ParseFloat: parsing "+nan": invalid syntax'),
        (strconv.parse_float, "1e999", 'strconv.ParseFloat: parsing "1e999": value out of range'),
        (strconv.parse_float, "0x1p9999", 'strconv.ParseFloat: parsing "0x1p9999": value out of range'),
        (strconv.parse_duration, "", 'time: invalid duration ""'),
        (strconv.parse_duration, "-", 'time: invalid duration "-"'),
        (strconv.parse_duration, "x", 'time: invalid duration "x"'),
        (strconv.parse_duration, ".s", 'time: invalid duration ".s"'),
        (strconv.parse_duration, "5", 'time: missing unit in duration "5"'),
        (strconv.parse_duration, "1h2", 'time: missing unit in duration "1h2"'),
        (strconv.parse_duration, "1d", 'time: unknown unit "d" in duration "1d"'),
        (strconv.parse_duration, "9999999999h", 'time: invalid duration "9999999999h"'),
        (strconv.parse_list, 'a"b', f"parse error on line 1, column 2: {_BARE}"),
        (strconv.parse_list, 'b={"x":1}', f"parse error on line 1, column 4: {_BARE}"),
        (strconv.parse_list, 'é,é"', f"parse error on line 1, column 6: {_BARE}"),
        (strconv.parse_list, '"a"b', f"parse error on line 1, column 3: {_MISSING}"),
        (strconv.parse_list, '"a', f"parse error on line 1, column 3: {_MISSING}"),
        (strconv.parse_list, '"a\nb"c', f"record on line 1; parse error on line 2, column 2: {_MISSING}"),
        (strconv.parse_list, "\n", "EOF"),
    ],
)
def test_a_mistake_is_told_in_go_words(parse: Callable[[str], object], text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^") as caught:
        parse(text)
    assert str(caught.value) == message
