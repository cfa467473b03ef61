"""Lists of many images, and the results of earlier runs and of shards, which are put together in every format."""

from __future__ import annotations

import functools
import tempfile
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuzz import seeds
from fuzz.target import target
from refimpl.command_line.options import Options
from refimpl.commands.image_list import ImageList
from refimpl.commands.merge import merge
from refimpl.errors import UnsuccessfulError
from refimpl.ndjson.lines import is_settled
from refimpl.ndjson.reading import open_results
from refimpl.report.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCRATCH = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made in it
_OFTEN = 1 << 14  # bytes
_IMAGE = f"registry.test/app@sha256:{'a' * 64}"


@functools.cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=_SCRATCH))


def _lists() -> Iterable[bytes]:
    yield f'{_IMAGE}\n# a remark\n\nregistry.test/app:v1\n{{"name": "n", "containerImage": "{_IMAGE}"}}\n'.encode()
    yield seeds.encode({"containerImage": _IMAGE, "source": {"git": {"url": "u", "revision": "r"}}})


@target("image-list", _lists, "containerImage", "name", "source", "\ufeff", "\x85", "\r\n")
def _image_list(data: bytes) -> None:
    """Each line is an entry, or tells why it is none."""
    path = _folder() / "list.txt"
    path.write_bytes(data)
    images = ImageList(str(path))
    entries = list(images)
    if len(data) <= _OFTEN:  # it reads all of it once more
        assert images.count(1 << 20) == len(entries)
    assert [entry.position for entry in entries] == sorted({entry.position for entry in entries})
    for entry in entries:
        assert len(entry.identity) == 16


def _results() -> Iterable[bytes]:
    yield b"".join(seeds.encode(line) + b"\n" for line in (_RUN, _COMPONENT, *_INDEX, _ERROR, _SUMMARY))
    yield b"".join(seeds.encode(line) + b"\n" for line in (_RUN, _COMPONENT, {**_SUMMARY, "entries": 1}))


@target("results", _results, "position", "part", "parts", "policy-input", "statements", "images", "fault")
def _merge(data: bytes) -> None:
    """What can be put together can be told in all formats."""
    path, folder = _folder() / "results.ndjson", _folder()
    path.write_bytes(data)
    outputs = tuple(f"{name}={folder / name}" for name in FORMATS)
    with open_results(str(path)) as results:
        for position in results.places:
            all(map(is_settled, results.lines(position)))
    with suppress(UnsuccessfulError):
        merge([str(path)], Options(output=outputs), {})


def _part(number: int, parts: int, **members: Any) -> dict[str, Any]:
    return {**_COMPONENT, "position": 3, "part": number, "parts": parts, **members}


_RUN = {
    "type": "run",
    "format": 1,
    "verdict-key": "sha256:0",
    "effective-time": "",
    "shard": "1/1",
    "snapshot": "",
    "key": "-----BEGIN PUBLIC KEY-----",
    "policy": {"sources": [{"policy": ["./rules"]}], "publicKey": "k"},
    "ec-version": "v0.1",
    "show-successes": True,
    "documents": True,
}
_COMPONENT = {
    "type": "component",
    "position": 1,
    "entry": "0123456789abcdef",
    "name": "n",
    "containerImage": _IMAGE,
    "digest": f"sha256:{'a' * 64}",
    "source": {"git": {"url": "u", "revision": "r"}},
    "success": False,
    "violations": [{"msg": "m", "metadata": {"code": "a.b", "term": "t", "title": "T", "effective_on": "2022-01-01"}}],
    "warnings": [{"msg": "w"}],
    "successes": [{"msg": "Pass", "metadata": {"code": "a.c"}}],
    "success-count": 1,
    "signatures": [{"keyid": "", "sig": "c2ln"}],
    "attestations": [{"type": "https://in-toto.io/Statement/v0.1", "predicateType": "p", "signatures": []}],
    "effective-time": "2031-01-01T00:00:00Z",
    "policy-input": b64encode(b"{}").decode(),
    "statements": [b64encode(b"{}").decode()],
}
_INDEX = (_part(1, 2, images=[_IMAGE]), _part(2, 2, name="n-noarch"))
_ERROR = {"type": "error", "position": 5, "entry": "fedcba9876543210", "error": "no such image"}
_SUMMARY = {
    "type": "summary",
    "success": False,
    "entries": 3,
    "repeated": 0,
    "violation-count": 3,
    "warning-count": 3,
    "success-count": 3,
    "effective-time": "2031-01-01T00:00:00Z",
    "input": "sha256:1",
    "finished": "2031-01-01T00:00:00.000000Z",
}
