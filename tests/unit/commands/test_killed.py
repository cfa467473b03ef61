"""Runs that are killed at any moment, and resumed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from stages import Stage

if TYPE_CHECKING:
    from pathlib import Path

_ENTRIES = 60
_KILLS = 4


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed there as it is here")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_run_that_was_killed_again_and_again_ends_like_one_that_wasnt(tmp_path: Path, processes: str) -> None:
    with Stage(tmp_path) as stage:
        references = [stage.image(f"image/i{number}") for number in range(3)]
        entries = [{"name": f"c{number}", "containerImage": references[number % 3]} for number in range(_ENTRIES)]
        (tmp_path / "list.ndjson").write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
        command = [*_command(tmp_path), "--processes", processes]
        subprocess.run([*command, "--output", "json=whole.json"], env=_environment(tmp_path), cwd=tmp_path, check=True)
        command += ["--resume", "r.ndjson", "--output", "ndjson=r.ndjson", "--output", "json=resumed.json"]
        chance = random.Random(int(processes))  # noqa: S311 - any moments will do
        for wanted in sorted(chance.randrange(1, 40_000) for _ in range(_KILLS)):
            _kill_at(wanted, command, tmp_path)
        subprocess.run(command, env=_environment(tmp_path), cwd=tmp_path, check=True)
    assert (tmp_path / "resumed.json").read_bytes() == (tmp_path / "whole.json").read_bytes()
    lines = [json.loads(line) for line in (tmp_path / "r.ndjson").read_text().splitlines()]
    assert sorted(line["position"] for line in lines[1:-1]) == list(range(1, _ENTRIES + 1))
    assert lines[-1]["entries"] == _ENTRIES


def _command(folder: Path) -> list[str]:
    policy = json.dumps({"sources": [{"policy": [f"file::{folder / 'policy'}"]}]})
    return [
        *(sys.executable, "-m", "refimpl", "validate", "image", "--images", "list.ndjson", "--policy", policy),
        *("--public-key", "key.pub", "--ignore-rekor", "--effective-time", "2031-01-01T00:00:00Z"),
    ]


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}


def _kill_at(size: int, command: list[str], folder: Path) -> None:
    """Kill it when the file of results has this size, if it doesn't end before."""
    results = folder / "r.ndjson"
    process = subprocess.Popen(command, env=_environment(folder), cwd=folder)
    while process.poll() is None and not (results.exists() and results.stat().st_size >= size):
        time.sleep(0.001)
    process.kill()
    process.wait()
