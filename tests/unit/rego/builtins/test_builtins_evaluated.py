"""The functions as policies call them, in the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from calling import Bench

from ec_acceptance.testbed.fixtures.archive import gzip, tar
from ec_acceptance.testbed.fixtures.images import Image, Layer, publish
from ec_acceptance.testbed.gate.rules import Answer
from refimpl.errors import RegistryError
from refimpl.rego.builtins import ComponentContext, builtins
from refimpl.rego.builtins.declarations import DECLARATIONS
from refimpl.rego.host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host.start() as host:
        yield host


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


def evaluate(
    host: Host, bench: Bench, directory: Path, body: str, *, context: ComponentContext | None = None
) -> list[Any]:
    """The one rule's values; with no context, the run's own is used."""
    text = f"package a\nimport rego.v1\ndeny contains v if {{\n{body}\n}}"
    (directory / "a.rego").write_text(text, encoding="utf-8")
    program = host.load([directory], [], builtins=builtins(bench.shared))
    try:
        return list(program.evaluate(["a"], b"{}", context=context).values["a"]["deny"])
    finally:
        program.close()


def test_every_declared_function_can_be_called(bench: Bench) -> None:
    assert list(bench.builtins) == list(DECLARATIONS)
    for name, declaration in DECLARATIONS.items():
        bench.call(name.removeprefix("ec."), *(None for _ in declaration["args"]))


def test_answers_become_values(host: Host, bench: Bench, tmp_path: Path) -> None:
    ref = bench.blob(b'{"a": [1000000, 1.50]}')
    assert evaluate(host, bench, tmp_path, f'v := json.marshal(ec.oci.parsed_blob("{ref}"))') == ['{"a":[1e+06,1.5]}']
    assert evaluate(host, bench, tmp_path, 'v := {"msg": ec.purl.parse("pkg:npm/a@1").version}') == [{"msg": "1"}]


def test_failures_are_undefined(host: Host, bench: Bench, tmp_path: Path) -> None:
    rule = f'not ec.oci.blob("{bench.name}:tag")\nnot ec.purl.is_valid("x")\nec.purl.is_valid("pkg:a/b")\nv := "so"'
    assert evaluate(host, bench, tmp_path, rule) == ["so"]


def test_sets_and_json_null(host: Host, bench: Bench, tmp_path: Path) -> None:
    image = publish(Image.of([Layer.of({"a.json": b"1"})]), bench.repository)
    ref = image.pinned(bench.gate.address)
    rule = f'v := [count(ec.oci.image_manifests({{"{ref}", "::"}})), ec.oci.image_files("{ref}", json.unmarshal("[]"))]'
    assert evaluate(host, bench, tmp_path, rule) == [[1, None]]


def test_the_context_of_an_evaluation_is_a_component_of_its_own(host: Host, bench: Bench, tmp_path: Path) -> None:
    ref = bench.blob(gzip(tar({"a": b"1"})[0])[0])
    unpack, read = f'v := ec.oci.blob_files("{ref}", ["a"])', f'v := count(ec.oci.blob("{ref}"))'
    component = ComponentContext(bench.shared)
    assert evaluate(host, bench, tmp_path, unpack, context=component) == [{"a": 1}]
    assert evaluate(host, bench, tmp_path, read, context=component) == [10240]
    assert evaluate(host, bench, tmp_path, read, context=ComponentContext(bench.shared)) == []
    assert evaluate(host, bench, tmp_path, read) == []


def test_an_unreadable_layer_ends_the_evaluation_with_the_cause(host: Host, bench: Bench, tmp_path: Path) -> None:
    image = publish(Image.of([Layer.of({"a.json": b"1"})]), bench.repository)
    layer = image.layers[0].digest
    bench.gate.add(Answer(404), kind="blob", reference=layer)
    with pytest.raises(RegistryError, match=layer):
        evaluate(host, bench, tmp_path, f'v := ec.oci.image_files("{image.pinned(bench.gate.address)}", ["."])')
