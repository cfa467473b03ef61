"""Images for several platforms, images with a configuration, and what is attached to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.images import Image, Index, Layer, Published, publish
from ec_acceptance.testbed.stock import component

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.world import World

__all__ = ["add_configured", "add_files", "add_index", "add_tag", "register"]


def add_index(world: World, name: str, architectures: Sequence[str]) -> None:
    """Push an index of linux images, and remember it and its images `NAME-ARCHITECTURE`; "" is one without a name.

    Images without an architecture are called `NAME-unknown-I`, with their place in the index.
    """
    images = [
        Image.of([Layer.of({"etc/image": f"{name} {place} {one}\n".encode()})], platform=("linux" if one else "", one))
        for place, one in enumerate(architectures)
    ]
    index = publish(Index.of(images), world.gate.repository(name))
    register(world, name, index)
    for place, (one, image) in enumerate(zip(architectures, images, strict=True)):
        register(world, f"{name}-{one or f'unknown-{place}'}", Published(name, None, image.digest, image))


def add_configured(
    world: World,
    name: str,
    *,
    config: Mapping[str, Any] | None = None,
    annotations: Mapping[str, str] | None = None,
    subject: str | None = None,
) -> None:
    """Push an image with members of its configuration's `config`, annotations of its manifest, a subject."""
    layers = [Layer.of({"etc/image": f"{world.scenario} {name}\n".encode()})]
    extra: dict[str, Any] = {}
    if subject is not None:
        extra = {"subject": world.stock.images[subject].content.descriptor(), "artifactType": "application/x-note"}
    image = Image.of(layers, config=config, annotations=annotations, extra=extra)
    repository = name if subject is None else world.stock.images[subject].repository
    register(world, name, publish(image, world.gate.repository(repository), tag=None if subject else "latest"))


def add_files(world: World, name: str, layers: Sequence[Mapping[str, str]]) -> None:
    """Push an image with these files, by path, in layers from the lowest to the top one."""
    made = [Layer.of({path: text.encode() for path, text in files.items()}) for files in layers]
    published = publish(Image.of(made), world.gate.repository(name))
    register(world, name, published)
    for place, layer in enumerate(made):
        title = f"layer {place} of {name}"
        world.stock.layers[title] = layer.digest
        world.known.add(title, layer.digest)
        world.made[f"{component(name)}_LAYER_{place}"] = layer.digest


def add_tag(world: World, name: str, tag: str) -> None:
    """Give an image another tag."""
    content = world.stock.images[name].content
    world.gate.repository(name).put_manifest(content.manifest, content.media_type, tag=tag)


def register(world: World, name: str, published: Published) -> None:
    """Remember an image that was pushed, and its digests for scenarios and snapshots."""
    world.stock.images[name] = published
    world.stock.files[name] = {}
    world.known.add(f"digest of {name}", published.digest)
    world.made[f"{component(name)}_DIGEST"] = published.digest
    if isinstance(published.content, Image):
        world.known.add(f"configuration of {name}", published.content.config_digest)
        world.made[f"{component(name)}_CONFIG"] = published.content.config_digest
