"""Forms of layers, and what a registry may say of them."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import replace
from typing import Any

import pytest
from layers_testbed import MANIFESTS, LayersTestbed, descriptor_of
from shared_layers import ENTRY, FILES, OTHER, SEEN, SHARED, everything, flip, own, warnings_of

from ec_acceptance.testbed.fixtures.images import Layer
from ec_acceptance.testbed.gate.rules import Answer
from refimpl.errors import MalformedError, NotFoundError
from refimpl.layers.directory import Directory
from refimpl.layers.files import image_files
from refimpl.oci.descriptor import Manifest


def test_gone_at_the_registry(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    with testbed.run() as run:
        run.files(ref)
    testbed.gate.add(Answer(404), kind="blob", reference=SHARED.digest)
    with testbed.run() as run:
        assert run.files(ref) == SEEN


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_forms(testbed: LayersTestbed, algorithm: str, compression: Any) -> None:
    layer = Layer.of(FILES, filler_size=300_000, compression=compression, algorithm=algorithm)
    ref = testbed.image(layer)
    for _ in range(2):
        with testbed.run() as run:
            assert run.files(ref) == SEEN
    assert testbed.gets(layer) == 1
    assert list(testbed.entries()) == [layer.digest.replace(":", "-")]


def test_an_unknown_algorithm_is_an_error(testbed: LayersTestbed) -> None:
    odd = {**SHARED.descriptor(), "digest": f"md5:{'0' * 32}"}
    ref = testbed.image(SHARED)
    manifest = json.dumps({"schemaVersion": 2, "layers": [odd]}).encode()
    with testbed.run() as run, pytest.raises(MalformedError, match=f"unsupported digest algorithm: md5:{'0' * 32}"):
        image_files(
            run.layers, Manifest(descriptor_of(SHARED), manifest, json.loads(manifest)), ref.repository, MANIFESTS
        )
    assert testbed.gets(SHARED) == 0


def test_urls_are_never_followed(testbed: LayersTestbed) -> None:
    foreign = replace(SHARED, urls=(f"{testbed.gate.url}/v2/acme/elsewhere/blobs/{SHARED.digest}",))
    testbed.image(SHARED, name="acme/elsewhere")
    ref = testbed.image(OTHER)
    with testbed.run() as run, pytest.raises(NotFoundError):
        run.layers.read(ref.repository, descriptor_of(foreign), lambda stream: stream.read(1))
    assert not testbed.gate.log.requests(repository="acme/elsewhere")


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be removed there")
def test_an_entry_that_is_removed_while_it_is_read(testbed: LayersTestbed) -> None:
    ref = testbed.image(SHARED)
    with testbed.run() as run:
        run.files(ref)
    with testbed.run() as run:
        with run.layers.open(ref.repository, descriptor_of(SHARED)) as stream:
            data = stream.read(10)
            (testbed.place / ENTRY).unlink()
            data += everything(stream)
        assert data == SHARED.data
        assert testbed.gets(SHARED) == 1
        assert run.files(ref) == SEEN
    assert testbed.gets(SHARED) == 2
    assert testbed.entries() == {ENTRY: SHARED.data}


def test_a_missing_entry_is_no_trouble_and_an_unreadable_one_is_a_warning(
    testbed: LayersTestbed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = testbed.image(SHARED)
    with testbed.run() as run:
        assert run.files(ref) == SEEN
    assert warnings_of(caplog) == []

    def refuse(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with testbed.run() as run:
        monkeypatch.setattr(Directory, "open_entry", refuse)
        assert run.files(ref) == SEEN
    assert warnings_of(caplog) == [f"unable to write to {testbed.place}, layers are not cached: Input/output error"]
    assert testbed.gets(SHARED) == 2


def test_the_counters_are_the_last_word(testbed: LayersTestbed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "refimpl.layers")
    one, two = testbed.image(SHARED, own(1)), testbed.image(SHARED, own(2), name="acme/two")
    with testbed.run() as run:
        run.files(one)
    flip(testbed.place / ENTRY)
    with testbed.run() as run:
        run.files(one)
        run.files(two)
    small, size = own(1).size, SHARED.size
    fetched = size + own(2).size
    assert [record.getMessage() for record in caplog.records if "layer cache:" in record.getMessage()] == [
        f"layer cache: hits=0 misses=2 coalesced=0 repaired=0 bytes_fetched={size + small} bytes_saved=0",
        f"layer cache: hits=1 misses=2 coalesced=1 repaired=1 bytes_fetched={fetched} bytes_saved={size + small}",
    ]
