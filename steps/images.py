"""Images and their layers."""

from __future__ import annotations

from behave import given

from ec_acceptance.testbed.behaving import Context, pairs


@given('an image named "{name}"')
def an_image(context: Context, name: str) -> None:
    context.world.stock.add_image(name)


@given('{count:d} OLM bundle images "{first}" to "{last}" that share a layer of {size:d} MiB')
def bundles_sharing_a_layer(context: Context, count: int, first: str, last: str, size: int) -> None:
    names = context.world.stock.add_bundles(first, count, size << 20)
    assert names[-1] == last, f"{count} images from {first} on end with {names[-1]}, not {last}"


@given('an OLM bundle image "{name}" with the files')
def a_bundle(context: Context, name: str) -> None:
    context.world.stock.add_bundle(name, dict(pairs(context.table)))
