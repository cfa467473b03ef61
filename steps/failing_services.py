"""Registries and logs that fail: nobody knows then what they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from behave import given, then

from ec_acceptance.testbed.fixtures.collection import component
from ec_acceptance.testbed.fixtures.referrers import INDEX, listed
from ec_acceptance.testbed.gate.log import RequestFilter
from ec_acceptance.testbed.gate.rules import Answer, Close, Stall
from ec_acceptance.testbed.rekor import LogFaults
from ec_acceptance.testbed.scenario.behave_context import Context
from ec_acceptance.testbed.signing import attachment_tag

if TYPE_CHECKING:
    from ec_acceptance.testbed.gate.rules import Verb
    from ec_acceptance.testbed.scenario.world import World


def _requests_for(world: World, what: str, image: str) -> RequestFilter:
    """The requests for what belongs to an image."""
    published = world.fixtures.images[image]
    first = next(iter(world.fixtures.referrers.get(image, ())), "")
    contents = [layer.digest for layer in world.fixtures.bundles.get(image, ())]
    wanted: dict[str, RequestFilter] = {
        "referrers": {"kind": "referrers"},
        "first referrer": {"kind": "manifest", "reference": first},
        "first referrer's content": {"kind": "blob", "reference": contents[0] if contents else ""},
        "signatures": {"kind": "manifest", "reference": attachment_tag(published.digest, "sig")},
        "attestations": {"kind": "manifest", "reference": attachment_tag(published.digest, "att")},
        "content": {"kind": "manifest", "reference": published.digest},
        "manifest": {"kind": "manifest", "reference": published.tag or published.digest},
    }
    found = wanted[what]
    found["repository"] = published.repository
    return found


def _fail(context: Context, verb: Verb, what: str, image: str) -> None:
    for method in ("GET", "HEAD"):
        wanted = _requests_for(context.world, what, image)
        wanted["method"] = method
        context.world.servers.gate.add(verb, **wanted)


@given('the registry answers with status {status:d} when asked for the {what} of "{image}"')
def answers_with_status(context: Context, status: int, what: str, image: str) -> None:
    _fail(context, Answer(status), what, image)


def _fail_at_first(context: Context, status: int, count: int, image: str, method: str) -> None:
    """The manifest or list of an image that can't be had by its tag or digest, until this many requests were made."""
    published = context.world.fixtures.images[image]
    for reference in (published.tag, published.digest):
        context.world.servers.gate.add(
            Answer(status),
            nth=range(1, count + 1),
            kind="manifest",
            repository=published.repository,
            reference=reference,
            method=method,
        )


@given('the registry breaks off when asked for the {what} of "{image}"')
def breaks_off(context: Context, what: str, image: str) -> None:
    """A list of referrers is one that breaks off with every registry, though not all of them list any."""
    world = context.world
    if what == "referrers":
        body = listed(world.fixtures, image, world.fixtures.referrers.get(image, ()))
        _fail(context, Answer(200, (("Content-Type", INDEX),), body), what, image)
    _fail(context, Close(0), what, image)


@given('the registry never answers when asked for the {what} of "{image}"')
def never_answers(context: Context, what: str, image: str) -> None:
    _fail(context, Stall(None), what, image)


@given('the registry answers with status {status:d} the first {count:d} times that it is asked what "{image}" is')
def unsure_at_first(context: Context, status: int, count: int, image: str) -> None:
    _fail_at_first(context, status, count, image, "HEAD")


@given(
    'the registry answers with status {status:d} the first {count:d} times that it is asked for the list of "{image}"'
)
def without_a_list_at_first(context: Context, status: int, count: int, image: str) -> None:
    _fail_at_first(context, status, count, image, "GET")


@given('after the first token the registry\'s token server answers with status {status:d} and "{body}"')
def no_more_tokens(context: Context, status: int, body: str) -> None:
    context.world.servers.gate.add(Answer(status, (), body.encode()), kind="token", nth=range(2, 99))


@then('"{image}" isn\'t accessible because of "{reason}"')
def inaccessible(context: Context, image: str, reason: str) -> None:
    last = context.world.runs.last
    messages = context.world.runs.report.messages("violations", "builtin.image.accessible").get(component(image), [])
    assert len(messages) == 1, f"violations: {messages}\n{last.describe()}"
    assert reason in messages[0], f"the message is {messages[0]!r}"


@given("every answer of the transparency log has the status {status:d}")
def the_log_answers(context: Context, status: int) -> None:
    context.world.servers.rekor.faults = LogFaults(status=status)


@then('standard error has "{text}"')
def standard_error_has(context: Context, text: str) -> None:
    last = context.world.runs.last
    assert context.world.text(text) in last.err, f"standard error hasn't {text!r}:\n{last.describe()}"
