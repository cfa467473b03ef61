"""Files of results: what is whole in them is found again, what was torn off is passed over, what is odd is named."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from refimpl.commands.resume import earlier_results
from refimpl.errors import ComponentError, InputError
from refimpl.ndjson.lines import Found, Run, Summary, encode_found, encode_line, encode_removed
from refimpl.ndjson.reading import open_results
from refimpl.policy.effective_time import EffectiveTime
from refimpl.record import replace
from refimpl.report.model import ComponentResult
from refimpl.report.outcome import ComponentOutcome

if TYPE_CHECKING:
    from pathlib import Path

_RUN = Run("k", "", "", {}, "v")
_NOW = datetime(2031, 1, 1, tzinfo=UTC)
_OUTCOME = ComponentOutcome(ComponentResult("n", "i"), EffectiveTime(None), digest="sha256:a")
_INDEX = replace(_OUTCOME, children=(_OUTCOME, _OUTCOME))

FIRST = encode_line(_RUN.to_json())
ONE = encode_found(Found(1, "e", _OUTCOME), _RUN)
THREE = encode_found(Found(3, "f", _INDEX), _RUN)
LOST = encode_found(Found(7, "g", ComponentError("no such image")), _RUN)
END = encode_line(Summary("sha256:1", 3, 0, False, 0, 0, 0, "", _NOW).to_json())  # noqa: FBT003


def _file(folder: Path, data: bytes) -> str:
    (path := folder / "results.ndjson").write_bytes(data)
    return str(path)


def test_all_is_found_by_its_position(tmp_path: Path) -> None:
    with open_results(_file(tmp_path, FIRST + THREE + LOST + ONE + END)) as results:
        assert sorted(results.places) == [1, 3, 7]
        assert len(results.find(3).outcomes) == 3
        assert str(results.find(7).outcome) == "no such image"
        assert results.find(1).outcomes[0].digest == "sha256:a"
        assert results.summary is not None
        assert results.run == _RUN


def test_of_two_results_with_one_position_the_later_counts(tmp_path: Path) -> None:
    again = encode_found(Found(1, "e", replace(_OUTCOME, digest="sha256:b")), _RUN)
    with open_results(_file(tmp_path, FIRST + ONE + again)) as results:
        assert results.find(1).outcomes[0].digest == "sha256:b"


def test_what_was_removed_does_not_count_until_it_is_named_again(tmp_path: Path) -> None:
    gone = encode_removed(1)
    for data, left in ((gone, [3]), (gone + ONE, [3, 1]), (gone[:-1], [1, 3]), (encode_removed(7), [1, 3])):
        whole = data if data.endswith(b"\n") else b""
        with open_results(_file(tmp_path, FIRST + ONE + THREE + data)) as results:
            assert (list(results.places), results.end) == (left, len(FIRST + ONE + THREE + whole))


def test_an_entry_that_was_torn_off_anywhere_is_passed_over(tmp_path: Path) -> None:
    for length in range(1, len(THREE)):
        with open_results(_file(tmp_path, FIRST + ONE + THREE[:length])) as results:
            assert (list(results.places), results.end, results.summary) == ([1], len(FIRST + ONE), None), length


_PARTS = THREE.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", ':1: not a line of results: the first line is no "run" of format 1'),
        (ONE, ':1: not a line of results: the first line is no "run" of format 1'),
        (FIRST[:-1], ":1: not a line of results: the file ends in it"),
        (FIRST + b"\n" + ONE, ":2: not a line of results: "),
        (FIRST + b"5\n", ":2: not a line of results: no object with members"),
        (FIRST + b"{}\n", ":2: not a line of results: no object with members"),
        (FIRST + b'{"a": \xff}\n', ":2: not a line of results: "),
        (FIRST + b"[" * 100_000 + b"\n", ":2: not a line of results: "),
        (FIRST + _PARTS[0] + ONE, ":3: not a line of results: part 2 of 3 is missing"),
        (FIRST + _PARTS[0] + _PARTS[2], ":3: not a line of results: part 2 of 3 is missing"),
        (FIRST + encode_removed(0), ':2: not a line of results: "position" is less than 1'),
        (FIRST + END + encode_removed(1), ":3: not a line of results: it comes after the end"),
        (FIRST + END + ONE, ":3: not a line of results: it comes after the end"),
        (FIRST.replace(b'"1/1"', b'"3/2"'), ":1: not a line of results: must be i/n with i from 1 to n"),
    ],
)
def test_what_is_odd_is_named_by_its_line(data: bytes, why: str, tmp_path: Path) -> None:
    path = _file(tmp_path, data)
    with pytest.raises(InputError, match=f"^{re.escape(path + why)}"), open_results(path):
        pass


def test_what_can_be_read_once_only_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(path := tmp_path / "pipe")
    for open_ in (open_results, earlier_results):
        with pytest.raises(InputError, match="must be a file that can be read twice"), open_(str(path)):
            pass


@pytest.mark.parametrize(("name", "why"), [("nothing", "no such file or directory"), ("a\0b", "invalid argument")])
def test_a_file_that_cant_be_opened_is_named(name: str, why: str, tmp_path: Path) -> None:
    path = f"{tmp_path}/{name}"
    with pytest.raises(InputError, match=f"^{re.escape(f'open {path}: {why}')}$"), open_results(path):
        pass
