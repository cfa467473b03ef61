"""Images that conform, and what becomes of them: results, log lines, files."""

from __future__ import annotations

import hashlib
import json

import yaml
from behave import given, then

from ec_acceptance.testbed.expect.report import Report
from ec_acceptance.testbed.expect.result_notation import COLUMNS, notation, table
from ec_acceptance.testbed.fixtures.platforms import add_configured, add_files, add_index, add_tag
from ec_acceptance.testbed.scenario.behave_context import Context, pairs, rows


@given('a conforming image "{name}"')
def a_conforming_image(context: Context, name: str) -> None:
    context.world.fixtures.add_conforming(name)


@given('an image "{name}" for the architectures "{architectures}", all conforming')
def a_conforming_index(context: Context, name: str, architectures: str) -> None:
    before = set(context.world.fixtures.images)
    add_index(context.world.fixtures, name, [one.strip() for one in architectures.split(",")])
    for one in [made for made in context.world.fixtures.images if made not in before]:
        context.world.fixtures.make_conforming(one)


@given('an image "{name}" with the configuration and annotations')
def a_configured_image(context: Context, name: str) -> None:
    document = json.loads(context.world.text(context.text))
    add_configured(context.world.fixtures, name, config=document.get("config"), annotations=document.get("annotations"))


@given('"{image}" conforms')
def it_conforms(context: Context, image: str) -> None:
    context.world.fixtures.make_conforming(image)


@given('an image "{name}" that refers to "{subject}"')
def a_referrer(context: Context, name: str, subject: str) -> None:
    add_configured(context.world.fixtures, name, annotations={"note": name}, subject=subject)


@given('an image "{name}" with the files')
def an_image_with_files(context: Context, name: str) -> None:
    layers: dict[str, dict[str, str]] = {}
    for layer, path, text in rows(context.table):
        layers.setdefault(layer, {})[path] = text
    add_files(context.world.fixtures, name, list(layers.values()))


@given('an image "{name}" with the files of "{example}"')
def an_image_with_the_files_of(context: Context, name: str, example: str) -> None:
    """A YAML file of `features/examples`: content by path, by layer, the lowest first."""
    layers = yaml.safe_load((context.world.services.examples / example).read_bytes())
    add_files(context.world.fixtures, name, list(layers.values()))


@given('"{image}" is also tagged "{tag}"')
def tagged_too(context: Context, image: str, tag: str) -> None:
    add_tag(context.world.fixtures, image, tag)


@then("the {kind:w} are: {wanted}")
def results_are(context: Context, kind: str, wanted: str) -> None:
    found = notation(context.world.runs.report, kind)
    assert found == context.world.text(wanted), f"the {kind} are: {found}\n{context.world.runs.last.describe()}"


@then("the {kind:w} are")
def results_are_in_a_table(context: Context, kind: str) -> None:
    """Its heading names the columns (`COLUMNS`); a component's results are in the order of the report."""
    _expect_rows(context, context.world.runs.report, kind)


def _expect_rows(context: Context, report: Report, kind: str) -> None:
    columns = context.table.headings
    assert set(columns) <= set(COLUMNS), f"the columns of a table of results are some of {COLUMNS}"
    wanted = [tuple(map(context.world.text, row.cells)) for row in context.table]
    if "component" in columns:
        wanted.sort(key=lambda row: row[columns.index("component")])
    found = table(report, kind, columns)
    assert found == wanted, f"the {kind} are {found}, not {wanted}:\n{context.world.runs.last.describe()}"


@then("the components in the report are")
def the_components_are(context: Context) -> None:
    wanted = [(name, context.world.text(image)) for name, image in pairs(context.table)]
    found = [(one.get("name"), one.get("containerImage")) for one in context.world.runs.report.components]
    assert found == wanted, f"the components are {found}, not {wanted}"


@then("a message is")
def a_message_is(context: Context) -> None:
    wanted = context.world.text(context.text)
    kinds = ("violations", "warnings", "successes")
    found = [
        str(result.get("msg"))
        for component in context.world.runs.report.components
        for kind in kinds
        for result in component.get(kind) or []
    ]
    assert wanted in found, f"no message is {wanted!r}; there are {found}"


@then("the lines of the output should match the snapshot")
def the_lines_match(context: Context) -> None:
    context.world.expect.match_snapshot_of_lines("stdout lines")


@then("the {kind:w} output, with the time of the run, should match the snapshot")
def the_output_with_seconds_matches(context: Context, kind: str) -> None:
    context.world.expect.redact_seconds()
    context.world.expect.match_snapshot(f"stdout {kind}", kind)


@then("the log has the {level:w}")
def the_log_has(context: Context, level: str) -> None:
    text = json.dumps(context.world.text(context.text), ensure_ascii=False)
    lines = context.world.runs.last.err.splitlines()
    assert any(f" level={level} msg={text}" in line for line in lines), (
        f"there is no such log line of level {level}: {text}\n{context.world.runs.last.describe()}"
    )


@then('the repository "{name}" was cloned once')
def cloned_once(context: Context, name: str) -> None:
    found = context.world.servers.git.request_log.matching("POST", rf"/git/{name}(\.git)?/git-upload-pack")
    assert len(found) == 1, f"the repository {name} was cloned {len(found)} times"


@then('the effective time is "{wanted}"')
def the_effective_time(context: Context, wanted: str) -> None:
    found = context.world.runs.report.document.get("effective-time")
    assert found == wanted, f"the effective time is {found}, not {wanted}"


@then('the log contains "{text}"')
def the_log_names(context: Context, text: str) -> None:
    wanted = context.world.text(text)
    assert wanted in context.world.runs.last.err, (
        f"the log doesn't name {wanted!r}:\n{context.world.runs.last.describe()}"
    )


@then('the message is the hash of the file "{name}"')
def the_message_is_the_hash(context: Context, name: str) -> None:
    world = context.world
    path = world.folders.work / name
    assert path.is_file(), f"the validator wrote no file {name}:\n{world.runs.last.describe()}"
    seen = json.dumps(json.loads(path.read_bytes()), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    wanted = hashlib.sha256(seen.encode()).hexdigest()
    found = [str(result.get("msg")) for one in world.runs.report.components for result in one.get("violations") or []]
    assert found == [wanted], f"rules saw the hash {found}, the file has {wanted}: {seen}"


@then('the file "{name}" is a report with the violations')
def a_report_in_a_file(context: Context, name: str) -> None:
    path = context.world.folders.work / name
    assert path.is_file(), f"the validator wrote no file {name}:\n{context.world.runs.last.describe()}"
    _expect_rows(context, Report.parse(path.read_text(encoding="utf-8")), "violations")
