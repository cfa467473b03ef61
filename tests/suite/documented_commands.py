"""The commands in README, CONTRIBUTING and docs; `documented_commands.toml` has those that aren't run as they stand."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if path.name != "steps.md"),
]

_BLOCK = re.compile(
    r'^ *```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^ *```$', re.DOTALL | re.MULTILINE
)
_COMMENT = re.compile(r"(?:^|\s+)# .*$")
_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

TOLD: Mapping[str, list[str]] = _TABLE["told"]
"""What the commands of a page must print."""

READ: Mapping[str, str] = {command: entry["help"] for entry in _TABLE["read"] for command in entry["commands"]}
"""Commands that take long, and the one that prints their options."""

LEFT: Mapping[str, str] = {command: entry["reason"] for entry in _TABLE["left"] for command in entry["commands"]}
"""Commands that are neither run nor read, and why."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the name of the file that it shows (or nothing), its text."""

    language: str
    title: str
    text: str


@dataclass(frozen=True)
class Change:
    """How a command is run that can't be run as it stands."""

    replace: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    in_checkout: bool = False
    status: int = 0

    def apply(self, command: str) -> str:
        """A script that runs it, and fails if it ends otherwise than it should."""
        for text, other in self.replace.items():
            assert text in command, f"{command}: {text!r} isn't there any more"
            command = command.replace(text, other)
        command = command.replace(".venv/bin/", "").replace("/path/to/", "./path/to/")
        if self.in_checkout:
            command = f"(cd '{ROOT}' && {command})"
        if self.status:
            command = f"{{ {command} && exit 1; }} || test $? -eq {self.status}"
        return f"{self.before}{command}\n"


CHANGED: Mapping[str, Change] = {
    command: Change(**{key: value for key, value in entry.items() if key != "commands"})
    for entry in _TABLE["changed"]
    for command in entry["commands"]
}


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(block["language"], block["title"] or "", block["text"]) for block in found]


def commands(page: Path) -> list[str]:
    """The commands of a page, without comments: all that stands in blocks of the language ``bash``."""
    return [command for block in blocks(page) if block.language == "bash" for command in _commands(block.text)]


def _commands(text: str) -> Iterator[str]:
    """One that goes over several lines, by a backslash or from ``for`` to ``done``, is one."""
    whole = ""
    for line in re.sub(r" *\\\n *", " ", text).splitlines():
        whole += f"{_COMMENT.sub('', line).rstrip()}\n"
        if whole.startswith("for ") and not re.search(r"(?:^|[;&] )done\b", whole, re.MULTILINE):
            continue
        if whole.strip():
            yield whole.strip("\n")
        whole = ""
