"""What users give: images to validate, input files; and JSON on its way to rules and reports."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuzz import seeds
from fuzz.target import target
from refimpl.commands import input_files, snapshot
from refimpl.golang import jsontext
from refimpl.golang.document import DocumentError, parse
from refimpl.policy_input.document import compact

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCRATCH = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made in it


def _snapshots() -> Iterable[bytes]:
    one = {"name": "n", "containerImage": "registry.test/app:v1", "source": {"git": {"url": "u", "revision": "r"}}}
    yield seeds.encode({"application": "a", "displayName": "d", "components": [one, one]})
    yield seeds.encode({"apiVersion": "v1", "kind": "Snapshot", "spec": {"components": [one]}})


@target("snapshot", _snapshots, "components", "containerImage", "spec", "source")
def _snapshot(data: bytes) -> None:
    read = snapshot._from_text(data.decode("utf-8", "surrogateescape"))
    jsontext.dumps(read.to_json())


def _inputs() -> Iterable[bytes]:
    yield b'{"a": [1.50, null, "x"]}'
    yield b"a: 1\n---\nb: [2]\n...\n"


@target("input-json", _inputs)
def _input_json(data: bytes) -> None:
    _input(data, "json")


@target("input-yaml", _inputs, "---\n", "...\n", "%YAML 1.1\n", "# c\n")
def _input_yaml(data: bytes) -> None:
    _input(data, "yaml")


def _input(data: bytes, ending: str) -> None:
    with tempfile.NamedTemporaryFile(prefix="fuzz-", suffix=f".{ending}", dir=_SCRATCH) as file:
        file.write(data)
        file.flush()
        input_files.input_files(file.name)


@target("compacted", seeds.statements, '\\"', "\\\\", "\\u0000", "<&>", refuses=(DocumentError,))
def _compact(data: bytes) -> None:
    """Statements go to rules without blanks; it must be the same document."""
    before = parse(data)
    if not before.has_invalid_utf8:
        after = compact(data)
        assert _plain(after) == _plain(data)


def _plain(data: bytes) -> Any:
    return json.loads(data.decode("utf-8", "replace"), parse_int=_integer, parse_float=str)


def _integer(text: str) -> str:
    return "0" if text == "-0" else text


def _texts() -> Iterable[bytes]:
    yield b'{"a": "\\u0000number:1", "b": [1.50, 1e400, -0, 12345678901234567890]}'


@target("numbers", _texts, "\\u0000number:", "number:", "1e999", "-0.0", refuses=(ValueError, RecursionError))
def _numbers(data: bytes) -> None:
    """Whatever is read and written again is what it was; texts that aren't Unicode are mended first."""
    found = jsontext.loads(data)
    written = jsontext.dumps(found, escape_html=False).encode()
    again = jsontext.loads(written)
    assert again == found
    if "\ufffd" not in written.decode() and b"\\u" not in data:
        assert _plain(written) == _plain(data)
