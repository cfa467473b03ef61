"""Faults at the registry, and what is held and released (docs/cache-scenarios.md)."""

from __future__ import annotations

from behave import given, then, use_step_matcher, when

from ec_acceptance.testbed.gate import faults
from ec_acceptance.testbed.gate.log import NotReachedError
from ec_acceptance.testbed.scenario.behave_context import Context, arguments
from ec_acceptance.testbed.scenario.flags import command_line

use_step_matcher("re")


@given(r"(?:the )?(?P<nth>\w+) request for (?P<artifact>the .+?) is (?P<fault>.+)")
def a_fault(context: Context, nth: str, artifact: str, fault: str) -> None:
    world = context.world
    found = world.fixtures.artifact(artifact)
    verb = faults.parse_verb(fault, found, world.fixtures.artifact)
    world.injector.add(found, verb, faults.parse_nth(nth))


use_step_matcher("parse")


@given('"{image}" waits before its layers')
def an_image_waits(context: Context, image: str) -> None:
    world = context.world
    world.injector.hold_before_layers(
        world.fixtures.full_name(image), world.fixtures.artifact(f'the configuration of "{image}"')
    )


@given("every image waits before its layers")
def every_image_waits(context: Context) -> None:
    for image in context.world.fixtures.images:
        an_image_waits(context, image)


@given("the registry is healthy")
def no_faults(context: Context) -> None:
    context.world.injector.clear()


@when("{artifact} is held")
def is_held(context: Context, artifact: str) -> None:
    context.world.injector.wait_until_held(context.world.fixtures.artifact(artifact))


@when('{artifact} is held for "{image}"')
def is_held_for(context: Context, artifact: str, image: str) -> None:
    held = context.world.injector.wait_until_held(context.world.fixtures.artifact(artifact))
    if held.repository != context.world.fixtures.full_name(image):
        raise NotReachedError(f"{artifact} is held for {held.repository}, not for {image}")


@when('"{image}" resumes')
def an_image_resumes(context: Context, image: str) -> None:
    context.world.injector.resume([context.world.fixtures.full_name(image)])


@when("all images resume together")
def all_resume(context: Context) -> None:
    context.world.injector.resume()


@when("no request is in flight")
def no_request_in_flight(context: Context) -> None:
    """Each is held or answered, and for so long that none will come (docs/cache-scenarios.md)."""
    context.world.wait_until_idle()


@when("{artifact} is released")
def is_released(context: Context, artifact: str) -> None:
    context.world.injector.release(context.world.fixtures.artifact(artifact))


@when('"{command}" is run, with {artifact} held until no request is in flight')
def run_with_a_hold(context: Context, command: str, artifact: str) -> None:
    """Images that wait before their layers resume together, before the hold comes about."""
    world = context.world
    held = world.fixtures.artifact(artifact)
    world.runs.start(command_line(world, command, arguments(context)))
    world.injector.resume()
    world.injector.wait_until_held(held)
    world.wait_until_idle()
    world.injector.release(held)
    world.runs.finish(timeout=world.injector.limit)


@then('"{image}" gets past its files')
def gets_past_its_files(context: Context, image: str) -> None:
    context.world.injector.wait_for(
        lambda: context.world.file_policies.first_request_after_files(image) is not None,
        f"{image} getting past its files",
    )


@then('"{image}" is past its files only if it fetched {artifact} itself')
def past_only_with_the_whole(context: Context, image: str, artifact: str) -> None:
    world = context.world
    past = world.file_policies.first_request_after_files(image)
    if past is None:
        return
    wanted = world.fixtures.artifact(artifact)
    name = world.fixtures.full_name(image)
    fetched = [
        one for one in world.runs.requests(**wanted.request_filter) if one.repository == name and one.state == "done"
    ]
    assert any(one.sent == len(wanted.body) and (one.ended or 0) <= past.started for one in fetched), (
        f"{image} got past its files ({past}) though {artifact} is held and it fetched none itself"
    )


@then("{artifact} is still held")
def is_still_held(context: Context, artifact: str) -> None:
    world = context.world
    digest = world.fixtures.artifact(artifact).digest
    assert any(one.reference == digest for one in world.servers.gate.held()), (
        f"{artifact} isn't held any more: its client left"
    )


@then("{artifact} was asked for while every image waited for it")
def asked_for_with_waiters(context: Context, artifact: str) -> None:
    world = context.world
    assert world.runs.requests(**world.fixtures.artifact(artifact).request_filter), f"{artifact} wasn't asked for"
    for name in world.fixtures.images:
        configuration = world.fixtures.artifact(f'the configuration of "{name}"')
        if not any(one.state == "done" for one in world.runs.requests(**configuration.request_filter)):
            raise NotReachedError(f"{name} didn't get to its layers")
