"""Images that share layers, and the policies that read their files: what the scenarios of the layer cache are made of.

Each image `bundle-N` has three files that the policy demands: one in a small layer of its own, two in what it shares.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.images import OLM_LABEL, Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ec_acceptance.testbed.registry.log import Exchange
    from ec_acceptance.testbed.stock import Stock

__all__ = ["READERS", "Reader", "add_apart", "add_opposed", "add_repeating", "add_sharing", "seen"]

_SIZE = 2 << 20
_LABELS = {OLM_LABEL: "manifests/"}
_FIRST: dict[str, bytes] = {"manifests/shared-first.json": b'{"shared": "first"}'}
_LAST: dict[str, bytes] = {"manifests/shared-last.yaml": b"shared: last\n"}


@dataclass(frozen=True, slots=True)
class Reader:
    """A way in which policies get at the files of images.

    `policy` is the example that does so. With `labelled` the images carry the label that makes the validator put their
    files into the policy's input; `early` says that this happens before signatures are looked for.
    """

    name: str
    policy: str
    labelled: bool
    early: bool

    def past_files(self, exchange: Exchange) -> bool:
        """Whether who asks this has read the image's files.

        That is so when it looks for signatures after the files, and when the policy `witness` has seen them.
        """
        if exchange.kind == "manifest" and exchange.reference.startswith("seen-"):
            return True
        attached = exchange.kind == "manifest" and exchange.reference.startswith("sha256-")
        return self.early and (attached or exchange.kind == "referrers")


READERS = {
    reader.name: reader
    for reader in (
        Reader("input.image.files", "manifest_files_input.rego", labelled=True, early=True),
        Reader("ec.oci.image_files", "manifest_files_builtin.rego", labelled=False, early=False),
        Reader("both", "manifest_files_both.rego", labelled=True, early=True),
    )
}
"""By the name that scenarios use."""


def seen(files: Mapping[str, Any]) -> str:
    """What the example policies say about these files, by path, when they saw them all and nothing else."""
    text = json.dumps(dict(sorted(files.items())), separators=(",", ":"), sort_keys=True)
    return f"{len(files)} files, hash {hashlib.sha256(text.encode()).hexdigest()}"


def add_sharing(stock: Stock, count: int, reader: Reader) -> None:
    """`count` images that share the layer `shared layer`, which is last and so is read first."""
    stock.add_bundles("acceptance/bundle-1", count, _SIZE, labelled=reader.labelled)


def add_opposed(stock: Stock, reader: Reader) -> None:
    """Two images with the layers `first shared layer` and `second shared layer`, in opposite orders."""
    first = Layer.of(_FIRST, filler_size=_SIZE, seed="first")
    second = Layer.of(_LAST, filler_size=_SIZE, seed="second")
    one = {"first shared layer": first, "second shared layer": second}
    _add(stock, "acceptance/bundle-1", one, reader)
    _add(stock, "acceptance/bundle-2", dict(reversed(one.items())), reader)


def add_repeating(stock: Stock, reader: Reader) -> None:
    """An image that has the layer `shared layer` twice, its own between the two."""
    shared = Layer.of({**_FIRST, **_LAST}, filler_size=_SIZE, seed="repeated")
    _add(stock, "acceptance/bundle-1", {"shared layer": shared}, reader, again=shared)


def add_apart(stock: Stock, name: str, reader: Reader) -> None:
    """An image that shares no layer with another one."""
    layer = Layer.of({**_FIRST, **_LAST}, filler_size=_SIZE, seed=name)
    _add(stock, name, {f"large layer of {name}": layer}, reader)


def _add(stock: Stock, name: str, shared: Mapping[str, Layer], reader: Reader, again: Layer | None = None) -> None:
    own = {"image": name}
    layers = {
        **({"shared layer, below": again} if again else {}),
        f"own layer of {name}": Layer.of({"manifests/own.json": json.dumps(own).encode()}),
        **shared,
    }
    files = {
        "manifests/own.json": own,
        "manifests/shared-first.json": {"shared": "first"},
        "manifests/shared-last.yaml": {"shared": "last"},
    }
    stock.add_image(name, layers, _LABELS if reader.labelled else None, files=files)
