"""What was expected beside what was seen, as far as a failed assertion tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Contrast", "Row", "contrast"]

_DIFFERENCE = re.compile(r"^--- snapshot\n\+\+\+ output\n(?P<lines>(?:[ @+\-\\].*\n?|\n)*)", re.MULTILINE)
_VALUE = re.compile(
    r"^(?:ASSERT FAILED: )?(?P<what>[\w ]+?) (?:is|are) (?P<seen>[^\n]{1,300}?), not (?P<wanted>[^\n:]{1,300})"
)
_ERROR = re.compile(r"(?:the error|standard error) isn't\s+(?P<wanted>[^\n]+)\n(?P<rest>.*)", re.DOTALL)
_STREAM = re.compile(r"standard error:(?P<text>.*)\Z", re.DOTALL)
_DUMP = re.compile(r"^  command: ", re.MULTILINE)
_ROWS = 400


@dataclass(frozen=True, slots=True)
class Row:
    """A line of what was expected, and its counterpart; None where there is none. `same`: they are equal."""

    expected: str | None
    seen: str | None
    same: bool = False


@dataclass(frozen=True, slots=True)
class Contrast:
    """A message in parts.

    Attributes:
        said: what the assertion says, without the rest.
        rows: expected beside seen; none where the message doesn't tell.
        dump: the validator's command and streams, which stand in most messages.
    """

    said: str
    rows: tuple[Row, ...]
    dump: str


def contrast(message: str) -> Contrast:
    """The parts of a message."""
    start = _DUMP.search(message)
    said, dump = (message[: start.start()], message[start.start() :]) if start else (message, "")
    if found := _DIFFERENCE.search(said):
        return Contrast(
            f"{said[: found.start()]}{said[found.end() :]}".strip(), _beside(found["lines"].splitlines()), dump
        )
    if found := _ERROR.search(message):
        stream = _STREAM.search(found["rest"])
        seen = stream["text"].strip() if stream else ""
        return Contrast(said.strip(), (Row(found["wanted"].strip(), seen or "(nothing)"),), dump)
    if found := _VALUE.search(said):
        return Contrast(
            said.strip(), (Row(f"{found['what']}: {found['wanted']}", f"{found['what']}: {found['seen']}"),), dump
        )
    return Contrast(said.strip(), (), dump)


def _beside(lines: Sequence[str]) -> tuple[Row, ...]:
    """The lines of a unified difference: those taken out to the left of those that took their place."""
    rows: list[Row] = []
    gone: list[str] = []
    come: list[str] = []

    def flush() -> None:
        rows.extend(Row(left, right) for left, right in zip_longest(gone, come))
        gone.clear()
        come.clear()

    for line in lines:
        if line.startswith("-"):
            gone.append(line[1:])
        elif line.startswith("+"):
            come.append(line[1:])
        else:
            flush()
            shown = "…" if line.startswith("@@") else line[1:]
            rows.append(Row(shown, shown, same=True))
    flush()
    return tuple(rows[:_ROWS])
