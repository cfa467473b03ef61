"""Clients, and a registry with an image behind a gate."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from registries import IMAGE, QUICK, SECONDS, Connect

from ec_acceptance.testbed.fixtures.images import publish
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from refimpl.deadline import Deadline
from refimpl.oci.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refimpl.http.retry import Retry


@pytest.fixture
def client_of() -> Iterator[Connect]:
    made: list[Client] = []

    def make(environ: dict[str, str] | None = None, seconds: float | None = SECONDS, retry: Retry = QUICK) -> Client:
        made.append(Client(deadline=Deadline(seconds), retry=retry, environ=environ or {}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    with closing(Gate(EmbeddedRegistry())) as made:
        publish(IMAGE, made.repository("acme/app"), "v1")
        yield made
