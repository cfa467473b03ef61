from __future__ import annotations

import pytest

from refimpl.server.body import BodyError, documents
from refimpl.server.messages import Request


def _documents(body: bytes, content_type: str = "") -> tuple[bytes, ...]:
    return documents(Request("POST", "/", content_type, body))


@pytest.mark.parametrize(
    ("content_type", "body", "wanted"),
    [
        ("", b'{"a": 1}', (b'{"a":1}',)),
        ("", b"a: 1", (b'{"a":1}',)),
        ("text/plain", b"a: 1", (b'{"a":1}',)),
        ("application/json; charset=utf-8", b'[{"a": 1}, {"b": 2}]', (b'{"a":1}', b'{"b":2}')),
        ("Application/YAML", b"a: 1\n---\nb: 2\n", (b'{"a":1}', b'{"b":2}')),
        ("text/yaml", b'{"a": "<"}', (b'{"a":"<"}',)),
    ],
)
def test_a_content_type_is_taken_at_its_word_and_without_one_both_are_tried(
    content_type: str, body: bytes, wanted: tuple[bytes, ...]
) -> None:
    assert _documents(body, content_type) == wanted


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"a: 1"),
        ("application/yaml", b"- a"),
        ("application/x-yaml", b"text"),
        ("", b"text"),
        ("", b"a: b: c"),
    ],
)
def test_what_is_neither_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(BodyError, match=r"^request body is not valid JSON or YAML: "):
        _documents(body, content_type)


def test_what_begins_like_json_is_told_of_as_json() -> None:
    with pytest.raises(BodyError) as json_error:
        _documents(b'{"a": [1}', "application/json")
    with pytest.raises(BodyError) as unnamed:
        _documents(b'{"a": [1}')
    assert str(unnamed.value) == str(json_error.value)
