"""``ec-conformance sign``: signs an image in the fixtures' registry, as `cosign sign --key` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec_acceptance.conformance.errors import Exit
from ec_acceptance.conformance.target import Target, add_signing, log_entry, read_signer
from ec_acceptance.conformance.terminal import print_line

if TYPE_CHECKING:
    import argparse

__all__ = ["add_arguments", "main"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.usage = "ec-conformance sign [option …] IMAGE"
    add_signing(parser)


def main(given: argparse.Namespace) -> int:
    """Sign it, with an entry in the transparency log."""
    from ec_acceptance.testbed.rekor import hashedrekord
    from ec_acceptance.testbed.signing import sign_image

    key = read_signer(given)
    target = Target.parse(given.image)
    digest = target.resolve()
    signature = sign_image(digest, key, reference=target.reference)
    log_entry(given, hashedrekord(signature.payload, signature.signature, key.public_pem))
    target.attach("sig", digest, signature.layer())
    print_line(f"signed: {target.reference}@{digest}")
    return Exit.CONFORMANT
