"""Images with configurations of other forms, and indexes that lack an image."""

from __future__ import annotations

import json

from behave import given

from ec_acceptance.testbed.fixtures.configurations import (
    add_image,
    add_image_with_inline,
    lose_image,
    usual_configuration,
)
from ec_acceptance.testbed.scenario.behave_context import Context


@given('an image "{name}" whose configuration also has {member}')
def an_image_with_a_member(context: Context, name: str, member: str) -> None:
    usual = json.dumps(usual_configuration(seen="yes"))
    add_image(context.world.fixtures, name, f"{usual[:-1]}, {member}}}".encode())


@given('an image "{name}" with a label of {size:d} MB')
def an_image_with_a_large_label(context: Context, name: str, size: int) -> None:
    add_image(context.world.fixtures, name, json.dumps(usual_configuration(seen="x" * size * 1_000_000)).encode())


@given('an image "{name}" whose configuration has {count:d} million values')
def an_image_with_many_values(context: Context, name: str, count: int) -> None:
    values = b"{}," * (count * 1_000_000)
    add_image(context.world.fixtures, name, b'{"config": {}, "history": [' + values + b"{}]}")


@given('an image "{name}" whose manifest contains its configuration')
def an_image_with_its_configuration(context: Context, name: str) -> None:
    configuration = json.dumps(usual_configuration(seen="yes")).encode()
    add_image_with_inline(context.world.fixtures, name, configuration, configuration)


@given('an image "{name}" whose manifest contains a different configuration of the same size')
def an_image_with_anothers_configuration(context: Context, name: str) -> None:
    right, wrong = (json.dumps(usual_configuration(seen=value)).encode() for value in ("yes", "not"))
    add_image_with_inline(context.world.fixtures, name, right, wrong)


@given('the registry has lost the image "{name}"')
def a_lost_image(context: Context, name: str) -> None:
    lose_image(context.world.fixtures, name)
