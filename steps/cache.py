"""The validator's cache directory."""

from __future__ import annotations

import shutil

from behave import given, step, then

from ec_acceptance.testbed.scenario.behave_context import Context


@given("an empty cache directory")
def no_cache(context: Context) -> None:
    shutil.rmtree(context.world.cache.path, ignore_errors=True)


@step("the content of the cache directory is recorded")
def remember(context: Context) -> None:
    context.world.remembered = context.world.cache.content()


@then("the cache directory is unchanged")
def unchanged(context: Context) -> None:
    now = context.world.cache.content()
    assert now == context.world.remembered, f"the cache directory was {context.world.remembered} and is {now}"


@then("nothing in the cache directory is damaged")
def nothing_damaged(context: Context) -> None:
    damaged = context.world.cache.damaged()
    assert not damaged, f"entries that aren't what their names say: {damaged}"


@then("the cache directory has no temporary files")
def no_temporary(context: Context) -> None:
    left = context.world.cache.temporaries()
    assert not left, f"temporaries were left: {left}"
