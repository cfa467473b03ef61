"""``ec-conformance init``: a folder of scenarios of a team's own, which plain behave runs."""

from __future__ import annotations

import shlex
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.errors import Exit, UsageError
from ec_acceptance.conformance.terminal import print_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

__all__ = ["add_arguments", "files", "main"]

_TEMPLATES = Path(__file__).parents[1] / "templates"
_BEFORE = ("features/environment.py", "features/steps")  # where behave looks first


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.usage = "ec-conformance init [FOLDER]"
    parser.add_argument("folder", nargs="?", type=Path, default=Path("acceptance"), help="to be made (acceptance)")


def main(given: argparse.Namespace) -> int:
    """Write the folder; no file that is there is changed."""
    folder: Path = given.folder
    made = files(folder.name or Path.cwd().name)
    if there := sorted(name for name in made if (folder / name).exists()):
        raise UsageError(f"{folder / there[0]} is there already: name a folder without it")
    if taken := next((name for name in _BEFORE if (folder / name).exists()), ""):
        raise UsageError(f"behave takes {folder / taken} for its own, and not what would be made: name another folder")
    try:
        for name, data in made.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    print_line(f"{len(made)} files in {folder}: README.md tells what they are")
    print_line(f"now: cd {shlex.quote(str(folder))} && behave")
    return Exit.CONFORMANT


def files(folder: str) -> Mapping[str, bytes]:
    """What is written, by path in the folder of this name."""
    made = {}
    for path in sorted(_TEMPLATES.rglob("*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            text = text.replace("@VERSION@", metadata.version("ec-acceptance")).replace("@FOLDER@", folder)
            made[path.relative_to(_TEMPLATES).as_posix().removesuffix(".txt")] = text.encode()
    return {**made, **_sample_image()}


def _sample_image() -> Mapping[str, bytes]:
    """An OCI layout (image specification, "Image Layout") with one small image."""
    import json

    from ec_acceptance.testbed.fixtures.images import Image, Layer

    layer = Layer.of({"app/hello": b"#!/bin/sh\necho hello\n"})
    image = Image.of([layer], labels={"com.example.purpose": "release"})
    entry = {**image.descriptor(), "annotations": {"org.opencontainers.image.ref.name": "latest"}}
    blobs = {image.digest: image.manifest, image.config_digest: image.config, layer.digest: layer.data}
    return {
        "image/oci-layout": b'{"imageLayoutVersion": "1.0.0"}\n',
        "image/index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}, indent=2).encode() + b"\n",
        **{f"image/blobs/{digest.replace(':', '/', 1)}": data for digest, data in blobs.items()},
    }
