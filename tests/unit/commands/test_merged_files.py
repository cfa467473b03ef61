"""Files of results that can't be merged, each refused by a line that names what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from refimpl.command_line.options import Options
from refimpl.commands.merge import merge
from refimpl.errors import InputError
from refimpl.ndjson.lines import encode_line

if TYPE_CHECKING:
    from pathlib import Path

_RUN = {
    "type": "run",
    "format": 1,
    "verdict-key": "k",
    "effective-time": "2031-01-01T00:00:00Z",
    "snapshot": "",
    "key": "",
    "policy": {},
    "ec-version": "v",
    "show-successes": False,
    "documents": False,
}
_COMPONENT = {
    "type": "component",
    "entry": "e",
    "name": "n",
    "containerImage": "i",
    "digest": "sha256:a",
    "source": {},
    "success": True,
    "violations": [],
    "warnings": [],
    "success-count": 0,
    "signatures": [],
    "attestations": [],
}
_SUMMARY = {
    "type": "summary",
    "success": True,
    "repeated": 0,
    "violation-count": 0,
    "warning-count": 0,
    "success-count": 0,
    "effective-time": "2031-01-01T00:00:00Z",
    "input": "sha256:1",
    "finished": "2031-01-01T00:00:00.000000Z",
}


def _write(path: Path, shard: str, positions: list[int], **summary: Any) -> str:
    lines: list[dict[str, Any]] = [{**_RUN, "shard": shard}]
    lines += [{**_COMPONENT, "position": position} for position in positions]
    lines.append({**_SUMMARY, "entries": len(positions), **summary})
    path.write_bytes(b"".join(map(encode_line, lines)))
    return path.name


def _why(*paths: str, output: tuple[str, ...] = ("json=report.json",)) -> str:
    with pytest.raises(InputError) as refused:
        merge(list(paths), Options(output=output), {})
    return str(refused.value)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_shards_of_different_numbers(tmp_path: Path) -> None:
    one, other = _write(tmp_path / "one", "1/2", [1]), _write(tmp_path / "other", "2/3", [2])
    assert _why(one, other) == "one is shard 1/2, but other is shard 2/3"


def test_of_many_missing_shards_ten_are_named(tmp_path: Path) -> None:
    first = _write(tmp_path / "first", "1/20", [1])
    named = ", ".join(f"{number}/20" for number in range(2, 12))
    assert _why(first) == f"there are shards missing: {named} and 9 more"


def test_an_entry_that_two_shards_have(tmp_path: Path) -> None:
    one, other = _write(tmp_path / "one", "1/2", [1, 2]), _write(tmp_path / "other", "2/2", [2])
    assert _why(one, other) == "entry 2 is there twice: in one and in other"


def test_shards_of_different_lists(tmp_path: Path) -> None:
    one, other = _write(tmp_path / "one", "1/2", [1]), _write(tmp_path / "other", "2/2", [2], input="sha256:2")
    assert _why(one, other) == "other is of another list of images than one"


def test_lines_that_are_missing(tmp_path: Path) -> None:
    assert _why(_write(tmp_path / "one", "1/1", [1], entries=2)) == "one lacks lines: there are 1 of 2 entries"


def test_a_format_that_needs_documents_which_the_lines_dont_have(tmp_path: Path) -> None:
    why = _why(_write(tmp_path / "one", "1/1", [1]), output=("policy-input=inputs",))
    assert why == "one has no documents: make it with --output ndjson=…?documents=true"


def test_the_latest_of_several_times_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one, other = _write(tmp_path / "one", "1/2", [1]), _write(tmp_path / "other", "2/2", [2])
    text = (tmp_path / "other").read_text().replace("2031-01-01T00:00:00Z", "2032-01-01T00:00:00Z")
    (tmp_path / "other").write_text(text)
    merge([one, other], Options(output=("json=report.json",)), {})
    assert '"effective-time":"2032-01-01T00:00:00Z"' in (tmp_path / "report.json").read_text()
    assert "from 2031-01-01T00:00:00Z to 2032-01-01T00:00:00Z" in caplog.text
