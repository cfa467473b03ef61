"""The sum of all tests, and what of them failed: the last lines of a run in CI."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_TALLY = Path(__file__).parents[2] / ".ci" / "tally.py"
_UNIT = """<testsuites><testsuite tests="3" failures="1" errors="0" skipped="1">
<testcase classname="tests.unit.test_a" name="test_one"/>
<testcase classname="tests.unit.test_a" name="test_two"><failure message="assert 1 == 2">def test_two():
    assert 1 == 2
E   AssertionError</failure></testcase>
<testcase classname="tests.unit.test_a" name="test_three"><skipped/></testcase>
</testsuite></testsuites>"""


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, _TALLY, folder], capture_output=True, text=True, check=False, timeout=60)


def test_names_what_failed_with_its_reason_before_the_sum(tmp_path: Path) -> None:
    (tmp_path / "unit.xml").write_text(_UNIT, encoding="utf-8")
    (tmp_path / "mutants").mkdir()
    (tmp_path / "mutants" / "matrix.xml").write_text(
        '<testsuite tests="1" errors="1"><testcase name="any-key"><error message="not killed"/></testcase></testsuite>',
        encoding="utf-8",
    )
    done = _run(tmp_path)
    assert done.stdout.splitlines() == [
        "FAILED matrix::any-key",
        "  not killed",
        "FAILED unit::tests.unit.test_a::test_two",
        "  def test_two():",
        "      assert 1 == 2",
        "  E   AssertionError",
        "1 passed, 2 failed, 1 skipped",
    ]
    assert done.returncode == 1


def test_a_run_of_nothing_fails(tmp_path: Path) -> None:
    done = _run(tmp_path)
    assert (done.stdout, done.returncode) == ("0 passed, 0 failed, 0 skipped\n", 1)
