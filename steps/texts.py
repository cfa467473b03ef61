"""Texts that are to stay texts, wherever they stand and whatever shows them."""

from __future__ import annotations

from behave import given, then

from ec_acceptance.testbed.expect.shown_text import find_differences
from ec_acceptance.testbed.fixtures.injection_texts import (
    add_image_with_text,
    add_nested,
    nest,
    policy_files,
    shown_text,
)
from ec_acceptance.testbed.scenario.behave_context import Context


@given('an image "{name}" that has {words} in every field that its author controls')
def an_image_with_an_injection(context: Context, name: str, words: str) -> None:
    add_image_with_text(context.world.fixtures, name, words)


@given('an image "{name}" with a file nested {levels:d} levels deep')
def an_image_with_a_nested_file(context: Context, name: str, levels: int) -> None:
    add_nested(context.world.fixtures, name, levels)


@given('a file "{name}" nested {levels:d} levels deep')
def a_nested_file(context: Context, name: str, levels: int) -> None:
    context.world.write(name, nest(levels))


@given('a policy "{policy}" and a snapshot "{snapshot}" that have {words} in every field that their authors control')
def a_policy_and_a_snapshot_with_an_injection(context: Context, policy: str, snapshot: str, words: str) -> None:
    """The policy lets nothing pass, and repeats each text that it finds."""
    world = context.world
    for name, text in policy_files(world.fixtures, policy, snapshot, words).items():
        world.write(name, text)


@then("the {kind} output reports the violations, and shows {words} unchanged")
def shown_as_it_is(context: Context, kind: str, words: str) -> None:
    last = context.world.runs.last
    differences = find_differences(last.out, kind, shown_text(words))
    assert not differences, "\n".join([*differences, last.describe()])
    assert last.status == 1, last.describe()
