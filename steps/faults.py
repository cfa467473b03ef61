"""Faults at the registry, and leading the validator by what is held and released (docs/cache-scenarios.md)."""

from __future__ import annotations

from behave import given, then, use_step_matcher, when

from ec_acceptance.testbed.gate import faults
from ec_acceptance.testbed.gate.log import NotReachedError
from ec_acceptance.testbed.scenario.behave_context import Context, arguments
from ec_acceptance.testbed.validator.flags import command_line

use_step_matcher("re")


@given(r"(?:the )?(?P<nth>\w+) request for (?P<thing>the .+?) is (?P<fault>.+)")
def a_fault(context: Context, nth: str, thing: str, fault: str) -> None:
    world = context.world
    found = world.stock.thing(thing)
    verb = faults.verb(fault, found, world.stock.thing)
    world.steering.add(found, verb, faults.nth(nth))


use_step_matcher("parse")


@given('"{image}" waits before its layers')
def an_image_waits(context: Context, image: str) -> None:
    world = context.world
    world.steering.wait_before(world.stock.full_name(image), world.stock.thing(f'the configuration of "{image}"'))


@given("every image waits before its layers")
def every_image_waits(context: Context) -> None:
    for image in context.world.stock.images:
        an_image_waits(context, image)


@given("the registry is healthy")
def no_faults(context: Context) -> None:
    context.world.steering.heal()


@when("{thing} is held")
def is_held(context: Context, thing: str) -> None:
    context.world.steering.held(context.world.stock.thing(thing))


@when('{thing} is held for "{image}"')
def is_held_for(context: Context, thing: str, image: str) -> None:
    held = context.world.steering.held(context.world.stock.thing(thing))
    if held.repository != context.world.stock.full_name(image):
        raise NotReachedError(f"{thing} is held for {held.repository}, not for {image}")


@when('"{image}" resumes')
def an_image_resumes(context: Context, image: str) -> None:
    context.world.steering.resume([context.world.stock.full_name(image)])


@when("all images resume together")
def all_resume(context: Context) -> None:
    context.world.steering.resume()


@when("no request is in flight")
def no_request_in_flight(context: Context) -> None:
    """Each is held or answered, and for so long that none will come (docs/cache-scenarios.md)."""
    context.world.wait_until_idle()


@when("{thing} is released")
def is_released(context: Context, thing: str) -> None:
    context.world.steering.release(context.world.stock.thing(thing))


@when('"{command}" is run, with {thing} held until no request is in flight')
def run_with_a_hold(context: Context, command: str, thing: str) -> None:
    """Images that wait before their layers resume together, before the hold comes about."""
    world = context.world
    held = world.stock.thing(thing)
    world.start(command_line(world, command, arguments(context)))
    world.steering.resume()
    world.steering.held(held)
    world.wait_until_idle()
    world.steering.release(held)
    world.finish(timeout=world.steering.limit)


@then('"{image}" gets past its files')
def gets_past_its_files(context: Context, image: str) -> None:
    context.world.steering.wait_for(
        lambda: context.world.past_files(image) is not None, f"{image} getting past its files"
    )


@then('"{image}" is past its files only if it fetched {thing} itself')
def past_only_with_the_whole(context: Context, image: str, thing: str) -> None:
    world = context.world
    past = world.past_files(image)
    if past is None:
        return
    wanted = world.stock.thing(thing)
    name = world.stock.full_name(image)
    fetched = [one for one in world.requests(**wanted.wanted) if one.repository == name and one.state == "done"]
    assert any(one.sent == len(wanted.body) and (one.ended or 0) <= past.started for one in fetched), (
        f"{image} got past its files ({past}) though {thing} is held and it fetched none itself"
    )


@then("{thing} is still held")
def is_still_held(context: Context, thing: str) -> None:
    world = context.world
    digest = world.stock.thing(thing).digest
    assert any(one.reference == digest for one in world.gate.held()), f"{thing} isn't held any more: its client left"


@then("{thing} was asked for while every image waited for it")
def asked_for_with_waiters(context: Context, thing: str) -> None:
    world = context.world
    assert world.requests(**world.stock.thing(thing).wanted), f"{thing} wasn't asked for"
    for name in world.stock.images:
        configuration = world.stock.thing(f'the configuration of "{name}"')
        if not any(one.state == "done" for one in world.requests(**configuration.wanted)):
            raise NotReachedError(f"{name} didn't get to its layers")
