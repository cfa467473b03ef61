"""The command line: finds the command, carries it out, and turns errors into messages and exit statuses.

Only what a command needs is imported: `version` has to be as quick as the interpreter's start.
"""

from __future__ import annotations

from refimpl.command_line.commands import (
    INSPECT,
    INSPECT_POLICY,
    INSPECT_POLICY_DATA,
    MERGE,
    ROOT,
    SCHEMA,
    SIGSTORE,
    SIGSTORE_INITIALIZE,
    VALIDATE,
    VALIDATE_IMAGE,
    VALIDATE_INPUT,
    VALIDATE_VSA,
    VERSION,
)
from refimpl.command_line.flags import UnknownCommandError, find_command, help_text, parse_flags, reject_arguments
from refimpl.errors import Error, InternalError, InterruptedRunError, UsageError
from refimpl.system.streams import print_error, print_text

TYPE_CHECKING = False  # not imported from typing: that costs as much as everything else here together
if TYPE_CHECKING:
    import sys
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from refimpl.command_line.flags import Command, ParsedFlags
    from refimpl.command_line.options import Options

    class Supervise(Protocol):
        """What carries out some work."""

        def __call__(
            self, work: Callable[[], int], *, seconds: float, exceeded: Callable[[], Error], finishing: float = 0.0
        ) -> int:
            """Carry it out, for at most so many seconds; gives its exit status."""
            ...


def _run_directly(work: Callable[[], int], **_: object) -> int:
    return work()


def main(arguments: Sequence[str], supervise: Supervise = _run_directly) -> int:
    """Carry out a command line (without the program's name); the answer is the exit status (specification 10 §1.3).

    Args:
        arguments: bytes that are no UTF-8 as lone surrogates (PEP 383).
        supervise: how commands that may take long are carried out.
    """
    try:
        command, rest = find_command(ROOT, arguments)
        parsed = parse_flags(command, rest)
        if not parsed.values.get("help"):
            reject_arguments(command, parsed)
            _check_arguments(command, parsed)
    except UsageError as error:
        return _refuse(error)

    def work() -> int:
        return _run_profiled(parsed, lambda: _guard(lambda: _COMMANDS[command](parsed)))

    if parsed.values.get("help"):
        return _guard(lambda: print_text(help_text(command)))
    if command not in _LONG:
        return work()
    if parsed.values.get("server"):
        return _guard(lambda: _run_server(work, supervise))
    seconds = parsed.values["timeout"]
    return _guard(lambda: supervise(work, seconds=seconds, exceeded=lambda: _time_out(seconds)))


def _run_profiled(parsed: ParsedFlags, work: Callable[[], int]) -> int:
    """With the profiles that ``--trace`` asks for: they are of the process that works, and told after its errors."""
    if parsed.values.get("trace", "none") == "none":
        return work()
    from refimpl.command_line.options import parse_trace
    from refimpl.profiles import profile

    return _guard(lambda: profile(parse_trace(parsed.values["trace"]), work))


def _run_server(work: Callable[[], int], supervise: Supervise) -> int:
    """A server runs until it is told to end, and may finish what it has begun."""
    from refimpl.server.limits import LIMITS

    seconds = LIMITS.finishing_seconds

    def exceeded() -> Error:
        return Error(f"the server was told to end, and hasn't done so within {seconds:g} s")

    return supervise(work, seconds=float("inf"), exceeded=exceeded, finishing=seconds)


def _check_arguments(command: Command, parsed: ParsedFlags) -> None:
    if command is VALIDATE_VSA:
        from refimpl.commands.vsa_request import check_arguments

        check_arguments(parsed.arguments)


def _guard(work: Callable[[], int | None]) -> int:
    """The border: whatever happens becomes a line on standard error, and an exit status."""
    try:
        return work() or 0
    except Error as error:
        failure = error
    except KeyboardInterrupt:
        import signal

        failure = InterruptedRunError(signal.SIGINT)
    except BaseException as error:  # noqa: BLE001 - faults of libraries in other languages are no Exceptions
        failure = InternalError.of(error)
    print_error(f"Error: {failure}\n")
    return failure.exit_status


def _time_out(seconds: float) -> Error:
    from refimpl.deadline import Deadline

    return Deadline(seconds).timeout_error()


def _version(parsed: ParsedFlags) -> int:
    from refimpl.command_line.version import render

    print_text(render(short=parsed.values["short"], as_json=parsed.values["json"]))
    return 0


def _schema(parsed: ParsedFlags) -> int:
    from refimpl.commands.schema import schema

    schema(parsed.arguments)
    return 0


def _validate_image(parsed: ParsedFlags) -> int:
    def work(options: Options, environ: Mapping[str, str]) -> None:
        from refimpl.commands.dispatch import validate

        validate(options, environ)

    return _carry_out(parsed, work)


def _validate_input(parsed: ParsedFlags) -> int:
    from refimpl.commands.validate_input import read_paths, validate_input

    paths = read_paths(parsed)
    if parsed.values["server"]:
        return _carry_out(parsed, lambda options, environ: _serve_input(parsed, options, environ))
    return _carry_out(parsed, lambda options, environ: validate_input(paths, options, environ))


def _serve_input(parsed: ParsedFlags, options: Options, environ: Mapping[str, str]) -> None:
    from refimpl.commands.serve_input import serve_input

    serve_input(parsed, options, environ)


def _sigstore_initialize(parsed: ParsedFlags) -> int:
    from refimpl.commands.sigstore_initialize import sigstore_initialize

    return _carry_out(parsed, lambda options, environ: sigstore_initialize(parsed, options, environ))


def _validate_vsa(parsed: ParsedFlags) -> int:
    from refimpl.commands.vsa_request import VsaRequest, common_flags

    request = VsaRequest.of(parsed)

    def work(options: Options, environ: Mapping[str, str]) -> None:
        from refimpl.commands.validate_vsa import validate_vsa

        validate_vsa(request, options, environ)

    return _carry_out(common_flags(parsed), work)


def _merge(parsed: ParsedFlags) -> int:
    def work(options: Options, environ: Mapping[str, str]) -> None:
        from refimpl.commands.merge import merge

        merge(parsed.arguments, options, environ)

    return _carry_out(parsed, work)


def _inspect_policy(parsed: ParsedFlags) -> int:
    from refimpl.commands.inspect_policy import inspect_policy

    return _carry_out(parsed, lambda options, environ: inspect_policy(parsed, options, environ))


def _inspect_policy_data(parsed: ParsedFlags) -> int:
    from refimpl.commands.inspect_data import inspect_data

    return _carry_out(parsed, lambda options, environ: inspect_data(parsed, options, environ))


def _carry_out(parsed: ParsedFlags, work: Callable[[Options, Mapping[str, str]], None]) -> int:
    """Carry out `work` while the log goes where the flags say."""
    import os
    import sys
    import threading

    from refimpl.command_line.options import Options
    from refimpl.system.log import level_for, logging_to

    options = Options.from_flags(parsed.values)
    traced = not options.trace.isdisjoint({"log", "opa"})
    level = level_for(quiet=options.quiet, verbose=options.verbose, debug=options.debug, trace=traced)
    hooks = threading.excepthook, sys.unraisablehook
    with logging_to(options.logfile, level=level, callers=options.debug or traced):
        threading.excepthook = sys.unraisablehook = _told_to_the_log
        try:
            work(options, os.environ)
        except (Error, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - see _guard; the log has its trace
            raise InternalError.of(error) from None
        finally:
            threading.excepthook, sys.unraisablehook = hooks
    return 0


def _told_to_the_log(unhandled: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
    """What a thread or a finalizer ran into: who waits for it has an error of its own."""
    if unhandled.exc_value is not None:
        InternalError.of(unhandled.exc_value)


def _refuse(error: UsageError) -> int:
    from refimpl.system.log import FATAL, line

    print_error(f"Error: {error}\n")
    if isinstance(error, UnknownCommandError) and error.hint:
        print_error(f"{error.hint}\n")
    print_error(line(FATAL, f"error executing command: {error}") + "\n")
    return error.exit_status


def _help(command: Command) -> Callable[[ParsedFlags], int]:
    def show(_: ParsedFlags) -> int:
        print_text(help_text(command))
        return 0

    return show


def _root(parsed: ParsedFlags) -> int:
    if not parsed.values["version"]:
        return _help(ROOT)(parsed)
    from refimpl.command_line.version import VERSION

    print_text(f"{ROOT.path} version {VERSION}\n")
    return 0


_COMMANDS: Mapping[Command, Callable[[ParsedFlags], int]] = {
    INSPECT_POLICY: _inspect_policy,
    INSPECT_POLICY_DATA: _inspect_policy_data,
    MERGE: _merge,
    VALIDATE_IMAGE: _validate_image,
    SCHEMA: _schema,
    SIGSTORE: _help(SIGSTORE),
    SIGSTORE_INITIALIZE: _sigstore_initialize,
    VALIDATE_INPUT: _validate_input,
    VALIDATE_VSA: _validate_vsa,
    ROOT: _root,
    INSPECT: _help(INSPECT),
    VALIDATE: _help(VALIDATE),
    VERSION: _version,
}
_LONG = frozenset(
    {INSPECT_POLICY, INSPECT_POLICY_DATA, MERGE, SIGSTORE_INITIALIZE, VALIDATE_IMAGE, VALIDATE_INPUT, VALIDATE_VSA}
)
"""The commands that may wait for others, or work long."""
