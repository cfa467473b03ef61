"""Keyless signatures, and whom validators trust for them."""

from __future__ import annotations

from behave import given

from ec_acceptance.testbed.scenario.behave_context import Context


@given("the roots of trust are in files")
def roots_in_files(context: Context) -> None:
    context.world.trust.in_files()


@given("the roots of trust come from a TUF mirror")
def roots_by_tuf(context: Context) -> None:
    context.world.trust.by_mirror()


@given('a keyless image signature of "{image}"')
def a_keyless_signature(context: Context, image: str) -> None:
    world = context.world
    signer = world.services.sigstore.signer()
    world.fixtures.attach(image, "sig", lambda digest, reference, _: signer.signature(digest, reference))


@given('a keyless attestation of "{image}"')
def a_keyless_attestation(context: Context, image: str) -> None:
    world = context.world
    signer = world.services.sigstore.signer()
    world.fixtures.attach(image, "att", lambda digest, reference, _: signer.provenance(digest, reference))
