"""What a scenario made: keys, images, and the signatures and attestations beside them."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from ec_acceptance.testbed.images import OLM_LABEL, Image, Layer, Published, publish
from ec_acceptance.testbed.registry.repository import UnexpectedAnswerError
from ec_acceptance.testbed.rekor import dsse, hashedrekord
from ec_acceptance.testbed.signing import (
    SLSA_V02,
    attached,
    attached_tag,
    provenance_v02,
    seal,
    sign_image,
    statement,
    subject,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ec_acceptance.testbed.placeholders import Known
    from ec_acceptance.testbed.registry.gate import Gate
    from ec_acceptance.testbed.rekor import Log
    from ec_acceptance.testbed.signing import KeyPair
    from ec_acceptance.testbed.signing import Layer as SignatureLayer

__all__ = ["Stock"]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_LABELS = {OLM_LABEL: "manifests/"}


class Stock:
    """Makes things and remembers them by the names that the scenario gives them.

    Contents depend on the scenario's id and on names only, so that digests are the same in each run.

    Args:
        log: the transparency log that gets entries.
        gate: the scenario's registry; what is put there leaves no trace in its log.
        known: gets the values that differ from run to run.
        keys: makes the key pair of a name.
        folder: for key files.
        seed: what makes this scenario's contents its own.
    """

    def __init__(
        self, *, log: Log, gate: Gate, known: Known, keys: Callable[[str], KeyPair], folder: Path, seed: str
    ) -> None:
        self.images: dict[str, Published] = {}
        self.layers: dict[str, str] = {}
        self.keys: dict[str, KeyPair] = {}
        self._entries: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        self._log = log
        self._gate = gate
        self._known = known
        self._make_key = keys
        self._folder = folder
        self._seed = seed

    def add_key(self, name: str) -> KeyPair:
        """Make a key pair, with its halves in files."""
        key = self.keys[name] = self._make_key(name)
        for suffix, pem in (("pub", key.public_pem), ("key", key.private_pem)):
            path = self._folder / f"{name}.{suffix}"
            path.write_text(pem, encoding="ascii")
            self._known.add(f"file {name}.{suffix}", str(path))
        self._known.add(f"key {name}", key.public_pem)
        return key

    def variables(self) -> dict[str, str]:
        """The `${…}` that keys bring: paths of both halves, and the public one for JSON."""
        values = {}
        for name, key in self.keys.items():
            values[f"{name}_PUBLIC_KEY"] = str(self._folder / f"{name}.pub")
            values[f"{name}_PRIVATE_KEY"] = str(self._folder / f"{name}.key")
            values[f"{name}_PUBLIC_KEY_JSON"] = json.dumps(key.public_pem)[1:-1]
        return values

    def add_image(
        self, name: str, layers: Mapping[str, Layer] | None = None, labels: Mapping[str, str] | None = None
    ) -> Published:
        """Make an image and push it as `latest`; its layers by the names that assertions use."""
        if layers is None:
            layers = {f"layer of {name}": Layer.of({"etc/image": f"{self._seed} {name}\n".encode()})}
        image = publish(Image.of(list(layers.values()), labels=labels), self._gate.repository(name))
        self.images[name] = image
        self.layers |= {title: layer.digest for title, layer in layers.items()}
        self._known.add(f"digest of {name}", image.digest)
        return image

    def add_bundle(self, name: str, files: Mapping[str, str]) -> Published:
        """Make an image with these files in one layer, labelled as an OLM bundle with its files in `manifests/`."""
        layer = Layer.of({path: text.encode() for path, text in files.items()}, seed=self._seed)
        return self.add_image(name, {f"layer of {name}": layer}, _LABELS)

    def add_bundles(self, first: str, count: int, size: int) -> list[str]:
        """Make bundles that share a layer of about `size` bytes and have a small one each; their names, numbered on.

        The shared layer is the last, so it is read first. Its files stand between incompressible filler: a cut can
        fall inside of data and between files.
        """
        stem, _, number = first.rpartition("-")
        shared = Layer.of(
            {
                "manifests/shared-first.json": b'{"shared": "first"}',
                "manifests/shared-last.yaml": b"shared: last\n",
            },
            filler_size=size,
            seed=f"{self._seed} shared",
        )
        names = [f"{stem}-{int(number) + offset}" for offset in range(count)]
        for name in names:
            own = Layer.of({"manifests/own.json": json.dumps({"image": name}).encode()})
            self.add_image(name, {f"own layer of {name}": own, "shared layer": shared}, _LABELS)
        return names

    def sign(self, name: str, key: str, *, logged: bool) -> None:
        """Sign an image by a key; `logged` with an entry in the transparency log, which no annotation tells of."""
        image, pair = self.images[name], self.keys[key]
        signature = sign_image(image.digest, pair, reference=f"{self._gate.address}/{name}")
        entry = hashedrekord(signature.payload, signature.signature, pair.public_pem)
        self._keep(name, "signature", entry, logged=logged)
        self._known.add(f"signature of {name} by {key}", signature.encoded)
        self._attach(image, "sig", signature.layer())

    def attest(self, name: str, key: str, *, logged: bool) -> None:
        """Attest SLSA provenance 0.2 of an image by a key."""
        image, pair = self.images[name], self.keys[key]
        reference = f"{self._gate.address}/{name}"
        predicate = provenance_v02(name=reference, digest=image.digest)
        envelope = seal(statement(SLSA_V02, predicate, [subject(image.digest, reference)]), [pair])
        self._keep(name, "attestation", dsse(envelope.content, pair.public_pem), logged=logged)
        self._known.add(f"attestation of {name} by {key}", envelope.signatures[0].encoded)
        self._attach(image, "att", envelope.layer(SLSA_V02))

    def sign_all(self, key: str) -> None:
        """Sign and attest every image that isn't signed yet, with log entries."""
        for name in self.images:
            if (name, "signature") not in self._entries:
                self.sign(name, key, logged=True)
                self.attest(name, key, logged=True)

    def snapshot(self) -> str:
        """All images as the JSON of `--json-input`, each named after its repository."""
        components = [
            {"name": name.rpartition("/")[2], "containerImage": image.tagged(self._gate.address)}
            for name, image in self.images.items()
        ]
        return json.dumps({"components": components})

    def references(self, kind: str, name: str) -> tuple[str, ...]:
        """What the registry is asked for: the `manifest` by tag or digest, the `signature` or `attestation` by tag."""
        image = self.images[name]
        if kind == "manifest":
            return (image.tag or "latest", image.digest)
        return (attached_tag(image.digest, {"signature": "sig", "attestation": "att"}[kind]),)

    def log_entries(self, kind: str, name: str) -> set[bytes]:
        """The entries that belong to an image's `signature` or `attestation`, whether the log has them or not."""
        return self._entries[name, kind]

    def _keep(self, name: str, kind: str, entry: bytes, *, logged: bool) -> None:
        self._entries[name, kind].add(entry)
        if logged:
            self._log.add(entry)

    def _attach(self, image: Published, kind: str, layer: SignatureLayer) -> None:
        repository = self._gate.repository(image.repository)
        try:
            existing = repository.manifest(attached_tag(image.digest, kind))[1]
        except UnexpectedAnswerError as error:
            if error.status != 404:
                raise
            existing = None
        artifact = attached(image.digest, kind, [layer], existing)
        for blob in artifact.blobs.values():
            repository.put_blob(blob)
        repository.put_manifest(artifact.manifest, _MANIFEST, tag=artifact.tag)
