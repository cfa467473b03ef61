"""The registry itself: who may use it, and how it is reached."""

from __future__ import annotations

from behave import given

from ec_acceptance.testbed.registry.auth import Basic, Bearer
from ec_acceptance.testbed.scenario.behave_context import Context


@given("the registry speaks https")
def the_registry_speaks_https(context: Context) -> None:
    context.world.servers.registry_tls = context.world.services.authority.server


@given('the registry demands the credentials "{user}" and "{password}" ({scheme})')
def the_registry_demands(context: Context, user: str, password: str, scheme: str) -> None:
    context.world.servers.registry_guard = {"Basic": Basic, "Bearer": Bearer}[scheme](user, password)


@given('the Docker configuration has the credentials "{user}" and "{password}"')
def the_configuration_has(context: Context, user: str, password: str) -> None:
    context.world.docker_configuration.store(context.world.servers.gate.address, user, password)


@given('the Docker configuration names a helper that has the credentials "{user}" and "{password}"')
def the_configuration_names_a_helper(context: Context, user: str, password: str) -> None:
    address = context.world.servers.gate.address
    context.world.docker_configuration.store(address, user, password, helper="acceptance")
