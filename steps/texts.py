"""Texts that are to stay texts, wherever they stand and whatever shows them."""

from __future__ import annotations

from behave import given, then, when

from ec_acceptance.testbed.fixtures.injection_texts import add_nested, add_telling, judge_telling, nested, tells
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


@when("it is judged by a policy that tells where it finds {words}, as {output}")
def judged_by_a_telling_policy(context: Context, words: str, output: str) -> None:
    judge_telling(context.world, words, output)


@then("the {kind} output denies, and shows {words} as it is")
def shown_as_it_is(context: Context, kind: str, words: str) -> None:
    last = context.world.last
    troubles = tells(last.out, kind, words)
    assert not troubles, "\n".join([*troubles, last.described()])
    assert last.status == 1, last.described()
