from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from calling import Bench

from refimpl.errors import PolicyError
from refimpl.rego.builtins import builtins
from refimpl.rego.host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refimpl.rego.builtin import Builtin

# Wrong uses, and what the contract's tool says of each.
RECORDED = json.loads(Path(__file__).with_name("compile_errors.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host.start() as host:
        yield host


@pytest.fixture(scope="module")
def functions() -> Iterator[tuple[Builtin, ...]]:
    with Bench() as bench:
        yield builtins(bench.shared)


def write(directory: Path, expression: str) -> None:
    line = expression if " == " in expression else f"v := {expression}"
    rule = f'deny contains result if {{\n\t{line}\n\tresult := "x"\n}}\n'
    (directory / "a.rego").write_text(f"package a\n\nimport rego.v1\n\n{rule}", encoding="utf-8")


@pytest.mark.parametrize(("expression", "text"), RECORDED, ids=[expression for expression, _ in RECORDED])
def test_wrong_uses_are_refused_in_the_contracts_words(
    host: Host, functions: tuple[Builtin, ...], tmp_path: Path, expression: str, text: str
) -> None:
    write(tmp_path, expression)
    with pytest.raises(PolicyError) as raised:
        host.load([tmp_path], [], builtins=functions)
    assert str(raised.value).endswith(f"a.rego:6: {text}")


@pytest.mark.parametrize(
    "expression",
    [
        'ec.oci.blob_files("x", data.paths)',
        'ec.oci.blob_files("x", json.unmarshal("[]"))',
        'ec.sigstore.verify_image("x", {})',
        'ec.sigstore.verify_image("x", {"ignore_rekor": true, "anything": "goes"})',
        '[layer.digest | some layer in ec.oci.image_manifest("x").layers]',
        '[q.key | some q in ec.purl.parse("x").qualifiers]',
        'ec.oci.parsed_blob("x").anything[1].at.all',
    ],
)
def test_right_uses_pass(host: Host, functions: tuple[Builtin, ...], tmp_path: Path, expression: str) -> None:
    write(tmp_path, expression)
    host.load([tmp_path], [], builtins=functions).close()
