"""Ports for validators that are servers."""

from __future__ import annotations

import random
import socket
from contextlib import closing
from typing import TYPE_CHECKING

from ec_acceptance.testbed.validator.service import free_port, reserve_port

if TYPE_CHECKING:
    import pytest


def test_a_port_is_reserved_for_one_and_a_server_can_listen_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = random.sample(range(20_000, 32_000), 100)
    monkeypatch.setattr(random, "sample", lambda *_: ports)
    with closing(reserve_port()) as one, closing(reserve_port()) as other:
        first, second = (reservation.getsockname()[1] for reservation in (one, other))
        assert first != second
        with socket.create_server(("127.0.0.1", first)), socket.create_server(("", second)):
            pass


def test_a_port_on_which_somebody_listens_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1]
        ports = [taken, *random.sample(range(20_000, 32_000), 100)]
        monkeypatch.setattr(random, "sample", lambda *_: ports)
        with closing(reserve_port()) as reservation:
            assert reservation.getsockname()[1] != taken


def test_the_former_name_gives_a_port_that_is_free() -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass
