"""A folder of scenarios of somebody's own is made, and plain behave runs it away from here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from ec_acceptance.conformance.cli import main
from ec_acceptance.conformance.commands.init import files
from ec_acceptance.testbed.fixtures.images import Image

if TYPE_CHECKING:
    from pathlib import Path


def _behave(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-m", "behave", "-D", "registry=embedded", *options]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "acceptance"
    assert main(["init", str(folder)]) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "acceptance", ignore=shutil.ignore_patterns("artifacts"))
    return tmp_path / "acceptance"


def test_plain_behave_runs_what_was_made(made: Path) -> None:
    answer = _behave(made)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "4 scenarios passed, 0 failed" in answer.stdout


def test_the_gate_fails_for_a_bad_image(folder: Path) -> None:
    layout = folder / "image"
    bad = Image.of([], labels={"com.example.purpose": "test"})
    for digest, data in ((bad.digest, bad.manifest), (bad.config_digest, bad.config)):
        (layout / "blobs" / digest.replace(":", "/")).write_bytes(data)
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [bad.descriptor()]}))
    answer = _behave(folder, "features/image.feature")
    assert answer.returncode == 1
    assert "the exit status is 1, not 0" in answer.stdout
    assert "This is a test image" in answer.stdout


@pytest.mark.parametrize("taken", ["features/steps", "features/environment.py"])
def test_nothing_is_made_where_behave_would_take_something_else(
    tmp_path: Path, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / taken).mkdir(parents=True)
    assert main(["init", str(tmp_path)]) == 2
    assert f"behave takes {tmp_path / taken} for its own" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["features"]


def test_the_command_that_comes_next_is_one_for_a_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "our gate")]) == 0
    assert f"now: cd '{tmp_path / 'our gate'}' && behave" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such program")
def test_the_gate_fails_for_a_validator_that_says_yes(folder: Path) -> None:
    answer = _behave(folder, "features/rules.feature", "-D", f"validator={shutil.which('true')}")
    assert answer.returncode == 1
    assert "0 scenarios passed, 3 failed" in answer.stdout


@pytest.mark.parametrize(
    ("removed", "said"),
    [
        ("policy.yaml", "policy.yaml: No such file or directory"),
        ("policy", "policy: there is no such folder"),
        ("image", "there is no OCI layout in "),
    ],
)
def test_a_missing_file_is_one_line_and_blames_no_validator(folder: Path, removed: str, said: str) -> None:
    path = folder / removed
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    answer = _behave(folder, "features/image.feature")
    assert answer.returncode == 1
    assert said in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr
    assert "1 error" in answer.stdout


def test_a_snapshot_needs_an_id(folder: Path) -> None:
    feature = folder / "features" / "rules.feature"
    feature.write_text(feature.read_text().replace("  @rules-01\n", "  @JIRA-12 @slow\n"))
    answer = _behave(folder, "features/rules.feature")
    assert "a scenario needs exactly one id among its tags, such as @release-01, to have a snapshot" in answer.stdout
    assert "2 scenarios passed" in answer.stdout


def test_steps_of_their_own_stand_beside_ours(folder: Path) -> None:
    with (folder / "steps" / "steps.py").open("a") as steps:
        steps.write(
            "\nfrom behave import then\n\n\n"
            '@then("the report speaks of {count:d} images")\n'
            "def speaks_of(context: Context, count: int) -> None:\n"
            "    assert len(context.world.runs.report.components) == count\n"
        )
    feature = folder / "features" / "image.feature"
    feature.write_text(f"{feature.read_text()}    And the report speaks of 1 images\n")
    answer = _behave(folder, "features/image.feature")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_no_file_is_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "README.md").write_text("ours")
    assert main(["init", str(folder)]) == 2
    assert "is there already" in capsys.readouterr().out
    assert (folder / "README.md").read_text() == "ours"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file" / "acceptance")]) == 2
    assert capsys.readouterr().out.count("\n") == 1


def test_the_workflow_is_for_the_folder_that_was_named() -> None:
    made = files("gate")
    document = yaml.safe_load(made["ci/github.yml"])
    assert document["jobs"]["acceptance"]["defaults"]["run"]["working-directory"] == "gate"
    assert not any(b"@FOLDER@" in data or b"@VERSION@" in data for data in made.values())
