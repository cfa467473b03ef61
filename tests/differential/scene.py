"""What all cases share: a registry with signed and attested images, and the key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.fixtures.images import OLM_LABEL, Image, Index, Layer, publish
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.repository import Repository
from ec_acceptance.testbed.signing import (
    SLSA_V02,
    SLSA_V1,
    KeyPair,
    attach,
    provenance_v02,
    provenance_v1,
    seal,
    sign_image,
    statement,
    subject,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ec_acceptance.testbed.signing import Layer as AttachedLayer

__all__ = ["Scene"]

_SEED = "differential"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_OTHER_TYPE = "https://example.com/other/v1"
_NUMBERS = {"big": 12345678901234567890, "odd": 9007199254740993, "half": 1.50, "text": "<é&\u2028>", "none": None}


class Scene:
    """The same images in every run; only the registry's port differs.

    Args:
        folder: for the key's file.
    """

    def __init__(self, folder: Path) -> None:
        self._registry = EmbeddedRegistry()
        self._known = KeyPair.derive(_SEED, "known")
        self._other = KeyPair.derive(_SEED, "other")
        key = folder / "key.pub"
        key.write_text(self._known.public_pem, encoding="ascii")
        self._values = {"REGISTRY": self._registry.url.partition("//")[2], "KEY": str(key)}
        self._fill()

    def told(self, text: str) -> str:
        """The text with the scene's values for its placeholders."""
        for name, value in self._values.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def close(self) -> None:
        """Stop serving."""
        self._registry.close()

    def _fill(self) -> None:
        own = {name: self._image(name, number) for number, name in enumerate(("one", "two", "odd", "invalid"), 1)}
        for name, image in own.items():
            self._put(name, image)
            self._sign(name, image.digest)
        self._attest("one", own["one"].digest, _v02(own["one"].digest))
        self._attest("two", own["two"].digest, _other(own["two"].digest), _v02(own["two"].digest, year=2031))
        self._attest("odd", own["odd"].digest, _v1(own["odd"].digest), _v02(own["odd"].digest, year=2029))
        self._attest("invalid", own["invalid"].digest, _v02(own["invalid"].digest, builder=5))

        children = [
            Image.of([_layer(f"multi {arch}")], platform=("linux", arch)) for arch in ("amd64", "arm64", "s390x")
        ]
        index = Index.of(children)
        self._put("multi", index)
        for digest in (index.digest, *(child.digest for child in children[:2])):
            self._sign("multi", digest)
            self._attest("multi", digest, _v02(digest))

        for number, name in enumerate(("unsigned", "foreign", "bare"), 5):
            self._put(name, own.setdefault(name, self._image(name, number)))
        self._sign("foreign", own["foreign"].digest, self._other)
        self._attest("foreign", own["foreign"].digest, _v02(own["foreign"].digest))
        self._sign("bare", own["bare"].digest)
        self._values["DIGEST_absent"] = self._image("absent", 9).digest

    def _image(self, name: str, number: int) -> Image:
        files = {"manifests/a.yaml": b"kind: A\n", "manifests/b.json": b'{"b": [1.50, null]}'} if name == "two" else {}
        labels = {"n": str(number), "é": "<x>"} | ({OLM_LABEL: "manifests/"} if files else {})
        config = {"Env": ["A=b"], "Cmd": ["x"], "ExposedPorts": {"80/tcp": {}}} if name == "one" else {}
        return Image.of([_layer(name, files)], labels=labels, config=config)

    def _put(self, name: str, content: Image | Index) -> None:
        for tag in ("latest", "other"):
            publish(content, self._repository(name), tag)
        self._values[f"DIGEST_{name}"] = content.digest

    def _sign(self, name: str, digest: str, key: KeyPair | None = None) -> None:
        signature = sign_image(digest, key or self._known, reference=f"registry.example/acme/{name}")
        self._attach(name, digest, "sig", [signature.layer()])

    def _attest(self, name: str, digest: str, *statements: tuple[str, bytes]) -> None:
        key = self._other if name == "foreign" else self._known
        self._attach(name, digest, "att", [seal(payload, [key]).layer(kind) for kind, payload in statements])

    def _attach(self, name: str, digest: str, kind: str, layers: Sequence[AttachedLayer]) -> None:
        def push(_name: str, tag: str, manifest: bytes, blobs: Mapping[str, bytes]) -> None:
            for blob in blobs.values():
                self._repository(name).put_blob(blob)
            self._repository(name).put_manifest(manifest, _MANIFEST, tag=tag)

        attach(digest, kind, layers).push(name, push)

    def _repository(self, name: str) -> Repository:
        return Repository(self._registry.handle, f"acme/{name}")


def _layer(name: str, files: Mapping[str, bytes] | None = None) -> Layer:
    return Layer.of({"etc/name": name.encode(), **(files or {})})


def _v02(digest: str, *, year: int = 2030, builder: Any = None) -> tuple[str, bytes]:
    predicate = provenance_v02(name="registry.example/acme/app", digest=digest)
    predicate["metadata"]["buildFinishedOn"] = f"{year}-01-01T00:00:00Z"
    if builder is not None:
        predicate["builder"]["id"] = builder
    return SLSA_V02, statement(SLSA_V02, predicate, [subject(digest, "app")])


def _v1(digest: str) -> tuple[str, bytes]:
    predicate = provenance_v1(name="registry.example/acme/app", digest=digest)
    return SLSA_V1, statement(SLSA_V1, predicate, [subject(digest, "app")])


def _other(digest: str) -> tuple[str, bytes]:
    return _OTHER_TYPE, json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": _OTHER_TYPE,
            "subject": [subject(digest, "app")],
            "predicate": _NUMBERS,
        },
        ensure_ascii=False,
    ).encode()
