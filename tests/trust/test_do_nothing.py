"""Validators that do nothing: not one scenario may pass with them."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ec_acceptance.conformance.outcome import WRONG

_ROOT = Path(__file__).parents[2]


def _statuses(validator: str, folder: Path, *features: str) -> dict[str, str]:
    """Scenario, with its place, → status, of a run of these features, or of all."""
    report = folder / "report.json"
    runner = [sys.executable, "-m", "ec_acceptance.conformance", "--registry", "embedded", "--report", str(report)]
    options = ["--validator", validator, "--no-artifacts", "--no-check", "--timeout", "5", "--jobs", "3"]
    answer = subprocess.run([*runner, *options, *features], cwd=_ROOT, capture_output=True, timeout=900, check=False)
    assert answer.returncode == 1, (answer.stdout[-2000:] + answer.stderr).decode("utf-8", "replace")
    results = json.loads(report.read_text(encoding="utf-8"))["results"]
    return {f"{result['location']} {result['name']}": result["status"] for result in results}


def _echo(folder: Path, text: str) -> str:
    printed = folder / "printed"
    printed.write_text(text, encoding="utf-8")
    return shlex.join(["sh", "-c", 'exec cat "$0"', str(printed)])


def _snapshot() -> str:
    return (_ROOT / "snapshots" / "validate_image" / "happy_day.ambr").read_text(encoding="utf-8")


def _report() -> str:
    component = {"name": "A", "containerImage": "<registry>/acceptance/ec-happy-day", "source": {}, "success": True}
    report = {
        "success": True,
        "components": [component],
        "key": "<key known>",
        "policy": {},
        "effective-time": "<time>",
    }
    return json.dumps({**report, "ec-version": "<version>", "effective-time": "<time>"})


_PRINTED = {"the snapshot's text": _snapshot, "a report": _report}


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("true", ()),
        ("cat", ()),  # it fails and says so
        ("a report", ()),
        # These differ from the others only where nothing is said at all, and where snapshots are compared.
        ("false", ("features/errors", "features/refusals", "features/validate_image", "features/outputs")),
        ("the snapshot's text", ("features/validate_image", "features/outputs")),
    ],
)
def test_every_scenario_fails(name: str, features: tuple[str, ...], tmp_path: Path) -> None:
    validator = _echo(tmp_path, _PRINTED[name]()) if name in _PRINTED else shutil.which(name)
    if validator is None:
        pytest.skip(f"there is no program {name} on this machine")
    statuses = _statuses(validator, tmp_path, *features)
    assert len(statuses) >= 30
    ruled_out = WRONG | {"not-applicable"}
    assert {scenario: status for scenario, status in statuses.items() if status not in ruled_out} == {}
