"""A validator with a command line of its own, and the adapter that leads it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = f"""#!{sys.executable}
import os, sys
words = sys.argv[1:]
if words == ["--version"]:
    print("renamed-1")
    sys.exit()
if words[:2] != ["check", "--now"]:
    sys.exit("check: no such command")
if "--public-key" in words or any(word.startswith("--key=") for word in words):
    sys.exit("check: the flag is --key")
words = ["--public-key" if word == "--key" else word for word in words[2:]]
os.execv({sys.executable!r}, [{sys.executable!r}, "-m", "refimpl", "validate", "image", *words])
"""
_ADAPTER = """
command = ["{program}"]
claims = ["core", "C0", "C1"]
[commands]
"validate image" = ["check", "--now"]
"version --short" = ["--version"]
[flags.rename]
"--public-key" = "--key"
"""


@pytest.fixture(scope="session")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an adapter for the program ``renamed`` beside it, which is ec-ref with other words."""
    folder = tmp_path_factory.mktemp("renamed")
    program = folder / "renamed"
    program.write_text(_PROGRAM, encoding="utf-8")
    program.chmod(0o755)
    adapter = folder / "renamed.toml"
    adapter.write_text(_ADAPTER.format(program=program), encoding="utf-8")
    return adapter
