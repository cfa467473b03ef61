"""Running the validator, and what it leaves: exit status, streams, files."""

from __future__ import annotations

import re
import signal

from behave import given, step, then, use_step_matcher, when

from ec_acceptance.testbed.scenario.behave_context import Context, arguments, parse_names, skipping
from ec_acceptance.testbed.scenario.flags import command_line
from ec_acceptance.testbed.validator.command_line import split
from ec_acceptance.testbed.validator.memory import require_measurable

_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")


@given("the validator's memory usage is measured")
def memory_is_measured(context: Context) -> None:
    """In each run; the scenario is skipped where that can't be done."""
    with skipping(context):
        require_measurable()
        context.world.runs.measures_memory = True


use_step_matcher("re")


@given('the usual flags "(?P<words>.*)"')
def the_usual_flags(context: Context, words: str) -> None:
    """What each `"validate image" is run` has beside the flags of its own table (`flags.merge_flags`)."""
    context.world.runs.usual_flags = tuple(split(words))


@step(r'the environment variable is set "(?P<name>\w+)=(?P<value>.*)"')
def an_environment_variable(context: Context, name: str, value: str) -> None:
    context.world.environment[name] = context.world.text(value)


@when('ec command is run with "(?P<words>.*)"')
def the_command_is_run(context: Context, words: str) -> None:
    """The whole command line: there are no usual flags."""
    context.world.runs.run([context.world.text(word) for word in split(words)])


@when('ec command is run with the bytes "(?P<words>.*)"')
def the_command_is_run_with_bytes(context: Context, words: str) -> None:
    """The whole command line; bytes that are no UTF-8 are written as hexadecimal escapes."""
    line = [context.world.text(word) for word in words.split()]
    context.world.runs.run([_BYTE.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), word) for word in line])


_COMMAND = '"(?P<command>[a-z -]+)"'
_IMAGES = '(?P<images> for "[^"]+"(?:(?:, | and )"[^"]+")*)?'


@when(f"{_COMMAND} is run{_IMAGES}(?: with)?")
def a_command_is_run(context: Context, command: str, images: str | None) -> None:
    context.world.runs.run(command_line(context.world, command, arguments(context), parse_names(images)))


@when(f"{_COMMAND} is run again")
def a_command_is_run_again(context: Context, command: str) -> None:
    """With the same command line as the last time."""
    assert context.world.runs.arguments[:2] == tuple(command.split()), (
        f"the last run was {context.world.runs.arguments}"
    )
    context.world.runs.run(context.world.runs.arguments)


@when(f'{_COMMAND} starts(?: as "(?P<name>\\w+)")?{_IMAGES}(?: with)?')
def a_command_starts(context: Context, command: str, name: str | None, images: str | None) -> None:
    context.world.runs.start(command_line(context.world, command, arguments(context), parse_names(images)), name or "")


@when(r'(?:the validation|validation "(?P<name>\w+)") ends(?P<soon> soon)?')
def the_validation_ends(context: Context, name: str | None, soon: str | None) -> None:
    context.world.runs.finish(name or "", context.world.injector.limit if soon else None)


@when(r'(?:the validation|validation "(?P<name>\w+)") gets (?P<number>SIG[A-Z]+) and ends')
def the_validation_is_signalled(context: Context, name: str | None, number: str) -> None:
    """Only the process that was started gets it, as by ``kill PID``: what it started has to follow.

    The validation ends with the last process of its session, since each may hold files open, and locked.
    """
    world = context.world
    running = world.runs.running[name or ""]
    running.send(signal.Signals[number])
    assert running.ended_within(world.injector.limit), "the validator didn't end"
    left = running.left(world.injector.limit)
    last = world.runs.finish(name or "")
    assert not left, f"processes outlived the validator: {'; '.join(left)}\n{last.describe()}"


@then(r'validation "(?P<name>\w+)" is still running')
def the_validation_still_runs(context: Context, name: str) -> None:
    assert context.world.runs.running[name].alive, f"validation {name} has ended"


@then(r"the validation took at most (?P<seconds>\d+) s")
def the_validation_ended_within(context: Context, seconds: str) -> None:
    last = context.world.runs.last
    took = last.ended - last.started
    assert not last.timed_out, f"the validator didn't end by itself:\n{last.describe()}"
    assert took <= int(seconds), f"the validator took {took:.1f} s, more than {seconds} s:\n{last.describe()}"


use_step_matcher("parse")


@then("the exit status should be {status:d}")
def the_exit_status(context: Context, status: int) -> None:
    last = context.world.runs.last
    assert not last.timed_out, f"the validator didn't end in time:\n{last.describe()}"
    assert last.status == status, f"the exit status is {last.status}, not {status}:\n{last.describe()}"


@then("standard error is empty")
def no_standard_error(context: Context) -> None:
    assert not context.world.runs.last.err, f"standard error isn't empty:\n{context.world.runs.last.describe()}"


use_step_matcher("re")


@then(r'standard error is "(?P<text>.*)"')
def the_standard_error(context: Context, text: str) -> None:
    """`…` stands for anything, in words of the validator's own."""
    wanted = context.world.text(text).replace("\\n", "\n")
    pattern = ".*".join(re.escape(part) for part in wanted.split("…"))
    assert re.fullmatch(pattern, context.world.runs.last.err), (
        f"standard error isn't {wanted!r}:\n{context.world.runs.last.describe()}"
    )


use_step_matcher("parse")


@then("the validation fails with the error")
def the_validation_fails(context: Context) -> None:
    context.world.expect.failure(context.text)


@then("the command line is rejected with the error")
def the_command_line_is_refused(context: Context) -> None:
    context.world.expect.failure(context.text, fatal=True)


@then('the file "{name}" equals the output')
def a_file_equals_the_output(context: Context, name: str) -> None:
    path = context.world.folders.work / name
    assert path.is_file(), f"the validator wrote no file {name}:\n{context.world.runs.last.describe()}"
    last = context.world.runs.last
    assert context.world.expect.redact(path.read_bytes()) == context.world.expect.redact(last.stdout), (
        f"the file {name} differs from the output:\n{path.read_text(encoding='utf-8')}\n{last.describe()}"
    )
