from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clusters import fill

from ec_acceptance.testbed.servers.cluster import ClusterServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[ClusterServer]:
    with ClusterServer() as cluster:
        fill(cluster)
        yield cluster


@pytest.fixture
def config(server: ClusterServer, tmp_path: Path) -> Path:
    return server.kubeconfig(tmp_path / "config", namespace="ns")
