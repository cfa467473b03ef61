"""The report, as a whole and by its results."""

from __future__ import annotations

import re

from behave import then, use_step_matcher

from ec_acceptance.testbed.expect.outcome import CAUSES, expect_cause, expect_success
from ec_acceptance.testbed.fixtures.collection import component
from ec_acceptance.testbed.scenario.behave_context import Context, named


@then("the output should match the snapshot")
def the_output_matches(context: Context) -> None:
    context.world.compare("stdout", "json")


@then("the {kind:w} output should match the snapshot")
def the_output_matches_as(context: Context, kind: str) -> None:
    context.world.compare(f"stdout {kind}", kind)


@then("the report has no successes")
def no_successes(context: Context) -> None:
    found = context.world.report.findings("successes")
    assert not found, f"the report has successes: {found}"


@then("each component saw {count:d} files")
def each_component_saw(context: Context, count: int) -> None:
    seen = context.world.report.messages("warnings", "manifests.seen")
    assert len(seen) == len(context.world.fixtures.images), f"the report has {len(seen)} components"
    for name, messages in seen.items():
        assert len(messages) == 1, f"component {name} reports {messages}"
        assert messages[0].startswith(f"{count} files, "), f"component {name} reports: {messages[0]}"


@then("the report is the same as that of the first validation")
def the_same_report(context: Context) -> None:
    first, last = context.world.invocations[0], context.world.last
    assert first.status == last.status, f"the exit status was {first.status}:\n{last.describe()}"
    assert context.world.report_without_time(first) == context.world.report_without_time(last), (
        f"the report was\n{first.out}\n{last.describe()}"
    )


@then("the components are the same as in the first validation")
def the_same_components(context: Context) -> None:
    first, last = context.world.invocations[0], context.world.last
    assert first.status == last.status, f"the exit status was {first.status}:\n{last.describe()}"
    assert (
        context.world.report_without_time(first)["components"] == context.world.report_without_time(last)["components"]
    ), f"the report was\n{first.out}\n{last.describe()}"


@then('"{image}" is refused for its missing files, and the others are right')
def refused_for_missing_files(context: Context, image: str) -> None:
    world = context.world
    refused = component(image)
    assert world.last.status == 1, f"the exit status is {world.last.status}, not 1:\n{world.last.describe()}"
    missing = {one.component for one in world.report.findings("violations") if one.code == "manifests.missing"}
    assert missing == {refused}, f"components with missing files: {missing}\n{world.last.describe()}"
    assert world.report.messages("warnings", "manifests.seen") == {name: [said] for name, said in world.seen().items()}


@then("the validation fails because of the time-out")
def fails_by_time_out(context: Context) -> None:
    last = context.world.last
    assert last.status == 1, f"the exit status is {last.status}, not 1:\n{last.describe()}"
    assert re.search(CAUSES["the time-out"], last.err + last.out, re.IGNORECASE), (
        f"no word of the time-out:\n{last.describe()}"
    )


use_step_matcher("re")


@then(r'(?:the validation|validation "(?P<name>\w+)")(?P<images> of .+)? is right')
def the_validation_is_right(context: Context, name: str | None, images: str | None) -> None:
    world = context.world
    expect_success(world.finished[name or ""], world.seen(named(images)))


@then(r'"(?P<image>[^"]+)" fails because of (?P<cause>.+?) of (?P<artifact>the .+)')
def an_image_fails(context: Context, image: str, cause: str, artifact: str) -> None:
    named = context.world.fixtures.artifact(artifact).digest
    expect_cause(context.world.last, [image], cause, named)


@then(r"every image fails because of (?P<cause>.+?) of (?P<artifact>the .+)")
def every_image_fails(context: Context, cause: str, artifact: str) -> None:
    named = context.world.fixtures.artifact(artifact).digest
    expect_cause(context.world.last, [component(name) for name in context.world.fixtures.images], cause, named)
