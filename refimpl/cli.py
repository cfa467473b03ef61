"""The command line: finds the command, carries it out, and turns errors into messages and exit statuses.

Only what a command needs is imported: `version` has to be as quick as the interpreter's start.
"""

from __future__ import annotations

import sys

from refimpl.commands import INSPECT_POLICY, INSPECT_POLICY_DATA, ROOT, VALIDATE_IMAGE, VALIDATE_INPUT, VERSION
from refimpl.errors import Error, UsageError
from refimpl.flags import UnknownCommandError, find_command, help_text, parse_flags, reject_arguments

TYPE_CHECKING = False  # not imported from typing: that costs as much as everything else here together
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from refimpl.flags import Command, ParsedFlags
    from refimpl.options import Options

__all__ = ["main"]

_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Carry out a command line (without the program's name); the answer is the exit status (specification 10 §1.3)."""
    try:
        command, rest = find_command(ROOT, arguments)
        parsed = parse_flags(command, rest)
        if parsed.values.get("help") or command.children:
            sys.stdout.write(help_text(command))
            return 0
        reject_arguments(command, parsed)
    except UsageError as error:
        return _refused(error)
    try:
        return _COMMANDS[command](parsed)
    except Error as error:
        _say(error)
        return error.exit_status
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Error: interrupted\n")
        return _INTERRUPTED


def _version(parsed: ParsedFlags) -> int:
    from refimpl.version import render

    sys.stdout.write(render(short=parsed.values["short"], as_json=parsed.values["json"]))
    return 0


def _validate_image(parsed: ParsedFlags) -> int:
    def work(options: Options, environ: Mapping[str, str]) -> None:
        from refimpl.validate import validate_image

        validate_image(options, environ)

    return _logged(parsed, work)


def _validate_input(parsed: ParsedFlags) -> int:
    from refimpl.validate_input import given_paths, validate_input

    paths = given_paths(parsed)
    return _logged(parsed, lambda options, environ: validate_input(paths, options, environ))


def _inspect_policy(parsed: ParsedFlags) -> int:
    from refimpl.inspect_policy import inspect_policy

    return _logged(parsed, lambda options, environ: inspect_policy(parsed, options, environ))


def _inspect_policy_data(parsed: ParsedFlags) -> int:
    from refimpl.inspect_data import inspect_data

    return _logged(parsed, lambda options, environ: inspect_data(parsed, options, environ))


def _logged(parsed: ParsedFlags, work: Callable[[Options, Mapping[str, str]], None]) -> int:
    """Carry out `work` while the log goes where the flags say."""
    import os

    from refimpl.log import level_for, logging_to
    from refimpl.options import Options, check_supported

    options = Options.from_flags(parsed.values)
    check_supported(options)
    traced = not options.trace.isdisjoint({"log", "opa"})
    level = level_for(quiet=options.quiet, verbose=options.verbose, debug=options.debug, trace=traced)
    with logging_to(options.logfile, level=level, callers=options.debug or traced):
        work(options, os.environ)
    return 0


def _refused(error: UsageError) -> int:
    from refimpl.log import FATAL, line

    _say(error)
    if isinstance(error, UnknownCommandError) and error.hint:
        sys.stderr.write(f"{error.hint}\n")
    sys.stderr.write(line(FATAL, f"error executing command: {error}") + "\n")
    return error.exit_status


def _say(error: Error) -> None:
    sys.stderr.write(f"Error: {error}\n")


_COMMANDS: Mapping[Command, Callable[[ParsedFlags], int]] = {
    INSPECT_POLICY: _inspect_policy,
    INSPECT_POLICY_DATA: _inspect_policy_data,
    VALIDATE_IMAGE: _validate_image,
    VALIDATE_INPUT: _validate_input,
    VERSION: _version,
}
