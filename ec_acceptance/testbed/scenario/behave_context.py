"""The little that steps need of behave: a typed context, tables without heading rows, tables of arguments."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from ec_acceptance.testbed.validator.command_line import CommandLineError
from ec_acceptance.testbed.validator.sandbox import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ec_acceptance.testbed.scenario.world import World

__all__ = ["Context", "arguments", "pairs", "parse_names", "rows", "skipping"]


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


def parse_names(images: str | None) -> list[str] | None:
    """The images of `"one", "two" and "three"`; None, for all, without such words."""
    return re.findall(r'"([^"]+)"', images) if images else None


def arguments(context: Context) -> Sequence[str]:
    """A table of flags and values as words of a command line; none without a table.

    An empty value leaves the flag alone; `""` is an empty word. `${…}` is replaced, nothing else is.
    """
    words: list[str] = []
    if context.table is None:
        return words
    for flag, value in pairs(context.table):
        if not flag.startswith("-"):
            raise CommandLineError(f"a row of arguments begins with a flag, not with {flag!r}")
        words.append(context.world.text(flag))
        if value:
            words.append("" if value == '""' else context.world.text(value))
    return words


@contextmanager
def skipping(context: Context) -> Iterator[None]:
    """Skip the scenario, and end what it has started, where this machine can't make the circumstances that it needs."""
    try:
        yield
    except SandboxUnavailableError as error:
        context.world.runs.kill()
        context.scenario.skip(str(error))
