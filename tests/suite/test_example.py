"""The scenario that docs/DEVELOPMENT.md shows works when it is pasted where the page says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import features

if TYPE_CHECKING:
    from pathlib import Path

_FEATURE = "features/validate_image/verdicts.feature"


def _behave(suite: Path, *options: str) -> str:
    command = [sys.executable, "-m", "behave", _FEATURE, "-t", "@verdict-07", "-D", "registry=embedded", *options]
    return subprocess.run(command, cwd=suite, capture_output=True, text=True, check=False).stdout


def test_the_example_works_when_it_is_pasted(tmp_path: Path) -> None:
    for part in ("features", "steps", "snapshots"):
        shutil.copytree(features.ROOT / part, tmp_path / part)
    shutil.copy(features.ROOT / "environment.py", tmp_path)
    page = (features.ROOT / "docs" / "DEVELOPMENT.md").read_text(encoding="utf-8")
    example = re.search(r"```gherkin\n(  @verdict-07\n.*?)```", page, re.DOTALL)
    assert example
    with (tmp_path / _FEATURE).open("a", encoding="utf-8") as feature:
        feature.write(f"\n{example[1]}")
    assert "there is no snapshot 'verdict-07 stdout'" in _behave(tmp_path)
    _behave(tmp_path, "-D", "snapshots=update")
    assert "1 scenario passed, 0 failed" in _behave(tmp_path)
