"""What others copy into their CI can be read, is pinned, and names commands and options that there are."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ec_acceptance.conformance.cli import COMMANDS
from ec_acceptance.conformance.commands.init import files

_ROOT = Path(__file__).parents[2]
_COMMAND = re.compile(r'ec-conformance"? (.*)')
_ACTION = re.compile(r"[\w-]+/[\w.-]+@[0-9a-f]{40}")


def _texts() -> dict[str, str]:
    found = {path.name: path.read_text(encoding="utf-8") for path in (_ROOT / "ci").rglob("*.y*ml")}
    return {**found, "github.yml": files("acceptance")["ci/github.yml"].decode()}


def _values(document: Any, name: str) -> list[str]:
    """All texts that stand under a member of this name, however deep."""
    if isinstance(document, dict):
        own = [document[name]] if isinstance(document.get(name), str) else []
        own += document[name] if isinstance(document.get(name), list) and name == "script" else []
        return own + [text for value in document.values() for text in _values(value, name)]
    return [text for one in document for text in _values(one, name)] if isinstance(document, list) else []


def _scripts(text: str) -> list[str]:
    document = yaml.safe_load(text)
    return [*_values(document, "run"), *_values(document, "script")]


@pytest.mark.parametrize("name", ["action.yml", "gitlab.yml", "tekton.yaml", "github.yml"])
def test_its_commands_and_options_are_there(name: str) -> None:
    scripts = _scripts(_texts()[name])
    assert scripts
    lines = [found for script in scripts for found in _COMMAND.findall(script.replace("\\\n", " "))]
    for line in lines:
        command, *words = shlex.split(line)
        parser = argparse.ArgumentParser()
        importlib.import_module(COMMANDS[command].module).add_arguments(parser)
        options = {word for word in words if word.startswith("--")}
        known = {text for action in parser._actions for text in action.option_strings}
        assert options, line
        assert options - known == set()
    assert lines or any("behave" in script for script in scripts)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("action.yml", ["vendor.github-actions"]),
        ("github.yml", ["vendor.github-workflows"]),
        ("gitlab.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_its_form_is_what_the_service_demands(name: str, schema: list[str], tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(_texts()[name], encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["action.yml", "github.yml"])
def test_its_actions_are_pinned_by_commits(name: str) -> None:
    used = _values(yaml.safe_load(_texts()[name]), "uses")
    assert used
    assert [one for one in used if not _ACTION.fullmatch(one)] == []


@pytest.mark.parametrize("name", ["action.yml", "gitlab.yml", "tekton.yaml", "github.yml"])
def test_the_package_is_pinned(name: str) -> None:
    installs = [line for line in _texts()[name].splitlines() if "pip install" in line]
    assert installs
    assert all("ec-acceptance==" in line for line in installs)


def test_the_action_hands_its_inputs_over_as_variables() -> None:
    """An expression in a script would be code."""
    document = yaml.safe_load((_ROOT / "ci" / "github" / "action.yml").read_text(encoding="utf-8"))
    assert [script for script in _values(document, "run") if "${{" in script] == []
    used = set(re.findall(r"inputs\.(\w+)", str(document["runs"])))
    assert used == set(document["inputs"])


def test_the_tekton_task_uses_each_of_its_parameters() -> None:
    spec = yaml.safe_load((_ROOT / "ci" / "tekton.yaml").read_text(encoding="utf-8"))["spec"]
    assert {one["name"] for one in spec["params"]} == set(re.findall(r"params\.(\w+)", str(spec["steps"])))
    assert "$(" not in spec["steps"][0]["script"].replace("$(results", "")


def test_the_containers_entry_is_a_command_and_its_user_is_not_root() -> None:
    lines = (_ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert 'ENTRYPOINT ["ec-conformance"]' in lines
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in {"root", "0"}


def test_the_page_tells_of_each_file() -> None:
    page = (_ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    for path in (_ROOT / "ci").rglob("*.y*ml"):
        assert f"`{path.relative_to(_ROOT).as_posix()}`" in page
    document = yaml.safe_load((_ROOT / "ci" / "github" / "action.yml").read_text(encoding="utf-8"))
    assert {name for name in document["inputs"] if f"| `{name}` |" not in page} == set()
