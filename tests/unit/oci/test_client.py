"""The client reads images with few requests and keeps its connections."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from registries import CONFIG, IMAGE, LAYER, Connect, ref_at

from ec_acceptance.testbed.gate.rules import Close, Reset
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.errors import NotFoundError, TransferError

if TYPE_CHECKING:
    from ec_acceptance.testbed.gate.gate import Gate


def test_reads_an_image_with_few_requests(gate: Gate, client_of: Connect) -> None:
    client = client_of()
    ref = ref_at(gate.address)
    head = client.head(ref)
    assert (head.digest, head.size, head.media_type) == (IMAGE.digest, len(IMAGE.manifest), IMAGE.media_type)
    pinned = ref.at(head.digest)
    for _ in range(3):
        assert client.manifest(pinned).raw == IMAGE.manifest
        assert client.image(pinned).layers[0].digest == LAYER.digest
        assert client.head(pinned) == client.head(ref)
        assert client.blob(ref.repository, CONFIG) == IMAGE.config
        assert client.referrers(pinned) == ()
    with client.open_blob(ref.repository, client.image(pinned).layers[0]) as stream:
        assert b"".join(iter(lambda: stream.read(1000), b"")) == LAYER.data
    asked = [(exchange.method, exchange.kind) for exchange in gate.log.requests() if exchange.method in {"GET", "HEAD"}]
    assert asked == [
        ("GET", "ping"),
        ("HEAD", "manifest"),
        ("GET", "manifest"),
        ("GET", "blob"),
        ("GET", "referrers"),
        ("GET", "blob"),
    ]


def test_connections_are_kept(client_of: Connect) -> None:
    registry = EmbeddedRegistry()
    connections: set[str] = set()

    def handle(request: Request) -> Response:
        connections.add(threading.current_thread().name)
        return registry.handle(request)

    with closing(registry), Server(handle) as server:
        ref = ref_at(server.address)
        client = client_of()
        for number in range(5):
            with pytest.raises(NotFoundError):
                client.manifest(ref.with_tag(f"t{number}"))
            with pytest.raises(NotFoundError):
                client.head(ref.with_tag(f"t{number}"))
    assert len(connections) == 1


def test_a_kept_connection_that_the_server_closed_is_no_error(gate: Gate, client_of: Connect) -> None:
    client = client_of()
    ref = ref_at(gate.address)
    client.head(ref)
    gate.add(Close(at=None), kind="manifest", method="GET", nth=1)
    assert client.manifest(ref).raw == IMAGE.manifest


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("fault", [Reset(at=None), Close(at=None)], ids=repr)
def test_one_break_before_the_answer_is_repeated_at_once(
    gate: Gate, client_of: Connect, method: str, fault: Any
) -> None:
    gate.add(fault, kind="manifest", method=method, nth=1)
    client = client_of()
    ref = ref_at(gate.address)
    assert (client.head(ref).digest if method == "HEAD" else client.manifest(ref).digest) == IMAGE.digest


def test_a_lasting_break_is_an_error(gate: Gate, client_of: Connect) -> None:
    gate.add(Reset(at=None), kind="manifest", method="GET")
    with pytest.raises(TransferError, match=r'^Get "http://127.0.0.1:\d+/v2/acme/app/manifests/v1": '):
        client_of().manifest(ref_at(gate.address))
