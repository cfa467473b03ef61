from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nesting import nested

from refimpl.golang.jsontext import CostError
from refimpl.golang.yamltext import loads, loads_all


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x: y", {"x": True}),
        ("y: 1\non: 2", {"true": 2}),
        ("- N\n- off\n- No\n- ~\n-\n- nUll", [False, False, False, None, None, "nUll"]),
        ("010", 8),
        ("08", 8),
        ("0x1F", 31),
        ("0o17", 15),
        ("-0b11", -3),
        ("1_000", 1000),
        ("_1", "_1"),
        ("._9", "._9"),
        ("2.50", 2.5),
        ("1e3", 1000),
        ("0.1e-10", 1e-11),
        ("1e400", "1e400"),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 18446744073709551616),
        ("1234567890123456789012345", 1.2345678901234568e24),
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("1:30", "1:30"),
        ("'5'", "5"),
        ('"yes"', "yes"),
        ("!!str 5", "5"),
        ("!!float 1", 1),
        ("!!binary aGVsbG8=", "hello"),
        ("! 5", "5"),
        ("word", "word"),
        ("", None),
        ("# nothing", None),
        ("a: 1\na: 2", {"a": 2}),
        ("a: 1\n---\nb: 2", {"a": 1}),
        ("a: 1\n...\nnonsense: [", {"a": 1}),
        ("1.5: a\n2: b\ntrue: c", {"1.5": "a", "2": "b", "true": "c"}),
        (
            "1e10: a\n1e3: b\n0.1: c\n1234567.0: d\n1e-5: e",
            {"1e+10": "a", "1000": "b", "0.1": "c", "1.234567e+06": "d", "1e-05": "e"},
        ),
        ("b: &b {x: 1, y: 2}\nc:\n  <<: *b\n  x: 3", {"b": {"x": 1, "true": 2}, "c": {"x": 3, "true": 2}}),
        ("c:\n  <<: [{x: 1}, {x: 2, z: 3}]", {"c": {"x": 1, "z": 3}}),
        ("a: <<", {"a": "<<"}),
        ("a: &a [1]\nb: *a", {"a": [1], "b": [1]}),
        ('{"a": 1.0, "a": 2.50, "b": 1e3}', {"a": 2.5, "b": 1000}),
        ('{"a": 010, "b": [NaN]}', {"a": 8, "b": ["NaN"]}),
        ('{"emoji": "\\ud83d\\ude00"}', {"emoji": "\N{GRINNING FACE}"}),
    ],
)
def test_reads_as_go_does(text: str, value: Any) -> None:
    found = loads(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{nope: [", "yaml: line "),
        ("x: 1\na: b: c", "yaml: line 2: "),
        ("a: &a [*a]", "contains itself"),
        ("*nobody", "unknown anchor 'nobody'"),
        ("? [a]\n: 1", "unsupported map key"),
        ("~: 1", "unsupported map key"),
        ("a: .inf", "no JSON form"),
        ("a: .NaN", "no JSON form"),
        ("!!int foo", "cannot decode"),
        ("!!binary '*'", "invalid base64"),
        ("<<: 5", "map merge requires"),
        ("\t", "yaml: line 1: "),
        *(
            (text, "nested too deeply: more than 250 levels")
            for text in (
                "[" * 100_000,
                "{a: " * 100_000,
                "- " * 5_000 + "x",
                "? " * 5_000 + "x",
                "".join(" " * level + "a:\n" for level in range(600)),
                "- " * 250 + "[" * 5_000,
                "[" * 251 + "]" * 251,
                '["' + "[" * 600 + '", ' + "[" * 500 + "]" * 501,
                '{"a":' * 251 + "1" + "}" * 251,
                "[" * 251 + "x" + "]" * 251,
                "a0: &a0 [x]\n" + "".join(f"a{level + 1}: &a{level + 1} [*a{level}]\n" for level in range(250)),
            )
        ),
    ],
)
def test_tells_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match="yaml: ") as caught:
        loads(text)
    assert problem in str(caught.value)


def test_refuses_a_bomb_of_aliases() -> None:
    names = "abcdefghi"
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in itertools.pairwise(names)
    )
    with pytest.raises(ValueError, match="excessive aliasing"):
        loads(text)


@pytest.mark.parametrize("count", [2_000, 50_000])
def test_refuses_merges_that_grow_faster_than_the_text(count: int) -> None:
    """Each map has the members of the one before, so that all of them have the square of `count`."""
    text = "m0: &m0 {k: 1}\n" + "".join(f"m{n}: &m{n} {{<<: *m{n - 1}, k{n}: 1}}\n" for n in range(1, count))
    with pytest.raises(ValueError, match="excessive aliasing"):
        loads(text)


def test_refuses_directives_without_end() -> None:
    directives = "".join(f"%TAG !t{number}! tag:example.org,\n" for number in range(101))
    with pytest.raises(CostError, match="more than 100 %TAG directives"):
        loads(directives + "---\na: 1")
    assert loads(directives.partition("\n")[2] + "--- !t1!x {a: 1}") == {"a": 1}


@pytest.mark.parametrize("text", ["[" + "1," * 51 + "1]", "- 1\n" * 51, "- {}\n" * 51])
def test_refuses_values_without_end(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("refimpl.golang.yamltext._VALUES", 50)
    with pytest.raises(CostError, match="more than 50 values"):
        loads(text)
    assert len(loads("[" + "1," * 40 + "1]")) == 41


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", [None]),
        ("# nothing", [None]),
        ("a: 1", [{"a": 1}]),
        ("---\na: 1", [{"a": 1}]),
        ("a: 1\n---\n", [{"a": 1}, None]),
        ("a: 1\n--- # more\nb: &b 2\n...\n---\nc: 3", [{"a": 1}, {"b": 2}, {"c": 3}]),
        ("%YAML 1.2\n---\na: yes", [{"a": True}]),
        ('{"a": 1.50}', [{"a": 1.5}]),
        ('{"a": 1}\n---\n["b"]', [{"a": 1}, ["b"]]),
    ],
)
def test_all_documents(text: str, values: list[Any]) -> None:
    assert loads_all(text) == values


@pytest.mark.parametrize("text", ["a: 1\n---\nb: [", "a: &a 1\n---\nb: *a", 'a: 1\n---\n"\\ud800"', '["\\ud800"]'])
def test_each_document_counts(text: str) -> None:
    with pytest.raises(ValueError, match="yaml: "):
        loads_all(text)


def test_allows_many_honest_aliases() -> None:
    text = "a: &a {x: 1}\nb: [" + ", ".join(["*a"] * 1000) + "]"
    assert loads(text)["b"] == [{"x": 1}] * 1000


@pytest.mark.parametrize("text", ["[" * 250 + "]" * 250, "[" * 250 + "x" + "]" * 250, "- " * 250 + "x"])
def test_allows_deep_collections(text: str) -> None:
    value = loads(text)
    for _ in range(250):
        value = value[0] if value else None
    assert value in {None, "x"}


@pytest.mark.parametrize("data", [b"a: 1", b"\xef\xbb\xbfa: 1", "a: 1".encode("utf-16")])
def test_knows_encodings(data: bytes) -> None:
    assert loads(data) == {"a": 1}


def test_refuses_what_is_no_text() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        loads(b"a: \xff")


_JSON = nested(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
)


@given(_JSON)
def test_reads_json_as_json(value: Any) -> None:
    assert loads(json.dumps([value], ensure_ascii=False)) == [value]


@given(st.text())
def test_never_raises_anything_else(text: str) -> None:
    try:
        loads(text)
    except ValueError:
        return
