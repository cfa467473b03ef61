"""The site can be built, and tells of everything that it should."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import traceability

from ec_acceptance.conformance.suite import Suite
from mutants.catalogue import all_mutants

_ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(importlib.util.find_spec("material") is None, reason="mkdocs-material isn't installed (extra site)")
def test_the_site_is_built_strictly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    answer = subprocess.run(command, cwd=_ROOT, env=environ, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    made = (tmp_path / "site" / "traceability.html").read_text(encoding="utf-8")
    assert "@happy-01" in made
    assert "successes-doubled" in made


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
