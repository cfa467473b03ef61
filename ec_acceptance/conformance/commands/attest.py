"""``ec-conformance attest``: attests something of an image in the fixtures' registry, as `cosign attest --key` does."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.conformance.errors import Exit, UsageError
from ec_acceptance.conformance.target import Target, add_signing, log_entry, read_signer
from ec_acceptance.conformance.terminal import print_line

if TYPE_CHECKING:
    import argparse

__all__ = ["add_arguments", "main"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.usage = "ec-conformance attest [option …] IMAGE"
    add_signing(parser)
    parser.add_argument(
        "--predicate", type=Path, metavar="FILE", help="JSON, YAML or TOML; SLSA provenance 0.2 by default"
    )
    parser.add_argument("--type", metavar="URI", help="type of the predicate; it goes with --predicate")
    parser.add_argument("--builder", metavar="URI", help="who built the image, in the provenance by default")


def main(given: argparse.Namespace) -> int:
    """Attest it, with an entry in the transparency log."""
    from ec_acceptance.testbed.errors import InputError
    from ec_acceptance.testbed.fixtures.own import provenance_with, read_file, read_predicate
    from ec_acceptance.testbed.signing import SLSA_V02, seal, statement, subject

    if bool(given.predicate) != bool(given.type):
        raise UsageError("--predicate FILE and --type URI go together")
    if given.predicate and given.builder:
        raise UsageError("--builder is for provenance; with --predicate the file says everything")
    key = read_signer(given)
    target = Target.parse(given.image)
    digest = target.resolve()
    rows = [("builder", given.builder)] if given.builder else []
    try:
        predicate = (
            read_predicate(read_file(given.predicate), str(given.predicate))
            if given.predicate
            else provenance_with(rows, name=target.reference, digest=digest)
        )
    except InputError as error:
        raise UsageError(str(error)) from None
    kind = given.type or SLSA_V02
    envelope = seal(statement(kind, predicate, [subject(digest, target.reference)]), [key])
    verifier = base64.b64encode(key.public_pem.encode()).decode()
    proposed = {"envelope": envelope.content.decode(), "verifiers": [verifier]}
    log_entry(given, {"apiVersion": "0.0.1", "kind": "dsse", "spec": {"proposedContent": proposed}})
    target.attach("att", digest, envelope.layer(kind))
    print_line(f"attested: {kind} of {target.reference}@{digest}")
    return Exit.CONFORMANT
