"""Sigstore bundles that refer to images, and lists of referrers."""

from __future__ import annotations

import re

from behave import given, then, use_step_matcher

from ec_acceptance.testbed.fixtures.collection import component
from ec_acceptance.testbed.fixtures.keyless import SIGNERS
from ec_acceptance.testbed.fixtures.platforms import add_index
from ec_acceptance.testbed.fixtures.referrers import INDEX, copy_manifest, listed, refer
from ec_acceptance.testbed.fixtures.sigstore_bundles import SIMPLE_SIGNING_TYPE, VARIATIONS, Holder, Target, make_bundle
from ec_acceptance.testbed.gate.rules import Answer
from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.scenario.behave_context import Context
from ec_acceptance.testbed.scenario.world import World
from ec_acceptance.testbed.signing import Layer, sign_image

use_step_matcher("re")


def _target(world: World, image: str) -> Target:
    published = world.fixtures.images[image]
    world.variables[f"{image.rpartition('/')[2]}_DIGEST"] = published.digest
    others = tuple(other.digest for name, other in world.fixtures.images.items() if name != image)
    manifest = world.servers.gate.repository(published.repository).manifest(published.digest)[1]
    return Target(image, published.digest, manifest, others)


@given(
    r'a bundle of "(?P<image>[^"]+)" with (?P<content>[^,]+), signed by the "(?P<key>[^"]+)" key'
    r"(?P<logged> and logged(?P<tiled> in a log of the second version)?)?(?:, (?P<variation>.+))?"
)
def a_bundle(
    context: Context,
    image: str,
    content: str,
    key: str,
    logged: str | None,
    tiled: str | None,
    variation: str | None,
) -> None:
    world = context.world
    log: Log = world.services.sigstore.tiles if tiled else world.services.log
    _attach(context, image, content, Holder(world.fixtures.keys[key], log if logged else None), variation)


@given(
    r'a keyless bundle of "(?P<image>[^"]+)" with (?P<content>[^,]+?)'
    r"(?: by a signer (?P<oddity>[^,]+))?(?:, (?P<variation>.+))?"
)
def a_keyless_bundle(context: Context, image: str, content: str, oddity: str | None, variation: str | None) -> None:
    """What is odd about the signer is one of those of keyless signatures."""
    sigstore = context.world.services.sigstore
    signer = SIGNERS[oddity](sigstore) if oddity else sigstore.signer()
    holder = Holder(signer.key, signer.log, signer.certificate, signer.logged_at)
    _attach(context, image, content, holder, variation)


def _attach(context: Context, image: str, content: str, holder: Holder, variation: str | None) -> None:
    world = context.world
    others = (pair for pair in world.fixtures.keys.values() if pair != holder.key)
    other = next(others, None) or world.services.key("nobody's")
    made = make_bundle(_target(world, image), content, holder, other)
    if variation:
        VARIATIONS[variation](made)
    layer = Layer(made.layer_type, made.content)
    world.fixtures.bundles.setdefault(image, []).append(layer)
    refer(world.fixtures, image, [layer] * made.copies, made.artifact_type)


@given(r'a simple signing signature that refers to "(?P<image>[^"]+)", signed by the "(?P<key>[^"]+)" key')
def a_referring_signature(context: Context, image: str, key: str) -> None:
    world = context.world
    target = _target(world, image)
    signature = sign_image(target.digest, world.fixtures.keys[key], reference=target.name)
    refer(world.fixtures, image, [signature.layer()], SIMPLE_SIGNING_TYPE)


use_step_matcher("parse")


@given('an image "{name}" for the architectures "{architectures}"')
def an_index(context: Context, name: str, architectures: str) -> None:
    add_index(context.world.fixtures, name, [one.strip() for one in architectures.split(",")])


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
    report = context.world.runs.report
    shown = next((one for one in report.components if one.get("name") == component(image)), None)
    assert shown is not None, f"the report has no component {component(image)}:\n{context.world.runs.last.describe()}"
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


@given('the bundles of "{image}" refer to "{other}", too')
def bundles_refer_elsewhere(context: Context, image: str, other: str) -> None:
    for layer in context.world.fixtures.bundles[image]:
        refer(context.world.fixtures, other, [layer])


@given('the registry lists the referrers of "{image}" as those of "{other}"')
def another_list(context: Context, image: str, other: str) -> None:
    """The manifests are in the other's repository, too, and say that they refer to the first image."""
    world = context.world
    for digest in world.fixtures.referrers[image]:
        copy_manifest(world.servers.gate.repository(image), world.servers.gate.repository(other), digest)
    world.servers.gate.add(
        _list_of(listed(world.fixtures, image, world.fixtures.referrers[image])), kind="referrers", repository=other
    )


@given('the tag of "{image}" leads to "{other}" from the second look-up on')
def a_moving_tag(context: Context, image: str, other: str) -> None:
    world = context.world
    content = world.fixtures.images[other].content
    fields = (("Content-Type", content.media_type), ("Docker-Content-Digest", content.digest))
    copy_manifest(world.servers.gate.repository(other), world.servers.gate.repository(image), content.digest)
    tag = world.fixtures.images[image].tag
    for method in ("HEAD", "GET"):
        moved = Answer(200, fields, content.manifest)
        world.servers.gate.add(moved, nth=range(2, 99), kind="manifest", repository=image, reference=tag, method=method)


@then('what is reported of "{image}" is the image that was looked at')
def reported_as_looked_at(context: Context, image: str) -> None:
    world = context.world
    (shown,) = world.runs.report.components
    digest = str(shown["containerImage"]).rpartition("@")[2]
    asked = {one.reference for one in world.runs.requests(kind="referrers")}
    assert asked == {digest}, f"{digest} is reported, and referrers of {asked} were asked for"
    is_signed = digest == world.fixtures.images[image].digest
    assert shown["success"] is is_signed, f"{digest}: success is {shown['success']}\n{world.runs.last.describe()}"


@given('the referrers of "{image}" are on the second page of a list')
def on_the_second_page(context: Context, image: str) -> None:
    """Of any registry, whether it lists referrers itself or not."""
    world = context.world
    _in_two_pages(context, image, _list_of(listed(world.fixtures, image, world.fixtures.referrers[image])))


@given('the list of referrers of "{image}" continues elsewhere')
def a_list_that_goes_on_elsewhere(context: Context, image: str) -> None:
    world = context.world
    following = (("Link", f'</v2/other/referrers/{world.fixtures.images[image].digest}>; rel="next"'),)
    world.servers.gate.add(_list_of(listed(world.fixtures, image, []), following), kind="referrers")


@given('the list of referrers of "{image}" names its next page behind 70,000 characters')
def a_page_behind_a_long_link(context: Context, image: str) -> None:
    world = context.world
    page = f"/v2/{image}/referrers/{world.fixtures.images[image].digest}"
    following = (("Link", f'<{page}?page={"0" * 70_000}>; rel="prev", <{page}?page=2>; rel="next"'),)
    world.servers.gate.add(_list_of(listed(world.fixtures, image, []), following), kind="referrers")


@given('the second page of the referrers of "{image}" is {answer}')
def a_page_that_cannot_be_had(context: Context, image: str, answer: str) -> None:
    pages = {"denied": Answer(403), "missing": Answer(404), "half a document": _list_of(b'{"manifests": [')}
    _in_two_pages(context, image, pages[answer])


def _in_two_pages(context: Context, image: str, second: Answer) -> None:
    """Each time that the list is asked for its first page is empty."""
    world = context.world
    following = (("Link", f'</v2/{image}/referrers/{world.fixtures.images[image].digest}?page=2>; rel="next"'),)
    first = _list_of(listed(world.fixtures, image, []), following)
    for number, page in ((1, first), (2, second)):
        world.servers.gate.add(page, kind="referrers", nth=range(number, 100, 2))


@given('the list of referrers of "{image}" has no end')
def pages_without_end(context: Context, image: str) -> None:
    world = context.world
    digest = world.fixtures.images[image].digest
    body = listed(world.fixtures, image, [])
    for number in range(1, 250):
        following = (("Link", f'</v2/{image}/referrers/{digest}?page={number}>; rel="next"'),)
        world.servers.gate.add(_list_of(body, following), kind="referrers", nth=number)


@given('the registry gives the last referrer of "{image}" for the first one')
def another_referrer(context: Context, image: str) -> None:
    world = context.world
    first, *_, last = world.fixtures.referrers[image]
    media_type, body = world.servers.gate.repository(image).manifest(last)
    fields = (("Content-Type", media_type), ("Docker-Content-Digest", first))
    world.servers.gate.add(Answer(200, fields, body), kind="manifest", reference=first)


@then('the attestation that is shown has the predicate type "{predicate_type}"')
def shown_predicate_type(context: Context, predicate_type: str) -> None:
    shown = [one.get("predicateType") for each in context.world.runs.report.components for one in each["attestations"]]
    assert shown == [predicate_type], f"the predicate types are {shown}"


def _list_of(body: bytes, more: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(200, (("Content-Type", INDEX), *more), body)
