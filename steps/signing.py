"""Keys, signatures and attestations."""

from __future__ import annotations

from behave import given

from ec_acceptance.testbed.scenario.behave_context import Context


@given('a key pair named "{name}"')
def a_key_pair(context: Context, name: str) -> None:
    context.world.fixtures.add_key(name)


@given('a valid image signature of "{image}" image signed by the "{key}" key')
def a_logged_signature(context: Context, image: str, key: str) -> None:
    context.world.fixtures.sign(image, key, logged=True)


@given('an image signature of "{image}" image signed by the "{key}" key without a log entry')
def an_unlogged_signature(context: Context, image: str, key: str) -> None:
    context.world.fixtures.sign(image, key, logged=False)


@given('a valid attestation of "{image}" signed by the "{key}" key')
def a_logged_attestation(context: Context, image: str, key: str) -> None:
    context.world.fixtures.attest(image, key, logged=True)


@given('an attestation of "{image}" signed by the "{key}" key without a log entry')
def an_unlogged_attestation(context: Context, image: str, key: str) -> None:
    context.world.fixtures.attest(image, key, logged=False)


@given('each image is signed and attested by the "{key}" key')
def all_signed_and_attested(context: Context, key: str) -> None:
    context.world.fixtures.sign_all(key)
