"""Running the validator, and what it leaves: exit status, streams, files."""

from __future__ import annotations

from behave import step, then, use_step_matcher, when

from ec_acceptance.testbed.behaving import Context, arguments
from ec_acceptance.testbed.commandline import split


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
    wanted = context.world.text(text).replace("\\n", "\n")
    assert context.world.last.err == wanted, f"standard error isn't {wanted!r}:\n{context.world.last.described()}"


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
