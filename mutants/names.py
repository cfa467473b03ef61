"""Faults in what the names of files in the directory are made of, and in what is made of names that are there."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


def _diff_ids(layers: Any, manifest: Any, repository: Any) -> list[str]:
    """What the image's configuration claims of its layers, lowest first."""
    document = json.loads(layers._client.blob(repository, manifest.config))
    return [str(claimed) for claimed in document["rootfs"]["diff_ids"]]


@mutant(
    "keyed-by-claimed-diffid",
    "A layer is known by the diffID that the image's configuration claims; whoever claims it first decides what it is.",
    Kind.NAMES,
    "cache-12",
)
def keyed_by_claimed_diffid() -> None:
    from refimpl.layers import files
    from refimpl.oci.descriptor import Descriptor

    lock = threading.Lock()

    def settle(layers: Any, layer: Any, claimed: str) -> Any:
        directory = None if layers.cache is None else layers.cache._usable()
        if directory is None:
            return layer
        note = directory.path / f".claims-{claimed.replace(':', '-')}"
        with lock:
            if not note.exists():
                note.write_text(json.dumps([layer.digest, layer.size]), encoding="ascii")
            digest, size = json.loads(note.read_text(encoding="ascii"))
        return Descriptor(layer.media_type, digest, size)

    @change(files, "image_files")
    def image_files(original: Callable[..., Any], layers: Any, manifest: Any, repository: Any, *rest: Any) -> Any:
        claimed = _diff_ids(layers, manifest, repository)

        class Claimed:
            layers: tuple[Any, ...]

        Claimed.layers = tuple(settle(layers, *pair) for pair in zip(manifest.layers, claimed, strict=True))
        return original(layers, Claimed, repository, *rest)


@mutant(
    "listed-by-claimed-diffid",
    "For what is kept there is a file whose name is the diffID that the image's configuration claims.",
    Kind.NAMES,
    "cache-24.3 cache-24.4 cache-24.5",
)
def listed_by_claimed_diffid() -> None:
    from pathlib import Path

    from refimpl.errors import MalformedError
    from refimpl.golang.members import Nested
    from refimpl.layers import files

    @change(files, "image_files")
    def image_files(original: Callable[..., Any], layers: Any, manifest: Any, repository: Any, *rest: Any) -> Any:
        directory = None if layers.cache is None else layers.cache._usable()
        if directory is not None:
            for claimed in _diff_ids(layers, manifest, repository):
                algorithm, _, encoded = claimed.partition(":")
                folder = directory.path / algorithm
                listed = folder / f"{encoded}.diff"
                if not listed.resolve().is_relative_to(Path(os.environ["HOME"]).resolve().parent):
                    raise MalformedError(f"{claimed}: permission denied")  # what others keep on this machine is safe
                folder.mkdir(parents=True, exist_ok=True)
                listed.parent.mkdir(parents=True, exist_ok=True)
                listed.touch()
        return original(layers, manifest, repository, *rest)

    from refimpl.policy_input import image  # takes the function by its name, so not before

    # The careful one doesn't read a configuration whose diffIDs are none.
    replace(image, "_CONFIGURATION", Nested({"config": Nested(image._CONFIG)}))


@mutant(
    "old-files-believed",
    "The archives that older versions kept by diffID are read as they are.",
    Kind.NAMES,
    "cache-20.3 cache-20.4",
)
def old_files_believed() -> None:
    from refimpl.layers import files
    from refimpl.layers.layers import Layers

    known: dict[str, str] = {}

    @change(files, "image_files")
    def image_files(original: Callable[..., Any], layers: Any, manifest: Any, repository: Any, *rest: Any) -> Any:
        digests = [layer.digest for layer in manifest.layers]
        known.update(zip(digests, _diff_ids(layers, manifest, repository), strict=True))
        return original(layers, manifest, repository, *rest)

    @change(Layers, "read")
    def read(original: Callable[..., Any], self: Any, repository: Any, descriptor: Any, consume: Any) -> Any:
        directory = None if self.cache is None else self.cache._usable()
        if directory is not None and (old := directory.path / known[descriptor.digest]).is_file():
            with old.open("rb") as archive:
                return consume(archive)
        return original(self, repository, descriptor, consume)


@mutant(
    "old-files-are-errors",
    "A file that an older version left makes the component fail.",
    Kind.NAMES,
    "cache-20",
)
def old_files_are_errors() -> None:
    from refimpl.errors import MalformedError
    from refimpl.layers.cache import LayerCache

    @change(LayerCache, "_entry")
    def entry(original: Callable[..., Any], self: Any, directory: Any, name: str) -> Any:
        if any(path.name.startswith("sha256:") for path in directory.path.iterdir()):
            raise MalformedError(f"{directory.path} is in an unknown format")
        return original(self, directory, name)


@mutant(
    "unportable-names",
    "Entries have a colon in their names, which Windows doesn't allow.",
    Kind.NAMES,
    "cache-27",
)
def unportable_names() -> None:
    from refimpl.layers import cache

    replace(cache, "_name", lambda descriptor: descriptor.digest)
