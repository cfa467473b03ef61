"""What one client was told another one doesn't ask for again."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from registries import IMAGE, LAYER, Connect, ref_at

from ec_acceptance.testbed.fixtures.images import Image, Index, Layer, publish
from ec_acceptance.testbed.gate.rules import Answer
from refimpl.commands.dask import manifests
from refimpl.commands.dask.manifests import look_up
from refimpl.errors import StatusError
from refimpl.oci.answers import Answers

if TYPE_CHECKING:
    from ec_acceptance.testbed.gate.gate import Gate
    from refimpl.oci.client import Client
    from refimpl.oci.reference import Reference


def _manifests_asked(gate: Gate) -> list[str]:
    return [f"{one.method} {one.reference}" for one in gate.log.requests(kind="manifest") if one.method != "PUT"]


def _learnt(client_of: Connect, ref: Reference) -> tuple[Client, tuple[tuple[str, int], ...]]:
    """A client that was told what another one was, as it travels."""
    answers, layers = look_up(client_of(), ref)
    client = client_of()
    told: Answers = pickle.loads(pickle.dumps(answers))  # noqa: S301 - made here
    client.learn(told)
    return client, layers


def test_what_was_read_is_not_asked_for_again(gate: Gate, client_of: Connect) -> None:
    ref = ref_at(gate.address)
    client, layers = _learnt(client_of, ref)
    assert layers == ((LAYER.digest, LAYER.size),)
    asked = _manifests_asked(gate)
    assert asked == ["HEAD v1", f"GET {IMAGE.digest}"]
    pinned = ref.at(client.head(ref).digest)
    assert client.image(pinned).raw == IMAGE.manifest
    assert client.head(pinned).digest == IMAGE.digest
    assert _manifests_asked(gate) == asked


def test_of_an_index_both_travel(gate: Gate, client_of: Connect) -> None:
    layers = [Layer.of({"large": bytes(5000)}), Layer.of({"small": b"x"})]
    image = Image.of(layers)
    index = Index.of([image])
    publish(index, gate.repository("acme/app"), "index")
    ref = ref_at(gate.address, ":index")
    client, found = _learnt(client_of, ref)
    assert found == tuple((layer.digest, layer.size) for layer in layers)
    asked = _manifests_asked(gate)
    pinned = ref.at(client.head(ref).digest)
    assert client.manifest(pinned).raw == index.manifest
    assert client.image(pinned).digest == image.digest
    assert _manifests_asked(gate) == asked


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_failure_is_met_once_and_then_it_is_asked_again(gate: Gate, client_of: Connect, method: str) -> None:
    gate.add(Answer(500), kind="manifest", method=method, nth=range(1, 4))  # as often as it is tried
    ref = ref_at(gate.address)
    client, layers = _learnt(client_of, ref)
    asked = _manifests_asked(gate)
    assert not layers
    with pytest.raises(StatusError):
        client.image(ref.at(client.head(ref).digest))
    assert _manifests_asked(gate) == asked
    assert client.image(ref.at(client.head(ref).digest)).raw == IMAGE.manifest


def test_a_failure_of_what_is_known_is_forgotten(gate: Gate, client_of: Connect) -> None:
    ref = ref_at(gate.address)
    client = client_of()
    client.image(ref.at(client.head(ref).digest))
    client.learn(Answers(failures=((("head", str(ref)), StatusError("told", 500)),)))
    assert client.head(ref).digest == IMAGE.digest
    assert not client._failures


def test_large_manifests_stay(gate: Gate, client_of: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "_LARGEST", 2 * len(IMAGE.manifest) - 1)
    answers, _ = look_up(client_of(), ref_at(gate.address))
    assert [raw for *_, raw in answers.manifests] == [IMAGE.manifest]
    monkeypatch.setattr(manifests, "_LARGEST", len(IMAGE.manifest) - 1)
    answers, layers = look_up(client_of(), ref_at(gate.address))
    assert (answers.manifests, layers) == ((), ((LAYER.digest, LAYER.size),))


def test_the_largest_layers_tell_what_an_image_is_like(gate: Gate, client_of: Connect) -> None:
    layers = [Layer.of({"a": bytes(size)}) for size in range(1000, 15_000, 1024)]
    publish(Image.of(layers), gate.repository("acme/app"), "many")
    _, found = look_up(client_of(), ref_at(gate.address, ":many"))
    assert {digest for digest, _ in found} == {layer.digest for layer in sorted(layers, key=lambda one: -one.size)[:8]}
