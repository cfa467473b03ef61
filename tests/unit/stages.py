"""A registry with signed images, a key and a policy, for tests that judge them in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

from ec_acceptance.testbed.fixtures.images import Image, Layer, publish
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.signing import (
    SLSA_V02,
    KeyPair,
    attach,
    provenance_v02,
    seal,
    sign_image,
    statement,
    subject,
)
from refimpl.command_line.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Stage"]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_POLICY = """package main

import rego.v1

# METADATA
# title: The rule
# custom:
#   short_name: rule
deny contains {"code": "main.rule", "msg": "denied"} if input.component_name == "denied"
"""


class Stage:
    """A registry with signed images, a key and a policy directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gate = Gate(EmbeddedRegistry())
        self.key = KeyPair.derive("test", "key")
        (folder / "key.pub").write_text(self.key.public_pem)
        (folder / "policy").mkdir()
        (folder / "policy" / "main.rego").write_text(_POLICY)
        self.environ: Mapping[str, str] = {"HOME": str(folder), "TMPDIR": str(folder)}

    def image(self, name: str, *, tag: str = "latest", finished: str = "2024-01-01T10:05:00Z") -> str:
        """Push a signed and attested image; its reference."""
        repository = self.gate.repository(name)
        image = publish(Image.of([Layer.of({"name": name.encode()})]), repository, tag=tag)
        predicate = provenance_v02(name=name, digest=image.digest)
        predicate["metadata"]["buildFinishedOn"] = finished
        envelope = seal(statement(SLSA_V02, predicate, [subject(image.digest, name)]), [self.key])
        signature = sign_image(image.digest, self.key, reference=name)
        for kind, layer in (("sig", signature.layer()), ("att", envelope.layer(SLSA_V02))):
            artifact = attach(image.digest, kind, [layer])
            for blob in artifact.blobs.values():
                repository.put_blob(blob)
            repository.put_manifest(artifact.manifest, _MANIFEST, tag=artifact.tag)
        return image.tagged(self.gate.address)

    def options(self, wanted: Mapping[str, str], **changes: Any) -> Options:
        components = [{"name": name, "containerImage": reference} for name, reference in wanted.items()]
        source = f"file::{self.folder / 'policy'}"
        given: dict[str, Any] = {
            "images": json.dumps({"components": components}),
            "policy": json.dumps({"sources": [{"policy": [source]}]}),
            "public_key": str(self.folder / "key.pub"),
            "ignore_rekor": True,
            "output": (f"json={self.folder / 'report.json'}",),
            "processes": 1,  # others would be copies of the process that tests, with all its threads
        }
        return Options(**(given | changes))

    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return document

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.close()
        self.gate.backend.close()
