"""Running the validator, and what it leaves: exit status, streams, files."""

from __future__ import annotations

import re
import signal

from behave import step, then, use_step_matcher, when

from ec_acceptance.testbed.scenario.behave_context import Context, arguments, named, pairs
from ec_acceptance.testbed.validator.command_line import split


@step('the environment variable is set "{name}={value}"')
def an_environment_variable(context: Context, name: str, value: str) -> None:
    context.world.environment[name] = context.world.text(value)


use_step_matcher("re")


@when(r'ec command is run with "(?P<words>.*)"')
def the_command_is_run(context: Context, words: str) -> None:
    context.world.run([context.world.text(word) for word in split(words)])


use_step_matcher("parse")


@when('"{command}" is run with')
def the_command_is_run_with_a_table(context: Context, command: str) -> None:
    context.world.run([*command.split(), *arguments(context)])


@when('"{command}" is run with no arguments')
def the_command_is_run_alone(context: Context, command: str) -> None:
    context.world.run(command.split())


@when("the images are validated with")
def all_images_are_validated(context: Context) -> None:
    context.world.run(["validate", "image", "--json-input", context.world.stock.snapshot(), *arguments(context)])


@step("the same command is run again")
def the_same_again(context: Context) -> None:
    context.world.run(context.world.arguments)


use_step_matcher("re")


@when(r"the validation(?P<images> of [^ ]+(?:(?:, | and )[^ ]+)*)? is run(?: again)?(?P<more> with)?")
def the_validation_is_run(context: Context, images: str | None, more: str | None) -> None:
    context.world.start_usual(named(images), dict(pairs(context.table)) if more else None)
    context.world.finish()


@when(
    r'(?:the validation|validation "(?P<name>\w+)")(?P<images> of [^ ]+(?:(?:, | and )[^ ]+)*)? starts(?P<more> with)?'
)
def the_validation_starts(context: Context, name: str | None, images: str | None, more: str | None) -> None:
    more_flags = dict(pairs(context.table)) if more else None
    context.world.start_usual(named(images), more_flags, name or "")


@when(r'(?:the validation|validation "(?P<name>\w+)") ends(?P<soon> soon)?')
def the_validation_ends(context: Context, name: str | None, soon: str | None) -> None:
    context.world.finish(name or "", context.world.steering.limit if soon else None)


@when(r'(?:the validation|validation "(?P<name>\w+)") gets (?P<number>SIG[A-Z]+) and ends')
def the_validation_is_signalled(context: Context, name: str | None, number: str) -> None:
    """Only the process that was started gets it, as by ``kill PID``: what it started has to follow.

    The validation ends with the last process of its session, since each may hold files open, and locked.
    """
    world = context.world
    running = world.running[name or ""]
    running.send(signal.Signals[number])
    assert running.ended_within(world.steering.limit), "the validator didn't end"
    left = running.left(world.steering.limit)
    last = world.finish(name or "")
    assert not left, f"processes outlived the validator: {'; '.join(left)}\n{last.described()}"


@then(r'validation "(?P<name>\w+)" still runs')
def the_validation_still_runs(context: Context, name: str) -> None:
    assert context.world.running[name].alive, f"validation {name} has ended"


@then(r"the validation ended within (?P<seconds>\d+) s")
def the_validation_ended_within(context: Context, seconds: str) -> None:
    last = context.world.last
    took = last.ended - last.started
    assert not last.timed_out, f"the validator didn't end by itself:\n{last.described()}"
    assert took <= int(seconds), f"the validator took {took:.1f} s, more than {seconds} s:\n{last.described()}"


use_step_matcher("parse")


@then("the exit status should be {status:d}")
def the_exit_status(context: Context, status: int) -> None:
    last = context.world.last
    assert not last.timed_out, f"the validator didn't end in time:\n{last.described()}"
    assert last.status == status, f"the exit status is {last.status}, not {status}:\n{last.described()}"


@then("standard error is empty")
def no_standard_error(context: Context) -> None:
    assert not context.world.last.err, f"standard error isn't empty:\n{context.world.last.described()}"


use_step_matcher("re")


@then(r'standard error is "(?P<text>.*)"')
def the_standard_error(context: Context, text: str) -> None:
    """`…` stands for anything, in words of the validator's own."""
    wanted = context.world.text(text).replace("\\n", "\n")
    pattern = ".*".join(re.escape(part) for part in wanted.split("…"))
    assert re.fullmatch(pattern, context.world.last.err), (
        f"standard error isn't {wanted!r}:\n{context.world.last.described()}"
    )


use_step_matcher("parse")


@then("the validation fails with the error")
def the_validation_fails(context: Context) -> None:
    context.world.expect_failure(context.text)


@then("the command line is refused with the error")
def the_command_line_is_refused(context: Context) -> None:
    context.world.expect_failure(context.text, fatal=True)


@then('the file "{name}" equals the output')
def a_file_equals_the_output(context: Context, name: str) -> None:
    path = context.world.work / name
    assert path.is_file(), f"the validator wrote no file {name}:\n{context.world.last.described()}"
    last = context.world.last
    assert context.world.comparable(path.read_bytes()) == context.world.comparable(last.stdout), (
        f"the file {name} differs from the output:\n{path.read_text(encoding='utf-8')}\n{last.described()}"
    )
