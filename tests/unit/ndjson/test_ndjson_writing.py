"""Lines on their way out: streams that are full or gone, and files that can't be had."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from refimpl.errors import OutputError
from refimpl.ndjson.lines import Run
from refimpl.ndjson.writing import Destination, Writer

if TYPE_CHECKING:
    from pathlib import Path

_RUN = Run(verdict_key="k", effective_time="", key="", policy={}, ec_version="v")


def test_a_stream_that_is_full_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, full = os.write, [True, False, True]

    def write_if_there_is_room(descriptor: int, data: memoryview) -> int:
        if full and full.pop():
            raise BlockingIOError
        return write(descriptor, data[:10])

    monkeypatch.setattr(os, "write", write_if_there_is_room)
    with Writer(Destination(str(tmp_path / "lines")), _RUN):
        pass
    assert full == []
    assert json.loads((tmp_path / "lines").read_text())["verdict-key"] == "k"


def test_lines_for_standard_output_come_after_what_is_there_and_leave_it_open(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sys.stdout.write("before\n")
    with Writer(Destination(), _RUN):
        pass
    sys.stdout.write("after\n")
    sys.stdout.flush()
    before, line, after = capfd.readouterr().out.splitlines()
    assert (before, json.loads(line)["type"], after) == ("before", "run", "after")


def test_lines_can_go_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with Writer(Destination("/dev/stderr"), _RUN):
        pass
    assert json.loads(capfd.readouterr().err)["type"] == "run"


@pytest.mark.parametrize(
    ("path", "why"),
    [("no/such/folder", "open no/such/folder: no such file or directory"), ("a\0b", "invalid argument")],
)
def test_a_file_that_cant_be_had_is_named(path: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match=why):
        Writer(Destination(path), _RUN)
