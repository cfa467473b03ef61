from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed import malformed
from ec_acceptance.testbed.bundles import READERS
from ec_acceptance.testbed.faults import WordsError
from ec_acceptance.testbed.images import Image
from ec_acceptance.testbed.placeholders import Known
from ec_acceptance.testbed.registry.digests import digest_of
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.gate import Gate
from ec_acceptance.testbed.registry.repository import Repository
from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READER = READERS["input.image.files"]


@pytest.fixture
def gate() -> Iterator[Gate]:
    backend = EmbeddedRegistry()
    with Gate(backend) as gate:
        yield gate
    backend.close()


@pytest.fixture
def stock(gate: Gate, tmp_path: Path) -> Stock:
    log = Log(KeyPair.derived("test", "log"))
    return Stock(
        log=log, gate=gate, known=Known(), keys=lambda name: KeyPair.derived("test", name), folder=tmp_path, seed="test"
    )


@pytest.mark.parametrize(
    "how",
    [
        "is no archive",
        "ends within its compression",
        "ends within a file",
        "fails its check sum",
        "has a damaged header between two files",
    ],
)
def test_an_unreadable_layer_is_what_its_digest_says_and_no_whole_archive(stock: Stock, gate: Gate, how: str) -> None:
    malformed.add_unreadable(stock, "acceptance/bad", how, READER)
    layer = stock.layer('the large layer of "bad"')
    data = gate.repository("acceptance/bad").blob(layer.digest)
    assert digest_of(data) == layer.digest
    with pytest.raises((OSError, EOFError, tarfile.TarError)):  # noqa: PT012  # wherever it is noticed
        plain = gzip.decompress(data)
        with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
            names = archive.getnames()
            if names[-1:] != ["filler/0"]:  # the standard library takes a damaged header for the end
                raise tarfile.ReadError(names)
            for name in names:
                file = archive.extractfile(name)
                assert file is not None
                file.read()


def test_a_claim_stands_in_the_configuration_alone(stock: Stock) -> None:
    malformed.add_claiming(stock, "acceptance/forged", "sha256:claimed", READER)
    image = stock.images["acceptance/forged"].content
    assert isinstance(image, Image)
    assert json.loads(image.config)["rootfs"]["diff_ids"] == [image.layers[0].diff_id, "sha256:claimed"]
    assert stock.layer('the large layer of "forged"').diff_id != "sha256:claimed"


def test_one_archive_packed_twice_has_two_digests(stock: Stock) -> None:
    malformed.add_packed_twice(stock, READER)
    first, second = stock.layer("first packing"), stock.layer("second packing")
    assert first.diff_id == second.diff_id
    assert first.digest != second.digest


def test_a_substitute_has_the_size_of_the_shared_layer(stock: Stock) -> None:
    stock.add_bundles("acceptance/bundle-1", 1, 1 << 20)
    malformed.add_substitute(stock)
    shared, other = stock.layer("shared layer"), stock.layer("substituted layer")
    assert shared.size == other.size
    assert shared.digest != other.digest


def test_a_layer_elsewhere_is_named_and_not_stored(stock: Stock, gate: Gate) -> None:
    layer = malformed.add_elsewhere(stock, "acceptance/far", "http://127.0.0.1/", READER)
    assert layer.descriptor()["urls"] == [f"http://127.0.0.1/{layer.digest}"]
    with pytest.raises(Exception, match="404"):
        gate.repository("acceptance/far").blob(layer.digest)


def test_an_unstorable_image_is_served_by_tag_and_digest(stock: Stock, gate: Gate) -> None:
    malformed.serve_unstorable(stock, gate, "acceptance/odd", "md5:0123", READER)
    for reference in ("latest", stock.images["acceptance/odd"].digest):
        manifest = json.loads(Repository.at(gate.url, "acceptance/odd").manifest(reference)[1])
        assert manifest["layers"][0]["digest"] == "md5:0123"


def test_with_another_algorithm_nothing_but_the_algorithm_is_wrong(stock: Stock, gate: Gate) -> None:
    digest = malformed.serve_of_algorithm(stock, gate, "acceptance/odd", "md5", READER)
    repository = Repository.at(gate.url, "acceptance/odd")
    [layer] = json.loads(repository.manifest("latest")[1])["layers"]
    data = repository.blob(digest)
    assert (layer["digest"], layer["size"]) == (digest, len(data))
    assert digest == f"md5:{hashlib.md5(data, usedforsecurity=False).hexdigest()}"
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        assert set(malformed.SHARED_FILES) <= set(archive.getnames())


def test_ways_to_be_unreadable_have_names(stock: Stock) -> None:
    with pytest.raises(WordsError, match="'smells'"):
        malformed.add_unreadable(stock, "acceptance/bad", "smells", READER)
