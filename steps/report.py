"""The report, as a whole and by its results."""

from __future__ import annotations

from behave import then

from ec_acceptance.testbed.behaving import Context, rows
from ec_acceptance.testbed.report import Finding


@then("the output should match the snapshot")
def the_output_matches(context: Context) -> None:
    context.world.compare("stdout", "json")


@then("the {kind} output should match the snapshot")
def the_output_matches_as(context: Context, kind: str) -> None:
    context.world.compare(f"stdout {kind}", kind)


@then("the report has exactly the violations")
def exactly_the_violations(context: Context) -> None:
    wanted = sorted(Finding(*row) for row in rows(context.table))
    found = context.world.report.findings("violations")
    assert found == wanted, f"the violations are {found}, not {wanted}:\n{context.world.last.described()}"


@then("the report has no successes")
def no_successes(context: Context) -> None:
    found = context.world.report.findings("successes")
    assert not found, f"the report has successes: {found}"


@then("each component saw {count:d} files")
def each_component_saw(context: Context, count: int) -> None:
    seen = context.world.report.messages("warnings", "manifests.seen")
    assert len(seen) == len(context.world.stock.images), f"the report has {len(seen)} components"
    for name, messages in seen.items():
        assert len(messages) == 1, f"component {name} reports {messages}"
        assert messages[0].startswith(f"{count} files, "), f"component {name} reports: {messages[0]}"
