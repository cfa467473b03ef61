"""Texts that are to stay texts, wherever they stand and whatever shows them."""

from __future__ import annotations

from behave import given, then

from ec_acceptance.testbed.fixtures.injection_texts import add_nested, add_telling, nested, tells, write_telling
from ec_acceptance.testbed.scenario.behave_context import Context


@given('an image "{name}" that has {words} wherever its maker may write')
def an_image_that_tells(context: Context, name: str, words: str) -> None:
    add_telling(context.world, name, words)


@given('an image "{name}" with a file that is nested {levels:d} levels deep')
def an_image_with_a_nested_file(context: Context, name: str, levels: int) -> None:
    add_nested(context.world, name, levels)


@given('a file "{name}" that is nested {levels:d} levels deep')
def a_nested_file(context: Context, name: str, levels: int) -> None:
    context.world.write(name, nested(levels))


@given('a policy "{policy}" and a snapshot "{snapshot}" that have {words} wherever their makers may write')
def a_policy_and_a_snapshot_that_tell(context: Context, policy: str, snapshot: str, words: str) -> None:
    """The policy lets nothing pass, and repeats each text that it finds."""
    write_telling(context.world, policy, snapshot, words)


@then("the {kind} output denies, and shows {words} as it is")
def shown_as_it_is(context: Context, kind: str, words: str) -> None:
    last = context.world.last
    troubles = tells(last.out, kind, words)
    assert not troubles, "\n".join([*troubles, last.describe()])
    assert last.status == 1, last.describe()
