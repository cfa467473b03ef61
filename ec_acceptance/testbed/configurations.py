"""Images whose configuration is of another form than usual, or stands elsewhere."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.images import Image, Layer, publish
from ec_acceptance.testbed.judging import attach
from ec_acceptance.testbed.platforms import register
from ec_acceptance.testbed.registry.digests import digest_of
from ec_acceptance.testbed.registry.rules import Answer

if TYPE_CHECKING:
    from ec_acceptance.testbed.world import World

__all__ = ["add_image", "add_image_with_inline", "lose_image", "usual_configuration"]


def usual_configuration(**labels: str) -> dict[str, Any]:
    """A configuration with the fewest members, and with labels."""
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": []},
    }


def add_image(world: World, name: str, configuration: bytes, **descriptor: Any) -> None:
    """Push a conforming image with this configuration.

    `descriptor` are more members of the configuration's descriptor.
    """
    image = Image.of([Layer.of({"etc/image": f"{name}\n".encode()})])
    document = json.loads(image.manifest)
    digest = digest_of(configuration, "sha256")
    document["config"] |= {"digest": digest, "size": len(configuration), **descriptor}
    manifest = json.dumps(document).encode()
    changed = replace(
        image, digest=digest_of(manifest, "sha256"), manifest=manifest, config=configuration, config_digest=digest
    )
    register(world, name, publish(changed, world.gate.repository(name)))
    attach(world, name)


def add_image_with_inline(world: World, name: str, configuration: bytes, content: bytes) -> None:
    """The same; the descriptor of the configuration holds this content."""
    add_image(world, name, configuration, data=base64.b64encode(content).decode())


def lose_image(world: World, name: str) -> None:
    """Have the registry not know an image any more, by its digest."""
    for method in ("GET", "HEAD"):
        world.gate.add(Answer(404), kind="manifest", method=method, reference=world.stock.images[name].digest)
