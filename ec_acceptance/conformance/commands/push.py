"""``ec-conformance push``: puts an image into the fixtures' registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.errors import BrokenError, Exit, UsageError
from ec_acceptance.conformance.target import Target
from ec_acceptance.conformance.terminal import print_line

if TYPE_CHECKING:
    import argparse

    from ec_acceptance.testbed.fixtures.images import Published

__all__ = ["add_arguments", "main"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.usage = "ec-conformance push [option …] [SOURCE] IMAGE"
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="oci:FOLDER, registry.example.com/team/app:1.0, or a folder whose files become a layer; "
        "without one, a small image is made",
    )
    parser.add_argument("image", metavar="IMAGE", help="its reference then, such as $EC_REGISTRY/team/app:1.0")
    parser.add_argument(
        "--label", action="append", default=[], metavar="NAME=VALUE", help="of an image that is made; may be repeated"
    )


def main(given: argparse.Namespace) -> int:
    """Push it; a copy brings its signatures, its attestations and what refers to it."""
    import requests

    from ec_acceptance.testbed.errors import InputError
    from ec_acceptance.testbed.registry.repository import UnexpectedAnswerError

    target = Target.parse(given.image)
    if target.digest:
        raise UsageError(f"{given.image}: an image is pushed by a tag, not by a digest")
    try:
        published = _push(given, target)
    except InputError as error:
        raise UsageError(str(error)) from None
    except UnexpectedAnswerError as error:
        raise BrokenError(f"{target.address} doesn't take the image: {error}") from None
    except requests.RequestException:
        raise BrokenError(f"no registry answers at {target.address}") from None
    print_line(f"pushed: {target.reference}@{published.digest}")
    return Exit.CONFORMANT


def _push(given: argparse.Namespace, target: Target) -> Published:
    from ec_acceptance.testbed.fixtures.images import Image, Layer, publish
    from ec_acceptance.testbed.fixtures.own import copy_image, read_folder
    from ec_acceptance.testbed.registry.image_source import open_image

    made = given.source is None or Path(given.source).is_dir()
    if not made:
        if given.label:
            raise UsageError("--label is for images that are made; a copy has its own labels")
        return copy_image(open_image(given.source, Path()), target.repository, given.source, tag=target.tag)
    labels = [one.partition("=") for one in given.label]
    if any(not name or not equals for name, equals, _ in labels):
        raise UsageError("--label must be NAME=VALUE")
    files = read_folder(Path(given.source)) if given.source else {"app/hello": b"#!/bin/sh\necho hello\n"}
    image = Image.of([Layer.of(files)], labels={name: value for name, _, value in labels})
    return publish(image, target.repository, target.tag)
