"""``ec-conformance``: which command a command line means, and what its end is for the process."""

from __future__ import annotations

import argparse
import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ec_acceptance.conformance.errors import ConformanceError, Exit, UsageError
from ec_acceptance.conformance.suite import Suite
from ec_acceptance.conformance.terminal import open_streams, print_line

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "Command", "main", "run"]


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the table of commands.

    Attributes:
        module: its dotted name; it is imported when the command is chosen.
        purpose: a few words for ``--help``.
        rest: what the words after ``--`` are, such as ``validator …``; empty: the command takes none.
    """

    module: str
    purpose: str
    rest: str = ""


# To add a command, write a module of its name in `commands/` and a line here. The module has
#
#     def add_arguments(parser: argparse.ArgumentParser) -> None   its options; `parser.epilog` may be set as well
#     def main(given: argparse.Namespace) -> int                   carries it out; the answer is an `Exit`
#
# `given.rest` is the list of words after `--` (of a command with `rest`). What is wrong is raised as a
# `ConformanceError` (`UsageError`, `BrokenError`), which becomes one line and its status here; nothing else may end it.
# Lines for people go through `terminal.print_line`, since what a validator said is hostile.
COMMANDS = {
    "replay": Command(
        "ec_acceptance.conformance.commands.replay",
        "run what a failed scenario ran, on what it was served",
        "validator …",
    ),
    "run": Command("ec_acceptance.conformance.commands.run", "hold a validator against the contract", "validator …"),
    "merge": Command("ec_acceptance.conformance.commands.merge", "put the reports of a run's shards together"),
    "compare": Command(
        "ec_acceptance.conformance.commands.compare",
        "say what differs between two validators",
        "validator … -- other …",
    ),
    "fixtures": Command(
        "ec_acceptance.conformance.commands.fixtures", "serve a registry, a log, git and a cluster", "command …"
    ),
    "push": Command("ec_acceptance.conformance.commands.push", "put an image into the fixtures' registry"),
    "sign": Command("ec_acceptance.conformance.commands.sign", "sign an image there"),
    "attest": Command("ec_acceptance.conformance.commands.attest", "attest something of an image there"),
    "init": Command("ec_acceptance.conformance.commands.init", "make a folder of scenarios of your own, for behave"),
}
_DEFAULT = "run"


class _Module(Protocol):
    """What a command's module has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def main(self, given: argparse.Namespace) -> int: ...


class _Version(argparse.Action):
    """Says which suite is installed, and where: plain behave runs it from there."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        suite = Suite.installed()
        print_line(f"{suite.name} {suite.version} ({suite.folder})")
        parser.exit()


def run() -> None:
    """The process's entry."""
    open_streams()
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Carry out a command line; the answer is the exit status.

    Its first word is a command's name. Without one, as with an option or a path there, the command is ``run``.
    """
    try:
        return _carry_out(list(arguments))
    except ConformanceError as error:
        print_line(f"Error: {error}")
        return error.exit
    except KeyboardInterrupt:  # a command with something to tidy up has its own way to end
        print_line("Error: interrupted")
        return Exit.INTERRUPTED


def _carry_out(words: list[str]) -> int:
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(f"the working directory can't be had ({error.strerror}): start in one that is there") from None
    name = words.pop(0) if words and words[0] in COMMANDS else _DEFAULT
    command = COMMANDS[name]
    module = cast("_Module", importlib.import_module(command.module))
    parser = _parser(name, command)
    module.add_arguments(parser)
    own, rest = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    try:
        given = parser.parse_args(own)
        if "--" in words and not (command.rest and rest):
            parser.error(f"after -- there must be {command.rest}" if command.rest else "nothing may stand after --")
    except SystemExit as end:
        return int(end.code or 0)
    given.rest = rest
    return module.main(given)


def _parser(name: str, command: Command) -> argparse.ArgumentParser:
    others = "\n".join(f"  {one:<10} {entry.purpose}" for one, entry in COMMANDS.items())
    usage = f"%(prog)s {name} [option …]{f' [-- {command.rest}]' if command.rest else ''}"
    if name == _DEFAULT:
        usage = f"%(prog)s [{name}] [option …] [features/… …] [-- {command.rest}]\n       %(prog)s COMMAND --help"
    parser = argparse.ArgumentParser(
        prog="ec-conformance",
        usage=usage,
        description=f"{command.purpose[:1].upper()}{command.purpose[1:]}.\n\ncommands:\n{others}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say the suite's version and folder, and end")
    return parser
