"""A registry of made-up images, in a process of its own: any number of repositories, few distinct contents behind."""

from __future__ import annotations

import multiprocessing
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ec_acceptance.testbed.fixtures.images import OLM_LABEL, Image, Layer, publish
from ec_acceptance.testbed.registry.embedded import Service
from ec_acceptance.testbed.registry.repository import Repository
from ec_acceptance.testbed.servers.http import Server
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.sharedctypes import SynchronizedArray
    from pathlib import Path

    from ec_acceptance.testbed.servers.http import Request, Response

__all__ = ["MadeUp", "made_up_registry"]

_CONTENTS = 20
_BASE = 8 << 20  # bytes
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_PATH = re.compile(r"/v2/many/image-(\d+)/")
_POLICY = """package main

import rego.v1

# METADATA
# title: The rule
# custom:
#   short_name: rule
deny contains {"code": "main.rule", "msg": "denied"} if count(input.attestations) == 0
"""


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Where the images are, and what they are judged by.

    Attributes:
        address: of the registry.
        digests: of the contents; image number n has that of n modulo their count.
        key: path of the public key.
        policy: path of a directory with a rule.
        served: how many requests the registry has answered, and how many bytes it has sent in their bodies.
    """

    address: str
    digests: tuple[str, ...]
    key: Path
    policy: Path
    served: SynchronizedArray[int]

    def reference(self, number: int, *, pinned: bool = True) -> str:
        """Of an image."""
        name = f"{self.address}/many/image-{number:07}"
        return f"{name}@{self.digests[number % len(self.digests)]}" if pinned else f"{name}:latest"


@contextmanager
def made_up_registry(folder: Path, *, bases: int = 0) -> Iterator[MadeUp]:
    """Serve the images until the block ends.

    Args:
        folder: for the key and the policy.
        bases: how many layers of 8 MiB the contents are built on, each on one; all layers are read then. With none
            there are small ones, which nobody reads.
    """
    key = KeyPair.derive("scale", "key")
    (folder / "key.pub").write_text(key.public_pem, encoding="utf-8")
    (folder / "policy").mkdir()
    (folder / "policy" / "main.rego").write_text(_POLICY, encoding="utf-8")
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    served = context.Array("q", 2)
    process = context.Process(target=_serve, args=(theirs, key, served, bases), daemon=True)
    process.start()
    try:
        address, digests = ours.recv()
        yield MadeUp(address, digests, folder / "key.pub", folder / "policy", served)
    finally:
        process.terminate()
        process.join()


def _serve(told: Connection, key: KeyPair, served: SynchronizedArray[int], bases: int) -> None:
    service = Service()
    digests = tuple(
        _publish(Repository(service.handle, f"content-{number}"), number, key, bases) for number in range(_CONTENTS)
    )

    def handle(request: Request) -> Response:
        path = _PATH.sub(lambda found: f"/v2/content-{int(found[1]) % _CONTENTS}/", request.path)
        response = service.handle(replace(request, path=path))
        with served:
            served[0] += 1
            if request.method != "HEAD":
                served[1] += len(response.body) if isinstance(response.body, bytes | memoryview) else 0
        return response

    server = Server(handle, name="registry")
    told.send((server.address, digests))
    try:
        told.recv()
    except EOFError:
        server.close()


def _publish(repository: Repository, number: int, key: KeyPair, bases: int) -> str:
    name = f"content-{number}"
    base, labels = Layer.of({"shared": b"shared"}), None
    if bases:
        seed, labels = f"base {number % bases}", {OLM_LABEL: "manifests/"}
        base = Layer.of({"manifests/base.json": b"{}"}, filler_size=_BASE, seed=seed)
    image = publish(Image.of([base, Layer.of({"name": name.encode()})], labels=labels), repository)
    envelope = seal(
        statement(SLSA_V02, provenance_v02(name=name, digest=image.digest), [subject(image.digest, name)]), [key]
    )
    for kind, layer in (
        ("sig", sign_image(image.digest, key, reference=name).layer()),
        ("att", envelope.layer(SLSA_V02)),
    ):
        artifact = attach(image.digest, kind, [layer])
        for blob in artifact.blobs.values():
            repository.put_blob(blob)
        repository.put_manifest(artifact.manifest, _MANIFEST, tag=artifact.tag)
    return image.digest
