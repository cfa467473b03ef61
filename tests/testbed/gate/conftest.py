"""A registry with one blob, and a gate in front of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from wire import DATA

from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def backend() -> Iterator[EmbeddedRegistry]:
    registry = EmbeddedRegistry()
    yield registry
    registry.close()


@pytest.fixture
def gate(backend: EmbeddedRegistry) -> Iterator[Gate]:
    with Gate(backend) as gate:
        gate.repository("a").put_blob(DATA)
        yield gate


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool
