"""The site can be built, and each command of its pages for newcomers works when it is pasted."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import traceability

from ec_acceptance.conformance.suite import Suite
from mutants.catalogue import all_mutants

_ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.DOTALL | re.MULTILINE
)
_INSTALLING = re.compile(r"python3? -m (?:venv|pip) |docker ")


@pytest.mark.skipif(importlib.util.find_spec("material") is None, reason="mkdocs-material isn't installed (extra site)")
def test_the_site_is_built_strictly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    answer = subprocess.run(command, cwd=_ROOT, env=environ, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    made = (tmp_path / "site" / "traceability.html").read_text(encoding="utf-8")
    assert "@happy-01" in made
    assert "successes-doubled" in made


@pytest.mark.skipif(sys.platform == "win32", reason="the pages are for a POSIX shell")
@pytest.mark.parametrize("name", ["tutorial", "gate", "by-hand"])
def test_the_commands_of_a_page_work_in_an_empty_folder(tmp_path: Path, name: str) -> None:
    """Files that the page shows are written first; what installs is the only thing left out."""
    page = (_ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    blocks = list(_BLOCK.finditer(page))
    for block in blocks:
        if block["title"]:
            path = tmp_path / block["title"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["text"], encoding="utf-8")
    script = "".join(block["text"] for block in blocks if block["language"] == "bash")
    assert script
    installing = [line for block in blocks if block["language"] == "console" for line in block["text"].splitlines()]
    assert [line for line in installing if not _INSTALLING.match(line)] == []
    environ = {**os.environ, "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"}
    environ.pop("PYTHONPATH", None)
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for told in {
        "tutorial": ("it doesn't conform: 1", "4 scenarios passed", "the gate is closed: 1"),
        "gate": ("4 scenarios passed, 0 failed",),
        "by-hand": ("Success: true", "Reason: built by https://elsewhere", "it isn't let through any more"),
    }[name]:
        assert told in answer.stdout, answer.stdout + answer.stderr


def test_traceability_tells_of_every_scenario_and_mutant() -> None:
    page = traceability.page()
    identities = {one.id for one in Suite.installed().scenarios()}
    assert {identity for identity in identities if f"| `@{identity}` |" not in page} == set()
    told = traceability.mutants_by_tag(all_mutants().values())
    assert {name for names in told.values() for name in names if f"`{name}`" not in page} == set()


def test_the_navigation_names_pages_that_are_there() -> None:
    names = re.findall(r"([\w/-]+\.md)$", (_ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert "tutorial.md" in names
    assert [name for name in names if name != "traceability.md" and not (_ROOT / "docs" / name).is_file()] == []
