from __future__ import annotations

from typing import Any

import pytest

from refimpl.golang import jsontext
from refimpl.result import Result, sort_results, texts

NUMBER = jsontext.loads("1.50")


def test_json_sorts_metadata_and_leaves_out_an_empty_one() -> None:
    assert jsontext.dumps(Result("m", {"term": "t", "code": "a.x"}).to_json()) == (
        '{"msg":"m","metadata":{"code":"a.x","term":"t"}}'
    )
    assert Result("m").to_json() == {"msg": "m"}


def test_reduction_keeps_three_members() -> None:
    result = Result("m", {"code": "a.x", "term": ["t"], "effective_on": 5, "title": "T", "severity": "warning"})
    assert result.reduce(info=False).metadata == {"code": "a.x", "effective_on": 5, "term": ["t"]}
    assert result.reduce(info=True) is result


def test_reduction_to_nothing_has_no_metadata() -> None:
    assert Result("m", {"title": "T"}).reduce(info=False).to_json() == {"msg": "m"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", ("a",)), ("", ()), (["", "a", 5, NUMBER, "b"], ("a", "b")), (5, ()), (NUMBER, ()), (None, ()), ({}, ())],
)
def test_texts(value: Any, expected: tuple[str, ...]) -> None:
    assert texts(value) == expected


def test_lists_sort_by_their_first_text() -> None:
    results = [
        Result("e", {"code": "b", "term": ["", "y"]}),
        Result("d", {"code": "b", "term": "x"}),
        Result("c", {"code": "b", "term": [5]}),
        Result("b", {"code": ["", "a"]}),
        Result("a", {"code": 5}),
        Result("é", {"code": "b", "term": "x"}),
        Result("\U0001f600", {"code": "b", "term": "x"}),
    ]
    assert "".join(result.msg for result in sort_results(results)) == "abcdé\U0001f600e"
