"""Images that lie, are damaged where they come from, or have layers of other forms; all have the files of `bundles`.

Their large layers have the same file names as those of other images, and other contents where that is to be told.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

import yaml

from ec_acceptance.testbed.archive import gzip, tar
from ec_acceptance.testbed.faults import WordsError
from ec_acceptance.testbed.images import OLM_LABEL, Image, Layer, Published, filler
from ec_acceptance.testbed.registry.digests import digest_of
from ec_acceptance.testbed.registry.rules import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ec_acceptance.testbed.bundles import Reader
    from ec_acceptance.testbed.images import Compression
    from ec_acceptance.testbed.registry.gate import Gate
    from ec_acceptance.testbed.stock import Stock

__all__ = [
    "SHARED_FILES",
    "add_claiming",
    "add_elsewhere",
    "add_large",
    "add_large_file",
    "add_of_form",
    "add_packed_twice",
    "add_substitute",
    "add_unreadable",
    "serve_of_algorithm",
    "serve_unstorable",
    "substitute",
]

SHARED_FILES: dict[str, bytes] = {
    "manifests/shared-first.json": b'{"shared": "first"}',
    "manifests/shared-last.yaml": b"shared: last\n",
}
"""Of the same names and sizes as those of `Stock.add_bundles`."""

_OTHER_FILES = {"manifests/shared-first.json": b'{"shared": "worst"}', "manifests/shared-last.yaml": b"shared: lost\n"}
_WORDS = ((b'"first"', b'"worst"'), (b"shared: last\n", b"shared: lost\n"))
_SIZE = 1 << 20
_LABELS = {OLM_LABEL: "manifests/"}
_TAR_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"


def add_of_form(stock: Stock, count: int, reader: Reader, compression: Compression, algorithm: str) -> None:
    """`count` images `bundle-N` that share a layer of this form, called `shared layer`."""
    seed = f"{compression} {algorithm}"
    shared = Layer.of(SHARED_FILES, filler_size=_SIZE, seed=seed, compression=compression, algorithm=algorithm)
    for number in range(1, count + 1):
        _add(stock, f"acceptance/bundle-{number}", {"shared layer": shared}, SHARED_FILES, reader)


def add_elsewhere(stock: Stock, name: str, prefix: str, reader: Reader) -> Layer:
    """An image whose `large layer` has a URL, `prefix` and its digest, and isn't put into the registry with it."""
    digest = Layer.of(SHARED_FILES, filler_size=_SIZE, seed=name).digest
    layer = Layer.of(SHARED_FILES, filler_size=_SIZE, seed=name, urls=[prefix + digest])
    _add(stock, name, {f"large layer of {name}": layer}, SHARED_FILES, reader)
    return layer


def add_claiming(stock: Stock, name: str, diff_id: str, reader: Reader) -> None:
    """An image whose configuration claims that its `large layer` has this diffID; what it has are other files."""
    layer = Layer.of(_OTHER_FILES, filler_size=_SIZE, seed=name)
    _add(stock, name, {f"large layer of {name}": layer}, _OTHER_FILES, reader, claims={1: diff_id})


def add_packed_twice(stock: Stock, reader: Reader) -> None:
    """Two images with layers `first packing` and `second packing`: one archive, compressed in two ways."""
    for title, name, level in (("first packing", "bundle-1", 0), ("second packing", "bundle-2", 6)):
        layer = Layer.of(SHARED_FILES, filler_size=_SIZE, seed="packed", level=level)
        _add(stock, f"acceptance/{name}", {title: layer}, SHARED_FILES, reader)


def add_substitute(stock: Stock) -> None:
    """An image with the layer `substituted layer`: as large as the shared layer, as valid, and with other content."""
    shared = stock.layer("shared layer")
    stock.add_image("acceptance/substitute", {"substituted layer": _stored(substitute(shared.data), b"")})


def substitute(data: bytes) -> bytes:
    """A tar, or one in gzip's stored blocks, with other words in the files that policies see, and all else in order.

    Raises:
        WordsError: the words don't stand there as they are.
    """
    if _WORDS[0][0] not in data:
        raise WordsError("the content can't be exchanged: it doesn't show")
    changed = _exchanged(data)
    if not data.startswith(b"\x1f\x8b"):
        return changed
    check = zlib.crc32(_exchanged(zlib.decompress(data, zlib.MAX_WBITS | 16)))
    return changed[:-8] + check.to_bytes(4, "little") + changed[-4:]


def add_unreadable(stock: Stock, name: str, how: str, reader: Reader) -> None:
    """An image whose `large layer` has the digest and the size that it should, and yet can't be read whole.

    Raises:
        WordsError: `how` means nothing.
    """
    data, ends = tar({**SHARED_FILES, "filler/0": filler(name, _SIZE)})
    packed, _ = gzip(data)
    match how:
        case "is no archive":
            stored = filler(name, 4096)
        case "ends within its compression":
            stored = packed[: len(packed) * 2 // 3]
        case "ends within a file":
            stored = gzip(data[: ends[2] - 1000])[0]
        case "fails its check sum":
            stored = packed[:-8] + (zlib.crc32(data) ^ 1).to_bytes(4, "little") + packed[-4:]
        case "has a damaged header between two files":
            stored = gzip(data[: ends[0]] + filler(name, 512) + data[ends[0] :])[0]
        case _:
            raise WordsError(f"there is no layer that {how!r}")
    _add(stock, name, {f"large layer of {name}": _stored(stored, data)}, SHARED_FILES, reader)


def add_large(stock: Stock, name: str, size: int, reader: Reader) -> None:
    """An image with a `large layer` of about `size` bytes; they repeat, so that they are quickly made."""
    block = filler(name, min(size, 1 << 20))
    layer = Layer.of({"filler/0": block * (size // len(block)), **SHARED_FILES})
    _add(stock, name, {f"large layer of {name}": layer}, SHARED_FILES, reader)


def add_large_file(stock: Stock, name: str, size: int, reader: Reader) -> None:
    """An image one of whose files, which policies are to see, has `size` bytes; compressed it is small."""
    layer = Layer.of({**SHARED_FILES, "manifests/large.json": b'"' + b"x" * (size - 2) + b'"'}, level=1)
    _add(stock, name, {f"large layer of {name}": layer}, SHARED_FILES, reader)


def serve_of_algorithm(stock: Stock, gate: Gate, name: str, algorithm: str, reader: Reader) -> str:
    """An image whose layer is named by its digest of an algorithm that no registry uses; the gate serves both.

    Nothing but the algorithm is wrong. The digest is given back.
    """
    data = Layer.of(SHARED_FILES).data
    digest = f"{algorithm}:{hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()}"
    headers = (("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", digest))
    for method in ("GET", "HEAD"):
        gate.add(Answer(200, headers, data), method=method, kind="blob", repository=name, reference=digest)
    serve_unstorable(stock, gate, name, digest, reader)
    return digest


def serve_unstorable(stock: Stock, gate: Gate, name: str, digest: str, reader: Reader) -> None:
    """An image whose layer is named by a digest that no registry would store; the gate tells of it nevertheless."""
    data = Layer.of(SHARED_FILES).data
    layer = Layer(_TAR_GZIP, digest, len(data), digest_of(data), data)
    image = Image.of([layer], labels=_LABELS if reader.labelled else None)
    gate.repository(name).put_blob(image.config)
    headers = (("Content-Type", image.media_type), ("Docker-Content-Digest", image.digest))
    for reference in ("latest", image.digest):
        for method in ("GET", "HEAD"):
            gate.add(
                Answer(200, headers, image.manifest),
                method=method,
                kind="manifest",
                repository=name,
                reference=reference,
            )
    stock.images[name] = Published(name, "latest", image.digest, image)
    stock.files[name] = {}


def _stored(data: bytes, archive: bytes) -> Layer:
    return Layer(_TAR_GZIP, digest_of(data), len(data), digest_of(archive), data)


def _exchanged(data: bytes) -> bytes:
    for old, new in _WORDS:
        data = data.replace(old, new)
    return data


def _add(
    stock: Stock,
    name: str,
    large: Mapping[str, Layer],
    files: Mapping[str, bytes],
    reader: Reader,
    claims: Mapping[int, str] | None = None,
) -> None:
    own = {"image": name}
    seen: dict[str, Any] = {path: yaml.safe_load(data) for path, data in files.items()}
    stock.add_image(
        name,
        {f"own layer of {name}": Layer.of({"manifests/own.json": json.dumps(own).encode()}), **large},
        _LABELS if reader.labelled else None,
        files={"manifests/own.json": own, **seen},
        claims=claims,
    )
