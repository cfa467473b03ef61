"""Every sentence of scenarios, with an example; ``python tests/suite/step_reference.py`` writes docs/steps.md."""

from __future__ import annotations

import ast
import inspect
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import features

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = features.ROOT / "docs" / "steps.md"
_KINDS = {"given": "Given", "when": "When", "then": "Then", "step": "Given, When or Then"}
_FIELD = re.compile(r"\{(?P<name>\w+)(?::(?P<kind>\w+))?\}|\(\?P<(?P<group>\w+)>")
_WORDS = {"d": "a number", "w": "a word", "g": "a number", "f": "a number"}
_ROWS = 4
_HEAD = """# Steps

Every sentence that a scenario may have, by the noun that it is about, with an example from a feature. This page is made
from `steps/` and `features/` by `python tests/suite/step_reference.py`.

The sentences are a public interface: a project of yours has them by `from ec_acceptance.steps import *` (see
[gate your own images](gate.md)). `CHANGELOG.md` tells of each that changes or goes, a version before it goes.

In a sentence `{name}` stands for a text, `{count:d}` for a number; `${…}` in texts and tables is replaced by values of
the scenario ([DEVELOPMENT.md](DEVELOPMENT.md) lists them). Sentences that begin with `^` are regular expressions.
"""


def page() -> str:
    """The page."""
    features.load_steps()
    examples = _examples()
    rooms: dict[str, list[Any]] = defaultdict(list)
    for definition in {features.place(one) + one.step_type: one for one in features.definitions()}.values():
        rooms[Path(definition.location.filename).stem].append(definition)
    parts = [_HEAD]
    for room, found in sorted(rooms.items()):
        told = (ast.get_docstring(ast.parse((features.ROOT / "steps" / f"{room}.py").read_text())) or "").strip()
        parts.append(f"\n## {room.replace('_', ' ').capitalize()}\n\n{told}\n")
        seen: set[str] = set()
        for one in sorted(found, key=lambda one: one.location.line):
            place = features.place(one)
            if place not in seen:  # one that is for each keyword stands here once
                seen.add(place)
                parts.extend(_entry(one, examples.get(place, "")))
    return "\n".join(parts)


def _entry(definition: Any, example: str) -> Iterator[str]:
    sentence = definition.pattern
    yield f"### {_KINDS[definition.step_type]} `{sentence}`\n"
    if definition.func.__doc__:
        yield f"{inspect.cleandoc(definition.func.__doc__)}\n"
    if fields := list(_fields(sentence)):
        yield f"Parameters: {', '.join(fields)}.\n"
    yield f"```gherkin\n{example}\n```\n"


def _fields(sentence: str) -> Iterator[str]:
    for found in _FIELD.finditer(sentence):
        kind = _WORDS.get(found["kind"] or "")
        yield f"`{found['name'] or found['group']}`{f' ({kind})' if kind else ''}"


def _examples() -> dict[str, str]:
    """By the place of a step: the first sentence that is one, with its text or table, of which long ones are cut."""
    found: dict[str, str] = {}
    for sentence in features.sentences():
        definition = sentence.definition
        if definition is not None and features.place(definition) not in found:
            found[features.place(definition)] = _example(sentence.step)
    return found


def _example(step: Any) -> str:
    lines = [f"{step.step_type.capitalize()} {step.name}"]
    if step.table is not None:
        rows = [step.table.headings, *(row.cells for row in step.table)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines += [f"  | {' | '.join(map(str.ljust, row, widths))} |" for row in rows[:_ROWS]]
        lines += ["  …"] if len(rows) > _ROWS else []
    if step.text is not None:
        content = str(step.text).splitlines()
        lines += ['  """', *(f"  {line}".rstrip() for line in content[:_ROWS])]
        lines += [*(["  …"] if len(content) > _ROWS else []), '  """']
    return "\n".join(lines).replace("```", "'''")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
