from __future__ import annotations

import json
from typing import Any

import pytest

from refimpl.oci.descriptor import Descriptor, Manifest
from refimpl.oci.errors import MalformedError
from refimpl.oci.members import MANIFEST, canonical, loads

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def read(text: str) -> dict[str, Any]:
    found = canonical(loads(text.encode()), MANIFEST)
    assert isinstance(found, dict)
    return found


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
    assert read('{"config": {"size": 1, "digest": "a"}, "Config": {"DIGEST": "b"}}') == {
        "config": {"size": 1, "digest": "b"}
    }
    assert read('{"layers": [{"size": 1}, {"size": 2}], "layers": [{"digest": "x"}]}') == {
        "layers": [{"size": 1, "digest": "x"}]
    }
    assert read('{"annotations": {"a": "1"}, "annotations": {"b": "2"}}') == {"annotations": {"a": "1", "b": "2"}}


def test_null_empties_lists_and_maps_and_leaves_the_rest() -> None:
    assert read(
        '{"layers": [1], "layers": null, "annotations": {"a": ""}, "ANNOTATIONS": null,'
        ' "mediaType": "m", "mediatype": null, "config": {"size": 1}, "config": null,'
        ' "subject": {"size": 1}, "subject": null}'
    ) == {"layers": None, "annotations": None, "mediaType": "m", "config": {"size": 1}, "subject": None}


def test_names_of_annotations_are_left_as_they_are() -> None:
    document = read('{"annotations": {"Layers": "x", "layers": "y"}}')
    assert document == {"annotations": {"Layers": "x", "layers": "y"}}


def test_platforms() -> None:
    document = read('{"manifests": [{"PLATFORM": {"OS": "linux", "OS.Version": "1", "os.features": ["f"]}}]}')
    assert document["manifests"] == [{"platform": {"os": "linux", "os.version": "1", "os.features": ["f"]}}]


@pytest.mark.parametrize("text", ['{"layers": 5, "layers": []}', '{"layers": {}, "LAYERS": null}', '{"layers": [5]}'])
def test_what_is_wrong_once_stays_wrong(text: str) -> None:
    with pytest.raises(MalformedError):
        layers(text)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff", "can't decode"),
        (b'{"a": NaN}', "NaN is no JSON"),
        ('{"a": 1}'.encode("utf-16"), "can't decode"),
    ],
)
def test_no_json(raw: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        loads(raw)
