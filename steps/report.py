"""The report, as a whole and by its results."""

from __future__ import annotations

import re

from behave import then, use_step_matcher

from ec_acceptance.testbed.expect.outcome import CAUSES, expect_cause, expect_success
from ec_acceptance.testbed.expect.report import Report
from ec_acceptance.testbed.fixtures.collection import component
from ec_acceptance.testbed.scenario.behave_context import Context, parse_names


@then("the output should match the snapshot")
def the_output_matches(context: Context) -> None:
    context.world.expect.match_snapshot("stdout", "json")


@then("the {kind:w} output should match the snapshot")
def the_output_matches_as(context: Context, kind: str) -> None:
    context.world.expect.match_snapshot(f"stdout {kind}", kind)


@then("the report has no successes")
def no_successes(context: Context) -> None:
    found = context.world.runs.report.findings("successes")
    assert not found, f"the report has successes: {found}"


@then("each component saw {count:d} files")
def each_component_saw(context: Context, count: int) -> None:
    seen = context.world.runs.report.messages("warnings", "manifests.seen")
    assert len(seen) == len(context.world.fixtures.images), f"the report has {len(seen)} components"
    for name, messages in seen.items():
        assert len(messages) == 1, f"component {name} reports {messages}"
        assert messages[0].startswith(f"{count} files, "), f"component {name} reports: {messages[0]}"


@then("the report is the same as that of the first validation")
def the_same_report(context: Context) -> None:
    first, last = context.world.runs.invocations[0], context.world.runs.last
    assert first.status == last.status, f"the exit status was {first.status}:\n{last.describe()}"
    assert Report.parse(first.out).without_time() == Report.parse(last.out).without_time(), (
        f"the report was\n{first.out}\n{last.describe()}"
    )


@then("the components are the same as in the first validation")
def the_same_components(context: Context) -> None:
    first, last = context.world.runs.invocations[0], context.world.runs.last
    assert first.status == last.status, f"the exit status was {first.status}:\n{last.describe()}"
    assert Report.parse(first.out).document["components"] == Report.parse(last.out).document["components"], (
        f"the report was\n{first.out}\n{last.describe()}"
    )


@then('"{image}" is rejected for its missing files, and the others are correct')
def refused_for_missing_files(context: Context, image: str) -> None:
    world = context.world
    last, report = world.runs.last, world.runs.report
    refused = component(image)
    assert last.status == 1, f"the exit status is {last.status}, not 1:\n{last.describe()}"
    missing = {one.component for one in report.findings("violations") if one.code == "manifests.missing"}
    assert missing == {refused}, f"components with missing files: {missing}\n{last.describe()}"
    wanted = {name: [message] for name, message in world.file_policies.expected_messages().items()}
    assert report.messages("warnings", "manifests.seen") == wanted, last.describe()


@then("the validation fails because of the time-out")
def fails_by_time_out(context: Context) -> None:
    last = context.world.runs.last
    assert last.status == 1, f"the exit status is {last.status}, not 1:\n{last.describe()}"
    assert re.search(CAUSES["the time-out"], last.err + last.out, re.IGNORECASE), (
        f"no word of the time-out:\n{last.describe()}"
    )


use_step_matcher("re")


@then(r'(?:the validation|validation "(?P<name>\w+)")(?P<images> of .+)? is correct')
def the_validation_is_right(context: Context, name: str | None, images: str | None) -> None:
    world = context.world
    expect_success(world.runs.finished[name or ""], world.file_policies.expected_messages(parse_names(images)))


@then(r'"(?P<image>[^"]+)" fails because of (?P<cause>.+?) of (?P<artifact>the .+)')
def an_image_fails(context: Context, image: str, cause: str, artifact: str) -> None:
    named = context.world.fixtures.artifact(artifact).digest
    expect_cause(context.world.runs.last, [image], cause, named)


@then(r"every image fails because of (?P<cause>.+?) of (?P<artifact>the .+)")
def every_image_fails(context: Context, cause: str, artifact: str) -> None:
    named = context.world.fixtures.artifact(artifact).digest
    expect_cause(context.world.runs.last, [component(name) for name in context.world.fixtures.images], cause, named)
