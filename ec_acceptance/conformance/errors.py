"""The exit statuses of `ec-conformance`, and the errors that end it: only `cli` turns them into a line and a status."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["BrokenError", "ConformanceError", "Exit", "UsageError"]


class Exit(IntEnum):
    """The exit statuses of all commands; `AS_EXPECTED` is told as 0, for who expects it has said so."""

    CONFORMANT = 0
    NOT_CONFORMANT = 1
    USAGE = 2
    BROKEN = 3
    INCOMPLETE = 4
    INTERRUPTED = 5
    AS_EXPECTED = 6


class ConformanceError(Exception):
    """What ends a command. Its text is one line: what is wrong, where, and what to do.

    Attributes:
        exit: the process's status.
    """

    exit = Exit.BROKEN


class UsageError(ConformanceError):
    """The command line, or a file that it names, is at fault."""

    exit = Exit.USAGE


class BrokenError(ConformanceError):
    """The suite or the machine is at fault: nothing is said of a validator."""
