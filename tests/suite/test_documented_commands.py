"""Each command of README, CONTRIBUTING and docs is run, or `documented_commands.toml` says what is done instead."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest
from documented_commands import CHANGED, LEFT, PAGES, READ, ROOT, TOLD, Change, blocks, commands

if TYPE_CHECKING:
    from pathlib import Path

_SCRIPTS = sysconfig.get_path("scripts")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z_-]*")
_PROGRAMS = [
    "programs/crane",
    "programs/ec",
    "my-validator",
    *(f"path/to/{name}" for name in ("program", "one", "other", "validator", "ec")),
]
_PROGRAM = """#!/bin/sh
case $1 in --its-*) shift ;; esac
exec ec-ref "$@"
"""
_RULES = """package main

import rego.v1

# METADATA
# title: Any image
# custom:
#   short_name: any
deny contains {"code": "main.any", "msg": "never"} if false
"""
_IMAGE = """export IMAGE=$EC_REGISTRY/team/app:1.0
ec-conformance push "$IMAGE"
ec-conformance sign "$IMAGE"
ec-conformance attest "$IMAGE"
cp "$EC_PUBLIC_KEY" key.pub
echo "$IMAGE" >list.txt
echo "{components: [{name: app, containerImage: $IMAGE}]}" >snapshot.yaml
echo "{sources: [{policy: ['git::https://$EC_GITHOST/git/policy.git']}], rekorUrl: $EC_REKOR_URL}" >policy.yaml
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the pages are for a POSIX shell")


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _script(page: Path) -> str:
    """All that is run of a page's commands, one after another; empty if that is nothing."""
    named = [(command.splitlines()[0], command) for command in commands(page)]
    return "".join(
        CHANGED.get(name, Change()).apply(command) for name, command in named if name not in READ and name not in LEFT
    )


def _run(script: str, folder: Path) -> str:
    """What it prints. Where images are validated, it runs with a registry, and an image, a key and a policy."""
    environ = {**os.environ, "PATH": f"{folder / 'programs'}:{_SCRIPTS}:{os.environ['PATH']}", "HOME": str(folder)}
    environ.pop("PYTHONPATH", None)
    bash = ["bash", "-euo", "pipefail", "-c"]
    command = [*bash, script]
    if script.startswith("ec-ref validate image"):
        command = ["ec-conformance", "fixtures", "up", "--git", "policy=rules", "--", *bash, _IMAGE + script]
    answer = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"{script}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


@pytest.mark.parametrize("page", {script: page for page in PAGES if (script := _script(page))}.values(), ids=_name)
def test_the_commands_of_a_page_work(tmp_path: Path, page: Path) -> None:
    """They run one after another, in a folder with the files that the page shows and the programs that it calls."""
    if " jq " in _script(page) and shutil.which("jq") is None:
        pytest.skip("jq isn't installed")
    shown = {block.title: block.text for block in blocks(page) if block.title}
    for name, text in {**dict.fromkeys(_PROGRAMS, _PROGRAM), "rules/main.rego": _RULES, **shown}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        if name in _PROGRAMS:
            (tmp_path / name).chmod(0o755)
    output = _run(_script(page), tmp_path)
    assert [told for told in TOLD.get(_name(page), ()) if told not in output] == [], output


@functools.cache
def _help(command: str) -> set[str]:
    environ = {**os.environ, "PATH": f"{_SCRIPTS}:{os.environ['PATH']}"}
    answer = subprocess.run(command.split(), cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    return {*_OPTION.findall(answer.stdout)}


def test_what_takes_too_long_has_options_that_are_there() -> None:
    for command, its_help in READ.items():
        assert {*_OPTION.findall(command)} <= _help(its_help), command


def test_commands_in_sentences_and_synopses_have_options_that_are_there() -> None:
    named = re.compile(r"(?:^|`)((?:ec-ref|ec-conformance)(?: [a-z][a-z-]*\b(?!\.))*) ([^`\n]*)", re.MULTILINE)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in blocks(page):
            text = text.replace(block.text, block.text if block.language == "text" else "")
        for command, rest in named.findall(text):
            if options := {*_OPTION.findall(rest.split(" -- ")[0])}:
                assert options <= _help(f"{command} --help"), f"{_name(page)}: {command} {rest}"


def test_each_module_that_is_run_is_there() -> None:
    named = {
        name for page in PAGES for command in commands(page) for name in re.findall(r"python -m ([\w.]+)", command)
    }
    assert {name for name in named if importlib.util.find_spec(name) is None} == set()


def test_each_entry_is_of_one_command_that_a_page_has() -> None:
    there = {command.splitlines()[0] for page in PAGES for command in commands(page)}
    entries = [*CHANGED, *READ, *LEFT]
    assert {entry for entry in entries if entry not in there or entries.count(entry) > 1} == set()
    assert set(TOLD) <= {_name(page) for page in PAGES}
