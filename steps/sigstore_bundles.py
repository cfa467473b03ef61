"""Sigstore bundles that refer to images, and lists of referrers."""

from __future__ import annotations

import re

from behave import given, then, use_step_matcher

from ec_acceptance.testbed.fixtures.collection import component
from ec_acceptance.testbed.fixtures.referrers import INDEX, listed, refer
from ec_acceptance.testbed.fixtures.sigstore_bundles import SIMPLE_SIGNING_TYPE, VARIATIONS, Target, draft
from ec_acceptance.testbed.gate.rules import Answer
from ec_acceptance.testbed.scenario.behave_context import Context
from ec_acceptance.testbed.scenario.world import World
from ec_acceptance.testbed.signing import Layer, sign_image

use_step_matcher("re")


def _target(world: World, image: str) -> Target:
    published = world.fixtures.images[image]
    world.variables[f"{image.rpartition('/')[2]}_DIGEST"] = published.digest
    others = tuple(other.digest for name, other in world.fixtures.images.items() if name != image)
    return Target(image, published.digest, world.servers.gate.repository(image).manifest(published.digest)[1], others)


@given(
    r'a bundle of "(?P<image>[^"]+)" with (?P<content>[^,]+), signed by the "(?P<key>[^"]+)" key'
    r"(?P<logged> and logged)?(?:, (?P<variation>.+))?"
)
def a_bundle(context: Context, image: str, content: str, key: str, logged: str | None, variation: str | None) -> None:
    world = context.world
    keys = world.fixtures.keys
    other = next((pair for name, pair in keys.items() if name != key), None) or world.services.key("nobody's")
    made = draft(_target(world, image), content, keys[key], other, world.services.log if logged else None)
    if variation:
        VARIATIONS[variation](made)
    layer = Layer(made.layer_type, made.content)
    refer(world.fixtures, image, [layer] * made.copies, made.artifact_type)


@given(r'a simple signing signature that refers to "(?P<image>[^"]+)", signed by the "(?P<key>[^"]+)" key')
def a_referring_signature(context: Context, image: str, key: str) -> None:
    world = context.world
    target = _target(world, image)
    signature = sign_image(target.digest, world.fixtures.keys[key], reference=target.name)
    refer(world.fixtures, image, [signature.layer()], SIMPLE_SIGNING_TYPE)


use_step_matcher("parse")


@given("the registry doesn't know what referrers are")
def no_referrers_api(context: Context) -> None:
    context.world.servers.gate.add(Answer(404), kind="referrers")


@given('the tag for referrers of "{image}" lists them')
def referrers_at_the_tag(context: Context, image: str) -> None:
    world = context.world
    digest = world.fixtures.images[image].digest
    body = listed(world.fixtures, image, world.fixtures.referrers[image])
    world.servers.gate.repository(image).put_manifest(body, INDEX, tag=digest.replace(":", "-", 1))


@then('the report shows {signatures:d} signatures and {attestations:d} attestations of "{image}"')
def the_report_shows(context: Context, signatures: int, attestations: int, image: str) -> None:
    (shown,) = [one for one in context.world.runs.report.components if one.get("name") == component(image)]
    found = len(shown.get("signatures") or []), len(shown.get("attestations") or [])
    assert found == (signatures, attestations), f"there are {found}:\n{context.world.runs.last.describe()}"


@given('rules that tell what they see of "{image}"')
def rules_that_tell(context: Context, image: str) -> None:
    """What the ``ec.sigstore`` functions give (`examples/signatures/seen.rego`)."""
    world = context.world
    text = (world.services.examples / "signatures" / "seen.rego").read_text(encoding="utf-8")
    reference = world.fixtures.images[image].pinned(world.servers.gate.address)
    told = text.replace("${IMAGE}", reference).replace("${KEY}", world.fixtures.keys["known"].public_pem)
    world.write("rules/seen.rego", told)


@then('the rules say "{text}"')
def the_rules_say(context: Context, text: str) -> None:
    """One message and no other, word for word; `…` stands for anything."""
    pattern = ".*".join(map(re.escape, text.split("…")))
    found = [
        str(one.get("msg")) for shown in context.world.runs.report.components for one in shown.get("warnings") or []
    ]
    assert any(re.fullmatch(pattern, each, re.DOTALL) for each in found), f"the rules say {found}"
