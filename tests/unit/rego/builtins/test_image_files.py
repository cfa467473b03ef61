from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from calling import Bench

from ec_acceptance.testbed.fixtures.images import Image, Index, Layer, publish
from ec_acceptance.testbed.gate.rules import Answer, FlipBit
from refimpl.errors import RegistryError
from refimpl.golang import jsontext
from refimpl.layers.files import image_files
from refimpl.oci.reference import parse_digest
from refimpl.rego.builtin import UNDEFINED
from refimpl.rego.builtins import ComponentContext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ec_acceptance.testbed.fixtures.images import Published

FILES = {
    "etc/a.yaml": b"x: y",
    "etc/sub/b.json": b'{"q":1}',
    "Etc/up.JSON": b'{"u":1}',
    "etc/c.txt": b"no",
    "etc/bad.yaml": b"{",
    "top.json": b"[1]",
    "./dot/x.yaml": b"d: 1",
    "num/n.yaml": b"[2.50, 1e3, 12345678901234567890123, 0.00001, 0.0000001]",
}
ETC = {"Etc/up.JSON": {"u": 1}, "etc/a.yaml": {"x": True}}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


def published(bench: Bench, *layers: dict[str, bytes]) -> Published:
    return publish(Image.of([Layer.of(files) for files in layers or (FILES,)]), bench.repository)


def pinned(bench: Bench, *layers: dict[str, bytes]) -> str:
    return published(bench, *layers).pinned(bench.gate.address)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["etc"], ETC),
        (["etc/"], ETC),
        (["./etc"], ETC),
        (["x/../ETC"], ETC),
        (["etc", "."], {**ETC, "top.json": [1]}),
        ([""], {"top.json": [1]}),
        (["etc/sub", "dot"], {"dot/x.yaml": {"d": 1}, "etc/sub/b.json": {"q": 1}}),
        (["/"], {}),
        (["nope"], {}),
        (["/etc"], {}),
        ([".."], {}),
        (["etc/a.yaml"], {}),
        ([], None),
    ],
)
def test_files_of_directories(bench: Bench, paths: list[str], expected: Any) -> None:
    assert bench.call("oci.image_files", pinned(bench), paths) == expected


def test_numbers_in_their_shortest_spelling(bench: Bench) -> None:
    found = bench.call("oci.image_files", pinned(bench), ["num"])
    assert jsontext.dumps(found) == '{"num/n.yaml":[2.5,1000,1.2345678901234568e+22,0.00001,1e-7]}'


def test_layers_are_laid_over_each_other(bench: Bench) -> None:
    ref = pinned(bench, {"d/a.json": b"1", "d/b.json": b"1"}, {"d/a.json": b"2", "d/.wh.b.json": b""})
    assert bench.call("oci.image_files", ref, ["d"]) == {"d/a.json": 2}


def test_an_index_stands_for_its_linux_amd64_image(bench: Bench) -> None:
    image = Image.of([Layer.of(FILES)])
    index = publish(Index.of([image]), bench.repository)
    assert bench.call("oci.image_files", index.pinned(bench.gate.address), ["dot"]) == {"dot/x.yaml": {"d": 1}}


def test_an_image_that_is_not_there(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    ref = f"{bench.name}@sha256:{'0' * 64}"
    assert bench.call("oci.image_files", ref, ["etc"]) is UNDEFINED
    (record,) = caplog.records
    fields = record.__dict__["fields"]
    assert (record.getMessage(), fields["action"], fields["ref"]) == (
        "failed to extract image files",
        "extract files",
        ref,
    )


@pytest.mark.parametrize("verb", [Answer(404), FlipBit(700)])
def test_an_unreadable_layer_is_an_error_and_no_shorter_list(bench: Bench, verb: Answer | FlipBit) -> None:
    image = published(bench, {"d/a.json": b"1"}, {"d/b.json": b"2"})
    lowest = image.layers[0].digest
    bench.gate.add(verb, kind="blob", reference=lowest)
    with pytest.raises(RegistryError, match=lowest):
        bench.call("oci.image_files", image.pinned(bench.gate.address), ["d"])


def test_equal_calls_in_a_component_read_once_even_without_a_cache(bench: Bench) -> None:
    ref = pinned(bench)
    for _ in range(2):
        bench.call("oci.image_files", ref, ["etc"])
    assert len(bench.asked(kind="blob")) == 1
    bench.call("oci.image_files", ref, ["etc"], context=ComponentContext(bench.shared))
    assert len(bench.asked(kind="blob")) == 2


def test_with_the_cache_both_readers_and_all_directories_make_one_request_for_a_layer(tmp_path: Path) -> None:
    environ = {"EC_CACHE": "true", "XDG_CACHE_HOME": str(tmp_path)}
    with Bench(environ=environ) as bench:
        image = published(bench, {"d/a.json": b"1"}, FILES)
        ref = image.pinned(bench.gate.address)
        manifest = bench.shared.client.image(parse_digest(ref))
        assert image_files(bench.layers, manifest, parse_digest(ref).repository, ["etc"]) == ETC
        assert bench.call("oci.image_files", ref, ["etc"]) == ETC
        assert bench.call("oci.image_files", ref, ["d", "."]) == {"d/a.json": 1, "top.json": [1]}
        assert sorted(bench.asked(kind="blob")) == sorted(f"blob {layer.digest}" for layer in image.layers)
