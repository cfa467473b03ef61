"""Forms of layers, and what a registry may say of them."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import replace
from typing import Any

import pytest
from laboratory import MANIFESTS, Lab, descriptor_of
from shared_layers import ENTRY, FILES, OTHER, SEEN, SHARED, everything, flip, own, warnings_of

from ec_acceptance.testbed.fixtures.images import Layer
from ec_acceptance.testbed.gate.rules import Answer
from refimpl.errors import MalformedError, NotFoundError
from refimpl.layers.directory import Directory
from refimpl.layers.files import image_files
from refimpl.oci.descriptor import Manifest


def test_gone_at_the_registry(lab: Lab) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run:
        run.files(ref)
    lab.gate.add(Answer(404), kind="blob", reference=SHARED.digest)
    with lab.run() as run:
        assert run.files(ref) == SEEN


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_forms(lab: Lab, algorithm: str, compression: Any) -> None:
    layer = Layer.of(FILES, filler_size=300_000, compression=compression, algorithm=algorithm)
    ref = lab.image(layer)
    for _ in range(2):
        with lab.run() as run:
            assert run.files(ref) == SEEN
    assert lab.gets(layer) == 1
    assert list(lab.entries()) == [layer.digest.replace(":", "-")]


def test_an_unknown_algorithm_is_an_error(lab: Lab) -> None:
    odd = {**SHARED.descriptor(), "digest": f"md5:{'0' * 32}"}
    ref = lab.image(SHARED)
    manifest = json.dumps({"schemaVersion": 2, "layers": [odd]}).encode()
    with lab.run() as run, pytest.raises(MalformedError, match=f"unsupported digest algorithm: md5:{'0' * 32}"):
        image_files(
            run.layers, Manifest(descriptor_of(SHARED), manifest, json.loads(manifest)), ref.repository, MANIFESTS
        )
    assert lab.gets(SHARED) == 0


def test_urls_are_never_followed(lab: Lab) -> None:
    foreign = replace(SHARED, urls=(f"{lab.gate.url}/v2/acme/elsewhere/blobs/{SHARED.digest}",))
    lab.image(SHARED, name="acme/elsewhere")
    ref = lab.image(OTHER)
    with lab.run() as run, pytest.raises(NotFoundError):
        run.layers.read(ref.repository, descriptor_of(foreign), lambda stream: stream.read(1))
    assert not lab.gate.log.requests(repository="acme/elsewhere")


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be removed there")
def test_an_entry_that_is_removed_while_it_is_read(lab: Lab) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run:
        run.files(ref)
    with lab.run() as run:
        with run.layers.open(ref.repository, descriptor_of(SHARED)) as stream:
            data = stream.read(10)
            (lab.place / ENTRY).unlink()
            data += everything(stream)
        assert data == SHARED.data
        assert lab.gets(SHARED) == 1
        assert run.files(ref) == SEEN
    assert lab.gets(SHARED) == 2
    assert lab.entries() == {ENTRY: SHARED.data}


def test_a_missing_entry_is_no_trouble_and_an_unreadable_one_is_a_warning(
    lab: Lab, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = lab.image(SHARED)
    with lab.run() as run:
        assert run.files(ref) == SEEN
    assert warnings_of(caplog) == []

    def refuse(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with lab.run() as run:
        monkeypatch.setattr(Directory, "open_entry", refuse)
        assert run.files(ref) == SEEN
    assert warnings_of(caplog) == [f"unable to write to {lab.place}, layers are not cached: Input/output error"]
    assert lab.gets(SHARED) == 2


def test_the_counters_are_the_last_word(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "refimpl.layers")
    one, two = lab.image(SHARED, own(1)), lab.image(SHARED, own(2), name="acme/two")
    with lab.run() as run:
        run.files(one)
    flip(lab.place / ENTRY)
    with lab.run() as run:
        run.files(one)
        run.files(two)
    small, size = own(1).size, SHARED.size
    fetched = size + own(2).size
    assert [record.getMessage() for record in caplog.records if "layer cache:" in record.getMessage()] == [
        f"layer cache: hits=0 misses=2 coalesced=0 healed=0 bytes_fetched={size + small} bytes_saved=0",
        f"layer cache: hits=1 misses=2 coalesced=1 healed=1 bytes_fetched={fetched} bytes_saved={size + small}",
    ]
