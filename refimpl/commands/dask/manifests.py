"""Reads images' manifests before anybody judges them, to see which layers they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.errors import RegistryError, TimeoutExceededError
from refimpl.oci.answers import Answers

if TYPE_CHECKING:
    from refimpl.commands.dask.placement import Layers
    from refimpl.oci.client import Client
    from refimpl.oci.descriptor import Manifest
    from refimpl.oci.reference import Reference

_LARGEST = 32 << 10  # bytes of manifests that travel; what is larger is asked for again
_LAYERS = 8  # the largest ones, by which images are told to be alike


def look_up(client: Client, ref: Reference) -> tuple[Answers, Layers]:
    """Ask for an image's manifest, as judging does; of an index for that of the image which stands for it.

    Returns:
        The answers, and the largest layers' digests and sizes in bytes; none if the manifest can't be had or read.

    Raises:
        TimeoutExceededError: the time is over.
    """
    try:
        head = client.head(ref)
    except RegistryError as error:
        return Answers(failures=((("head", str(ref)), error),)), ()
    heads = ((str(ref), head),)
    pinned = ref if ref.digest else ref.at(head.digest)
    try:
        first = client.manifest(pinned)
    except RegistryError as error:
        return Answers(heads, failures=((("manifest", str(pinned)), error),)), ()
    found = {str(pinned): first}
    try:
        image = client.image(pinned)
        found[str(pinned.at(image.digest))] = image
        layers = _largest(image)
    except TimeoutExceededError:
        raise
    except Exception:  # noqa: BLE001 - whoever judges it meets that, too, and tells it
        layers = ()
    if sum(len(one.raw) for one in found.values()) > _LARGEST:
        return Answers(heads), layers
    return Answers(heads, tuple((name, one.descriptor, one.raw) for name, one in found.items())), layers


def _largest(image: Manifest) -> Layers:
    sizes = {layer.digest: layer.size for layer in image.layers}
    return tuple(sorted(sizes.items(), key=lambda one: -one[1])[:_LAYERS])
