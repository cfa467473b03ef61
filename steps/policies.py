"""Policies, where they come from, and files beside them."""

from __future__ import annotations

from behave import given

from ec_acceptance.testbed.behaving import Context, pairs


@given('a git repository named "{name}" with')
def a_git_repository(context: Context, name: str) -> None:
    context.world.add_policies(name, dict(pairs(context.table)))


@given('policy configuration named "{name}" with specification')
def a_policy_configuration(context: Context, name: str) -> None:
    context.world.add_policy_configuration(name, context.text)


@given('a file "{name}" with')
def a_file(context: Context, name: str) -> None:
    context.world.write(name, context.text)
