"""YAML as go-yaml 2 writes it; the texts were written by the real command."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from nesting import nested

from refimpl.golang import jsontext
from refimpl.golang.yaml_dump import dumps


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", '""'),
        ("plain text", "plain text"),
        ("x:y", "x:y"),
        ("a: b", "'a: b'"),
        ("end:", "'end:'"),
        (":x", ":x"),
        ("a #b", "'a #b'"),
        ("a#b", "a#b"),
        ("- a", "'- a'"),
        ("-a", "-a"),
        ("-", "'-'"),
        ("? x", "'? x'"),
        ("?x", "?x"),
        ("*a", "'*a'"),
        ("&a", "'&a'"),
        ("!a", "'!a'"),
        ("|a", "'|a'"),
        (">a", "'>a'"),
        ("@a", "'@a'"),
        ("%a", "'%a'"),
        ("`a", "'`a'"),
        (",a", "',a'"),
        ("[a", "'[a'"),
        ("it's", "it's"),
        ("'quoted': it's", "'''quoted'': it''s'"),
        ('say "x"', 'say "x"'),
        ("---", "'---'"),
        ("...", "'...'"),
        (" a", "' a'"),
        ("<<", "<<"),
        ("._9", "._9"),
        ("=", "="),
        ("~", '"~"'),
        ("null", '"null"'),
        ("yes", '"yes"'),
        ("NO", '"NO"'),
        ("tRUE", "tRUE"),
        ("y", '"y"'),
        ("010", '"010"'),
        ("0x1F", '"0x1F"'),
        ("0o17", '"0o17"'),
        ("0b11", '"0b11"'),
        ("0xFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFF"),
        ("1_000", '"1_000"'),
        ("1e3", '"1e3"'),
        ("1.5", '"1.5"'),
        (".5", '".5"'),
        (".inf", '".inf"'),
        ("1e400", "1e400"),
        ("1.2.3", "1.2.3"),
        ("+1", '"+1"'),
        ("1:20", '"1:20"'),
        ("2020-01-01", '"2020-01-01"'),
        ("0000-6-18", '"0000-6-18"'),
        ("2020-13-01", "2020-13-01"),
        ("2020-01-01T24:00:00Z", "2020-01-01T24:00:00Z"),
        ("2020-01-01T1:2:3+24:59", '"2020-01-01T1:2:3+24:59"'),
        ("2020-01-01 10:11:12", '"2020-01-01 10:11:12"'),
        ("2020-01-01T10:11:12", "2020-01-01T10:11:12"),
        ("2020-01-01T10:11:12+02:00", '"2020-01-01T10:11:12+02:00"'),
        ("a\tb", '"a\\tb"'),
        ("a\r\nb", '"a\\r\\nb"'),
        ("a \nb", '"a \\nb"'),
        ("é 😀", '"é \\U0001F600"'),
        ("a\u00a0b", "a\u00a0b"),
        ("\ufeffx ", '"\\uFEFFx "'),
        ("\x01\x7f\x85", '"\\x01\\x7F\\N"'),
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        ("\n", "|2+\n"),
        (" a\nb", "|2-\n   a\n  b"),
        ("a\n\nb", "|-\n  a\n\n  b"),
    ],
)
def test_texts_are_quoted_only_where_they_must_be(text: str, shown: str) -> None:
    assert dumps({"k": text}) == f"k: {shown}\n"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("5", "5"),
        ("-0.0", "-0"),
        ("1.50", "1.5"),
        ("1e3", "1000"),
        ("1e5", "100000"),
        ("1e6", "1e+06"),
        ("1000000.5", "1.0000005e+06"),
        ("123456.7", "123456.7"),
        ("0.0001", "0.0001"),
        ("0.00001234", "1.234e-05"),
        ("12345678901234567890", "12345678901234567890"),
        ("123456789012345678901234567890", "1.2345678901234568e+29"),
        ("-12345678901234567890", "-1.2345678901234567e+19"),
        ("1e400", "1e400"),
    ],
)
def test_numbers_are_those_of_64_bits(number: str, shown: str) -> None:
    assert dumps({"k": jsontext.loads(number)}) == f"k: {shown}\n"


def test_null_and_booleans_are_words() -> None:
    assert dumps({"a": None, "b": True, "c": False}) == "a: null\nb: true\nc: false\n"


def test_nested_collections_begin_on_the_line_of_their_dash() -> None:
    value = {"lst": ["a", ["b", []], {}, {"x": [1, 2], "y": {"z": None}}, [[1, [2]]]], "m": {}}
    assert dumps(value) == (
        'lst:\n- a\n- - b\n  - []\n- {}\n- x:\n  - 1\n  - 2\n  "y":\n    z: null\n- - - 1\n    - - 2\nm: {}\n'
    )


def test_keys_are_sorted_with_numbers_by_value_and_letters_last() -> None:
    order = ["_", "1", "2", "10", "Z", "a-b", "a.b", "a_b", "a1", "a01", "a001", "a2", "a10", "aB", "ab", "true", "é"]
    shown = dumps(dict.fromkeys(reversed(order), 0)).splitlines()
    assert [line.removesuffix(": 0").strip('"') for line in shown] == order


def test_long_and_many_lined_keys_have_a_line_of_their_own() -> None:
    assert dumps({"a\nb": 1, "c" * 129: {"x": 1}, "d" * 128: [1]}) == (
        f"? |-\n  a\n  b\n: 1\n? {'c' * 129}\n: x: 1\n{'d' * 128}:\n- 1\n"
    )


def test_long_texts_are_folded_beyond_column_80() -> None:
    words = (
        "it is a: aaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccc  ddddddddddd eeeeee"
    )
    assert dumps({"k": words}) == f"k: '{words.removesuffix(' eeeeee')}\n  eeeeee'\n"
    assert dumps({"k": "x\t" + "word " * 20 + "  end"}) == (
        'k: "x\\tword word word word word word word word word word word word word word word\n'
        '  word word word word word   end"\n'
    )


_JSON = nested(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
)


class _Loader(yaml.SafeLoader):
    """Reads what YAML 1.1 calls a number as the text it is; PyYAML's rules for numbers aren't go-yaml's."""


_Loader.yaml_implicit_resolvers = {}


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {_as_text(key): _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return dumps({"": value}).removeprefix('"": ').removesuffix("\n")
    return value


@given(_JSON)
def test_an_independent_reader_gets_the_data_back(value: Any) -> None:
    text = dumps({"k": value})
    assert yaml.load(text, _Loader) == {"k": _as_text(value)}  # noqa: S506 - it is a safe loader


def test_long_runs_of_digits_in_keys_count_modulo_64_bits() -> None:
    """As the contract's program reads them; so a key of a million digits is compared as fast as it is read."""
    assert dumps({"a2": 1, f"a{2**64 + 1}": 2, "a30": 3}) == f"a{2**64 + 1}: 2\na2: 1\na30: 3\n"
