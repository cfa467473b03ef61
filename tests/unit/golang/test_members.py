from __future__ import annotations

import json
from typing import Any

import pytest

from refimpl.errors import MalformedError
from refimpl.golang.members import Nested, canonicalise, loads
from refimpl.oci.descriptor import INDEX, MANIFEST, Descriptor, Manifest

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def read(text: str, shape: Nested = MANIFEST) -> dict[str, Any]:
    return canonicalise(loads(text.encode()), shape)


def layers(text: str) -> list[str]:
    document = read(text)
    return [layer.digest for layer in Manifest(Descriptor("", ONE, 0), b"", document).layers]


@pytest.mark.parametrize("name", ["layers", "LAYERS", "Layers", "lAyErS", "layer\u017f"])
def test_names_in_any_case(name: str) -> None:
    assert layers(json.dumps({name: [{"DIGEST": ONE, "Size": 1}]}, ensure_ascii=False)) == [ONE]


def test_the_kelvin_sign_is_a_k_and_no_other_letter_is_what_it_looks_like() -> None:
    assert read('{"l\\u0061yers": []}') == {"layers": []}
    assert read('{"l\u0430yers": []}') == {"l\u0430yers": []}
    assert read('{"\u017fubject": {}}') == {"subject": {}}


@pytest.mark.parametrize(("first", "second"), [("layers", "LAYERS"), ("LAYERS", "layers"), ("layers", "layers")])
def test_the_last_of_equal_names_counts(first: str, second: str) -> None:
    assert layers(f'{{"{first}": [{{"digest": "{ONE}"}}], "{second}": [{{"digest": "{TWO}"}}]}}') == [TWO]


def test_objects_and_elements_of_equal_names_are_put_together() -> None:
    assert read(f'{{"config": {{"size": 1, "digest": "{ONE}"}}, "Config": {{"DIGEST": "{TWO}"}}}}') == {
        "config": {"size": 1, "digest": TWO}
    }
    assert read(f'{{"layers": [{{"size": 1}}, {{"size": 2}}], "layers": [{{"digest": "{ONE}"}}]}}') == {
        "layers": [{"size": 1, "digest": ONE}]
    }
    assert read('{"annotations": {"a": "1"}, "annotations": {"b": "2"}}') == {"annotations": {"a": "1", "b": "2"}}


def test_null_empties_lists_and_maps_and_leaves_the_rest() -> None:
    assert read(
        '{"layers": [{}], "layers": null, "annotations": {"a": ""}, "ANNOTATIONS": null,'
        ' "mediaType": "m", "mediatype": null, "config": {"size": 1}, "config": null,'
        ' "subject": {"size": 1}, "subject": null}'
    ) == {"layers": None, "annotations": None, "mediaType": "m", "config": {"size": 1}, "subject": None}


def test_names_of_annotations_are_left_as_they_are() -> None:
    document = read('{"annotations": {"Layers": "x", "layers": "y"}}')
    assert document == {"annotations": {"Layers": "x", "layers": "y"}}


def test_platforms() -> None:
    document = read('{"manifests": [{"PLATFORM": {"OS": "linux", "OS.Version": "1", "os.features": ["f"]}}]}', INDEX)
    assert document["manifests"] == [{"platform": {"os": "linux", "os.version": "1", "os.features": ["f"]}}]


@pytest.mark.parametrize(
    "text",
    [
        '{"layers": 5, "layers": []}',
        '{"layers": {}, "LAYERS": null}',
        '{"layers": [5]}',
        '{"mediaType": 5, "mediaType": "m"}',
        '{"config": {"size": "1"}, "config": {"size": 1}}',
        '{"config": {"size": 1.0}}',
        '{"config": {"size": 9223372036854775808}}',
        '{"config": {"size": 1' + "0" * 5000 + "}}",
        '{"config": {"digest": "sha256:1"}}',
        f'{{"config": {{"digest": null, "digest": "{ONE}"}}}}',
        '{"config": {"data": "*"}}',
        '{"schemaVersion": true}',
        '{"annotations": {"a": 1}}',
        '{"layers": [{"urls": [1]}]}',
        '{"subject": {"platform": {"os": 1}}}',
        "[]",
        "5",
    ],
)
def test_what_is_wrong_once_stays_wrong(text: str) -> None:
    with pytest.raises(MalformedError):
        read(text)


def test_members_of_other_documents_are_of_no_interest() -> None:
    assert read('{"layers": 5, "config": [], "other": 1' + "0" * 5000 + "}", INDEX)["layers"] == 5
    assert read('{"manifests": 5}')["manifests"] == 5


def test_only_the_first_value_counts() -> None:
    assert read(' \r\n\t{"mediaType": "a"} {"mediaType": "b"}') == {"mediaType": "a"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'["\xff\xe2\x82"]', "\ufffd" * 3),
        (b'["\\ud800"]', "\ufffd"),
        (b'["\\uDC00\\ud83d"]', "\ufffd\ufffd"),
        (b'["\\ud83d\\ude00"]', "\N{GRINNING FACE}"),
    ],
)
def test_what_is_no_unicode_is_replaced(raw: bytes, text: str) -> None:
    assert loads(raw) == [text]
    assert loads(b'{"a": 1, "a": ' + raw + b"}") == {"a": [text]}


@pytest.mark.parametrize("raw", [b"", b"{", b'{"a": NaN}', b"\xef\xbb\xbf{}", '{"a": 1}'.encode("utf-16")])
def test_no_json(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the words are a library's
        loads(raw)
