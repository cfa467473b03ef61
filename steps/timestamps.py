"""Signatures by certificates that have expired, with timestamps that tell when they were made."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

from behave import given

from ec_acceptance.testbed.fixtures.referrers import refer
from ec_acceptance.testbed.fixtures.sigstore_bundles import Holder, Target, UnfinishedBundle, make_bundle
from ec_acceptance.testbed.fixtures.timestamps import TIMESTAMPS, TRUSTED_TIMESTAMPS
from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.scenario.behave_context import Context
from ec_acceptance.testbed.signing import Layer
from ec_acceptance.testbed.signing.cosign import SIGNATURE, TIMESTAMP


@given("the trusted root, which {oddity}")
def a_trusted_root_which(context: Context, oddity: str) -> None:
    trust = context.world.trust
    trust.document = TRUSTED_TIMESTAMPS[oddity](trust.sigstore)
    trust.by_mirror()


@given("the timestamp authority is in a file")
def the_timestamp_authority_in_a_file(context: Context) -> None:
    context.world.trust.stamps_in_file()


@given('a keyless bundle of "{image}", logged without a time, {oddity}')
def an_untimed_bundle(context: Context, image: str, oddity: str) -> None:
    """The log is one of Rekor's second version, which tells no times."""
    made = _make_bundle(context, image, context.world.services.sigstore.tiles)
    _refer(context, image, made, oddity)


@given('a keyless bundle of "{image}", logged in time, {oddity}')
def a_timed_bundle(context: Context, image: str, oddity: str) -> None:
    _refer(context, image, _make_bundle(context, image, context.world.services.log), oddity)


@given('a keyless {what} of "{image}", not logged, {oddity}')
def unlogged(context: Context, what: str, image: str, oddity: str) -> None:
    _UNLOGGED[what](context, image, oddity)


def _bundle(context: Context, image: str, oddity: str) -> None:
    _refer(context, image, _make_bundle(context, image, None), oddity)


def _signature(context: Context, image: str, oddity: str) -> None:
    signer = replace(context.world.services.sigstore.signer(), log=None)
    context.world.fixtures.attach(
        image, "sig", lambda digest, name, _: _annotate(context, signer.signature(digest, name), oddity)
    )


def _attestation(context: Context, image: str, oddity: str) -> None:
    """What is stamped is the envelope, as attestations have no signature in their annotations."""
    signer = replace(context.world.services.sigstore.signer(), log=None)
    context.world.fixtures.attach(
        image, "att", lambda digest, name, _: _annotate(context, signer.provenance(digest, name), oddity)
    )


_UNLOGGED = {"bundle": _bundle, "image signature": _signature, "attestation": _attestation}


def _make_bundle(context: Context, image: str, log: Log | None) -> UnfinishedBundle:
    world = context.world
    signer = world.services.sigstore.signer()
    published = world.fixtures.images[image]
    manifest = world.servers.gate.repository(published.repository).manifest(published.digest)[1]
    holder = Holder(signer.key, log, signer.certificate, signer.logged_at)
    return make_bundle(Target(image, published.digest, manifest), "provenance", holder, world.services.key("nobody's"))


def _refer(context: Context, image: str, made: UnfinishedBundle, oddity: str) -> None:
    signature = base64.b64decode(made.envelope["signatures"][0]["sig"])
    stamps = TIMESTAMPS[oddity](context.world.services.sigstore, signature)
    made.material["timestampVerificationData"] = {
        "rfc3161Timestamps": [{"signedTimestamp": base64.b64encode(one).decode()} for one in stamps]
    }
    refer(context.world.fixtures, image, [Layer(made.layer_type, made.content)])


def _annotate(context: Context, layer: Layer, oddity: str) -> Layer:
    stamped = base64.b64decode(layer.annotations[SIGNATURE]) or layer.content
    stamps = TIMESTAMPS[oddity](context.world.services.sigstore, stamped)
    told = [(TIMESTAMP, json.dumps({"SignedRFC3161Timestamp": base64.b64encode(one).decode()})) for one in stamps]
    return replace(layer, annotations={**layer.annotations, **dict(told)})
