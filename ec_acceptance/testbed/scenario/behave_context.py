"""The little that steps need of behave: a typed context, tables without heading rows, tables of arguments, skipping."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from ec_acceptance.testbed.validator.command_line import CommandLineError
from ec_acceptance.testbed.validator.memory import measured
from ec_acceptance.testbed.validator.sandbox import UnconfinableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ec_acceptance.testbed.scenario.world import World
    from ec_acceptance.testbed.validator.process import Running

__all__ = ["Context", "arguments", "finish_measured", "named", "pairs", "rows"]


class Context(Protocol):
    """What steps see of behave's context."""

    world: World
    scenario: Any
    table: Any
    text: str


def rows(table: Any) -> list[tuple[str, ...]]:
    """All rows of a table; behave takes the first one for a heading, ours have none."""
    return [tuple(table.headings), *(tuple(row.cells) for row in table)]


def pairs(table: Any) -> list[tuple[str, str]]:
    """All rows of a table of two columns."""
    return [(left, right) for left, right in rows(table)]


def named(images: str | None) -> list[str] | None:
    """The images of `"one", "two" and "three"`; None, for all, without such words."""
    return re.findall(r'"([^"]+)"', images) if images else None


def arguments(context: Context) -> Sequence[str]:
    """A table of flags and values as words of a command line.

    An empty value leaves the flag alone; `""` is an empty word. `${…}` is replaced, nothing else is.
    """
    words = []
    for flag, value in pairs(context.table):
        if not flag.startswith("-"):
            raise CommandLineError(f"a row of arguments begins with a flag, not with {flag!r}")
        words.append(context.world.text(flag))
        if value:
            words.append("" if value == '""' else context.world.text(value))
    return words


def finish_measured(context: Context, running: Running) -> None:
    """Wait for the validator and note its peak of memory; where that can't be measured, skip the scenario."""
    try:
        with measured(running.pid) as peak:
            context.world.finish()
    except UnconfinableError as error:
        context.scenario.skip(str(error))
        return
    context.world.peaks.append(peak.size)
