from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nesting import nested

from refimpl.golang.jsontext import DEPTH_LIMIT, DepthError, Number, dumps, encode, loads

MARKED = '\x00number:0},"namespaces":[]'
"""What once would have been written as a number."""
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [MARKED, "\x00date:2020", "<&>\u2028", "1.50"]
)
NUMBERS = st.sampled_from(["1.50", "1e400", "-0.0", "1E+2", "1e-7"]).map(Number)
VALUES = nested(
    st.none() | st.booleans() | st.integers() | TEXTS | NUMBERS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    for escape_html in (True, False):
        assert loads(dumps(value, escape_html=escape_html)) == value
        assert loads(encode(value, escape_html=escape_html)) == value


@pytest.mark.parametrize(
    "text",
    [
        "[1.50,1e400,-0.0,1E+2,12345678901234567890123]",
        '{"b":1.50,"a":{},"c":[],"d":[{"x":1.5}]}',
        "1" * 5_000,
        '{"a":"\\u0000number:1.50"}',
        f'["\\u0000number:0}},\\"namespaces\\":[]",{"9" * 400}]',
    ],
)
def test_numbers_and_members_keep_spelling_and_order(text: str) -> None:
    assert dumps(loads(text)) == text


def test_a_text_is_no_number_whatever_it_holds() -> None:
    assert dumps([MARKED, Number("1.5")]) == '["\\u0000number:0},\\"namespaces\\":[]",1.5]'
    assert dumps({MARKED: Number("1.5")}) == '{"\\u0000number:0},\\"namespaces\\":[]":1.5}'
    assert Number("1.5") != "1.5"


def test_html_is_escaped_as_go_does() -> None:
    assert dumps({"<": "&>\u2028\u2029é\x7f"}) == r'{"\u003c":"\u0026\u003e\u2028\u2029é' + '\x7f"}'
    assert dumps("<&>", escape_html=False) == '"<&>"'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'"\ud800x"', "\ufffdx"),
        (rb'{"\udfff":["\ud83d\ude00","\ude00\ud83d"]}', {"\ufffd": ["😀", "\ufffd\ufffd"]}),
        (b'"\xff\xfe\xe2\x82"', "\ufffd" * 4),
        (rb'"\\ud800"', "\\ud800"),
    ],
)
def test_what_is_no_unicode_is_replaced(text: bytes, value: Any) -> None:
    assert loads(text) == value


def test_half_a_pair_is_written_as_the_replacement() -> None:
    assert encode({"\ud800": ["\udcff", Number("1.5")]}) == '{"\ufffd":["\ufffd",1.5]}'.encode()


@pytest.mark.parametrize("text", ["", "NaN", "[Infinity]", "[1,]", "{", "01", "'a'", '"\x00"', "1 2", "\ufeff1"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the library's
        loads(text)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), [Number("1.5"), float("inf")]])
def test_no_constant_is_written_that_json_has_not(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|[Ff]loat"):
        dumps(value)


def test_depth_has_a_limit_of_our_own() -> None:
    assert dumps(loads("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT)) == "[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT
    for levels in (DEPTH_LIMIT + 1, 10_000, 1_000_000):
        for opened, closed in (("[", "]"), ('{"a":', "}")):
            with pytest.raises(DepthError, match=r"^nested too deeply: more than 250 levels$"):
                loads(opened * levels + "1" + closed * levels)


def test_what_only_looks_deep_is_taken() -> None:
    assert loads(json.dumps(["[" * 10_000])) == ["[" * 10_000]
    assert loads("[" + "[]," * 10_000 + "[]]") == [[]] * 10_001


def test_mappings_and_sequences_of_all_kinds_are_written() -> None:
    assert dumps(MappingProxyType({"a": (1, Number("1.5"), True, None, 2.5)})) == '{"a":[1,1.5,true,null,2.5]}'
    assert dumps(MappingProxyType({"a": (1,)})) == '{"a":[1]}'
