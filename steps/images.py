"""Images and their layers."""

from __future__ import annotations

from behave import given

from ec_acceptance.testbed.fixtures.bundles import (
    READERS,
    add_in_opposite_orders,
    add_on_two_layers,
    add_repeating,
    add_sharing,
    add_unshared,
)
from ec_acceptance.testbed.scenario.behave_context import Context, pairs


@given('an image named "{name}"')
def an_image(context: Context, name: str) -> None:
    context.world.fixtures.add_image(name)


@given('{count:d} OLM bundle images "{first}" to "{last}" that share a layer of {size:d} MiB')
def bundles_sharing_a_layer(context: Context, count: int, first: str, last: str, size: int) -> None:
    names = context.world.fixtures.add_bundles(first, count, size << 20)
    assert names[-1] == last, f"{count} images from {first} on end with {names[-1]}, not {last}"


@given('an OLM bundle image "{name}" with the files')
def a_bundle(context: Context, name: str) -> None:
    context.world.fixtures.add_bundle(name, dict(pairs(context.table)))


@given("1 image that shares a layer, read through {reader}")
def an_image_that_shares(context: Context, reader: str) -> None:
    images_that_share(context, 1, reader)


@given("{count:d} images that share a layer, read through {reader}")
def images_that_share(context: Context, count: int, reader: str) -> None:
    add_sharing(context.world.fixtures, count, READERS[reader])
    context.world.judge_files(READERS[reader])


@given('an image "{name}" without the shared files')
def an_incomplete_image(context: Context, name: str) -> None:
    world = context.world
    files = {"manifests/own.json": f'{{"image": "{name}"}}'}
    world.fixtures.add_bundle(f"acceptance/{name}", files, labelled=world.file_policies.reader.labelled)
    world.fixtures.sign_all("known")


@given("2 images with the same two layers in opposite orders, read through {reader}")
def opposed_images(context: Context, reader: str) -> None:
    add_in_opposite_orders(context.world.fixtures, READERS[reader])
    context.world.judge_files(READERS[reader])


@given("{count:d} images that have one of two layers, in turns, read through {reader}")
def images_on_two_layers(context: Context, count: int, reader: str) -> None:
    add_on_two_layers(context.world.fixtures, count, READERS[reader])
    context.world.judge_files(READERS[reader])


@given("an image that has a layer twice, read through {reader}")
def a_repeating_image(context: Context, reader: str) -> None:
    add_repeating(context.world.fixtures, READERS[reader])
    context.world.judge_files(READERS[reader])


@given('an image "{name}" that shares nothing with the others')
def an_image_apart(context: Context, name: str) -> None:
    world = context.world
    add_unshared(world.fixtures, f"acceptance/{name}", world.file_policies.reader)
    world.fixtures.sign_all("known")
