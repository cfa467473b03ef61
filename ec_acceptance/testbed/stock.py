"""What a scenario made: keys, images, and the signatures and attestations beside them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import yaml

from ec_acceptance.testbed.faults import Thing, WordsError
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
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from ec_acceptance.testbed.placeholders import Known
    from ec_acceptance.testbed.registry.gate import Gate
    from ec_acceptance.testbed.rekor import Log
    from ec_acceptance.testbed.signing import KeyPair
    from ec_acceptance.testbed.signing import Layer as SignatureLayer

__all__ = ["Stock", "component"]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_NAMESPACE = "acceptance/"
_READABLE = (".json", ".yaml", ".yml")
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
        self.files: dict[str, Mapping[str, Any]] = {}
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
        self,
        name: str,
        layers: Mapping[str, Layer] | None = None,
        labels: Mapping[str, str] | None = None,
        files: Mapping[str, Any] | None = None,
        claims: Mapping[int, str] | None = None,
    ) -> Published:
        """Make an image and push it as `latest`; its layers by the names that assertions use.

        `files` are those that policies see of it, by path: the data that is in them. `claims` are diffIDs that its
        configuration tells instead of the true ones, by the layer's number.
        """
        if layers is None:
            layers = {f"layer of {name}": Layer.of({"etc/image": f"{self._seed} {name}\n".encode()})}
        image = publish(
            Image.of(list(layers.values()), labels=labels, claimed_diff_ids=claims), self._gate.repository(name)
        )
        self.images[name] = image
        self.files[name] = files or {}
        self.layers |= {title: layer.digest for title, layer in layers.items()}
        self._known.add(f"digest of {name}", image.digest)
        return image

    def add_bundle(self, name: str, files: Mapping[str, str], *, labelled: bool = True) -> Published:
        """Make an image with these files in one layer, labelled as an OLM bundle with its files in `manifests/`."""
        content = {path: text.encode() for path, text in files.items()}
        layer = Layer.of(content, seed=self._seed)
        return self.add_image(
            name, {f"layer of {name}": layer}, _LABELS if labelled else None, files=_readable(content)
        )

    def add_bundles(self, first: str, count: int, size: int, *, labelled: bool = True) -> list[str]:
        """Make bundles that share a layer of about `size` bytes and have a small one each; their names, numbered on.

        The shared layer is the last, so it is read first. Its files stand between incompressible filler: a cut can
        fall inside of data and between files. Without the label nothing but a policy asks for files.
        """
        stem, _, number = first.rpartition("-")
        common = {
            "manifests/shared-first.json": b'{"shared": "first"}',
            "manifests/shared-last.yaml": b"shared: last\n",
        }
        shared = Layer.of(common, filler_size=size, seed=f"{self._seed} shared")
        names = [f"{stem}-{int(number) + offset}" for offset in range(count)]
        for name in names:
            own = {"manifests/own.json": json.dumps({"image": name}).encode()}
            layers = {f"own layer of {name}": Layer.of(own), "shared layer": shared}
            self.add_image(name, layers, _LABELS if labelled else None, files=_readable({**own, **common}))
        return names

    def sign(self, name: str, key: str, *, logged: bool) -> None:
        """Sign an image by a key; `logged` with an entry in the transparency log, which no annotation tells of."""
        image, pair = self.images[name], self.keys[key]
        signature = sign_image(image.digest, pair, reference=f"{self._gate.address}/{name}")
        entry = hashedrekord(signature.payload, signature.signature, pair.public_pem)
        self._keep(name, "signature", entry, logged=logged)
        self._known.add(f"signature of {name} by {key}", signature.encoded)
        self._attach(image, "sig", signature.layer())

    def attest(self, name: str, key: str, *, logged: bool, materials: Sequence[Mapping[str, Any]] = ()) -> None:
        """Attest SLSA provenance 0.2 of an image by a key, with these materials besides the usual ones."""
        image, pair = self.images[name], self.keys[key]
        reference = f"{self._gate.address}/{name}"
        predicate = provenance_v02(name=reference, digest=image.digest)
        predicate["materials"] += materials
        envelope = seal(statement(SLSA_V02, predicate, [subject(image.digest, reference)]), [pair])
        self._keep(name, "attestation", dsse(envelope.content, pair.public_pem), logged=logged)
        self._known.add(f"attestation of {name} by {key}", envelope.signatures[0].encoded)
        self._attach(image, "att", envelope.layer(SLSA_V02))

    def attached(self, name: str, kind: str, make: Callable[[str, str, Log], SignatureLayer]) -> None:
        """Attach a layer to an image's signatures (`kind` "sig") or attestations ("att").

        `make` gets the image's digest, its repository with the registry's address, and the transparency log.
        """
        image = self.images[name]
        self._attach(image, kind, make(image.digest, f"{self._gate.address}/{name}", self._log))

    def sign_all(self, key: str) -> None:
        """Sign and attest every image that isn't signed yet, with log entries."""
        for name in self.images:
            if (name, "signature") not in self._entries:
                self.sign(name, key, logged=True)
                self.attest(name, key, logged=True)

    def snapshot(self, names: Iterable[str] | None = None) -> str:
        """All images, or these in this order, as the JSON of `--json-input`, each named after its repository."""
        components = [
            {"name": component(name), "containerImage": self.images[name].tagged(self._gate.address)}
            for name in (self.images if names is None else map(self.full_name, names))
        ]
        return json.dumps({"components": components})

    def full_name(self, name: str) -> str:
        """An image's repository; scenarios may leave out `acceptance/`."""
        found = name if name in self.images else f"{_NAMESPACE}{name}"
        if found not in self.images:
            raise LookupError(f"there is no image {name!r}; there are {sorted(self.images)}")
        return found

    def layer(self, title: str) -> Layer:
        """A layer by the name that assertions use, or by what scenarios call it (`thing`)."""
        digest = self.layers[title] if title in self.layers else self.thing(title).digest
        return next(layer for image in self.images.values() for layer in image.layers if layer.digest == digest)

    def thing(self, title: str) -> Thing:
        """What scenarios call `the shared layer`, `the own layer of "bundle-1"`, `the configuration of "bundle-1"`.

        `the manifest of "bundle-1"` is the one by digest.
        """
        found = re.fullmatch(r'the (?P<what>[^"]+?)(?: of "(?P<image>[^"]+)")?', title)
        name = self.full_name(found["image"]) if found and found["image"] else ""
        layer = f"{found['what']} of {name}" if found and name else found["what"] if found else ""
        if layer in self.layers:
            stored = self.layer(layer)
            return Thing(title, "blob", stored.digest, stored.data, stored.boundaries)
        if found and name and isinstance(content := self.images[name].content, Image):
            if found["what"] == "configuration":
                return Thing(title, "blob", content.config_digest, content.config, repository=name)
            if found["what"] == "manifest":
                return Thing(title, "manifest", content.digest, content.manifest, repository=name)
        raise WordsError(f"there is no {title!r}; the layers are {sorted(self.layers)}")

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


def component(name: str) -> str:
    """What the component of an image is called in snapshots: the last part of its repository."""
    return name.rpartition("/")[2]


def _readable(content: Mapping[str, bytes]) -> dict[str, Any]:
    """The files that a policy sees of a bundle with this content."""
    return {
        path: yaml.safe_load(data)
        for path, data in content.items()
        if path.startswith("manifests/") and path.endswith(_READABLE)
    }
