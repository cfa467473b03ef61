"""What a bundle gets of a registry: each blob once, and none that has no room in it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.repository import Repository
from ec_acceptance.testbed.repro.archive import Blobs
from ec_acceptance.testbed.repro.servers import Moment, describe_servers
from ec_acceptance.testbed.servers.certificates import Authority

if TYPE_CHECKING:
    import pytest


def test_a_blob_without_room_is_named_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = Repository.blob

    def blob(self: Repository, digest: str) -> bytes:
        read.append(digest)
        return original(self, digest)

    monkeypatch.setattr(Repository, "blob", blob)
    with closing(EmbeddedRegistry()) as backend, Gate(backend) as gate:
        one, other = gate.repository("team/one"), gate.repository("team/other")
        small = one.put_blob(b"small")
        other.put_blob(b"small")
        large = one.put_blob(bytes(65 << 20))
        blobs = Blobs()
        moments = [Moment(gate, None, None, None, None, (), (), (), None, 0) for _ in range(2)]
        [described, _] = [describe_servers(each, Authority(), blobs)["registry"]["repositories"] for each in moments]
    assert read == [small]
    assert described["team/one"]["blobs"] == {small: small.partition(":")[2], large: None}
    assert described["team/other"]["blobs"] == {small: small.partition(":")[2]}
    assert blobs.left_out == [f"the blob {large}: {65 << 20} bytes"]
