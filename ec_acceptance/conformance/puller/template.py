"""How a tool is called to fetch one image: a command line with placeholders."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PLACEHOLDERS", "Template", "TemplateError"]

PLACEHOLDERS = {
    "ref": "the image, by digest: registry/name@sha256:…",
    "destination": "a path at which there is nothing yet, in a folder of its own",
    "cache": "the directory that all processes of the tool share",
}
"""What each stands for."""

_REQUIRED = ("ref", "destination")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)", re.DOTALL)
_BRACES = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")


class TemplateError(ValueError):
    """A template that can't be used. Its text is one line: what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Template:
    """A tool's command line and the variables that stand before it, both with placeholders."""

    words: tuple[str, ...]
    variables: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template such as ``ORAS_CACHE={cache} oras pull --output {destination} {ref}``.

        It is split into words as a shell does, before anything is put into them: what takes a placeholder's place never
        becomes several words. ``{{`` and ``}}`` stand for braces.

        Raises:
            TemplateError: it can't be split, has an unknown placeholder or lacks one, or there is no such program.
        """
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise TemplateError(f"the template {text!r} cannot be read: {str(error).lower()}") from None
        variables = {}
        while words and (found := _VARIABLE.fullmatch(words[0])):
            variables[found["name"]] = found["value"]
            words.pop(0)
        if not words:
            raise TemplateError(f"the template {text!r} names no program")
        used = {name for word in (*words, *variables.values()) for name in _placeholders(word)}
        if missing := [name for name in _REQUIRED if name not in used]:
            raise TemplateError(f"the template lacks {{{missing[0]}}}: {PLACEHOLDERS[missing[0]]}")
        program = shutil.which(words[0])
        if program is None:
            raise TemplateError(f"there is no program {words[0]!r} to fetch images with")
        return cls((str(Path(program).absolute()), *words[1:]), variables)

    @property
    def tool(self) -> str:
        """The program's name."""
        return Path(self.words[0]).name

    def uses(self, name: str) -> bool:
        """Whether a placeholder stands in it."""
        return any(name in _placeholders(word) for word in (*self.words, *self.variables.values()))

    def fill(self, ref: str, destination: Path, cache: Path) -> tuple[list[str], dict[str, str]]:
        """The command line and the additional variables that fetch this image."""
        values = {"ref": ref, "destination": str(destination), "cache": str(cache)}
        return [_fill(word, values) for word in self.words], {
            name: _fill(value, values) for name, value in self.variables.items()
        }


def _placeholders(word: str) -> list[str]:
    found = []
    for match in _BRACES.finditer(word):
        if match[0] in {"{", "}"}:
            raise TemplateError(f"in {word!r} a brace stands alone: write {match[0] * 2} for a brace")
        if match["name"] is None:
            continue
        if match["name"] not in PLACEHOLDERS:
            there = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise TemplateError(
                f"there is no placeholder {match[0]}: there are {there}; write {{{{ and }}}} for braces"
            )
        found.append(match["name"])
    return found


def _fill(word: str, values: Mapping[str, str]) -> str:
    return _BRACES.sub(lambda match: match[0][0] if match["name"] is None else values[match["name"]], word)
