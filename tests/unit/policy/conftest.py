"""Git servers and repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from repositories import REGO

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.git import GitServer, Repository
from refimpl.policy.sources.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def web(authority: Authority, tmp_path: Path) -> Iterator[Web]:
    web = Web({"SSL_CERT_FILE": str(authority.write(tmp_path / "ca.pem"))})
    yield web
    web.close()


@pytest.fixture
def server(authority: Authority) -> Iterator[GitServer]:
    with GitServer(tls=authority.server) as server:
        yield server


@pytest.fixture
def repository(server: GitServer) -> Repository:
    repository = Repository()
    repository.commit({"old.rego": REGO})
    repository.commit({"old.rego": None, "main.rego": REGO, "lib/deep/a.rego": b"deep"})
    server.add("p", repository)
    return repository


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    path = tmp_path / "destination"
    path.mkdir()
    return path
