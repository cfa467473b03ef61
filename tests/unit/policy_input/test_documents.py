"""Documents of users: numbers that rules can't be given, and where a file parts into documents."""

from __future__ import annotations

from typing import Any

import pytest

from refimpl.policy_input.documents import UnreadableDocumentError, parse_documents

_HUGE = "1" * 400


@pytest.mark.parametrize(
    "text",
    ["1e400", f"-{_HUGE}", f'{{"a": [1, {{"b": {_HUGE}}}]}}', '[[["x", -1.5e999]]]'],
)
def test_numbers_that_no_float_holds_are_refused_wherever_they_are(text: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=r"\Aunmarshal json: json: cannot unmarshal number .* float64\Z"):
        parse_documents(text.encode(), "json", most_values=100)


@pytest.mark.parametrize("text", [f'"{_HUGE}"', '{"a": ["x1e400", 1e300, 2]}', f'{{"{_HUGE}": null}}'])
def test_digits_in_texts_and_large_floats_are_taken(text: str) -> None:
    assert parse_documents(text.encode(), "json", most_values=100)


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        ("\ufeffa: 1\n", [{"a": 1}]),
        ("%YAML 1.1\n---\na: 1\n", [{"a": 1}]),
        ("a: 1\n...\n%YAML 1.1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("# only a comment\n---\nb: 2\n", [None, {"b": 2}]),
    ],
)
def test_lines_of_dashes_part_documents_and_directives_belong_to_the_next_one(text: str, documents: list[Any]) -> None:
    assert parse_documents(text.encode(), "yaml", most_values=100) == documents
