from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from sessions import Session

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.http import Response, Server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_is_trusted_under_its_loopback_names(authority: Authority, tmp_path: Path, host: str) -> None:
    ca_file = authority.write(tmp_path / "ca.pem")
    with (
        Server(lambda _: Response(200), tls=authority.server) as server,
        Session(ca_file) as session,
    ):
        assert session.ask("GET", f"https://{host}:{server.port}/").status_code == 200


def test_another_hosts_certificate_is_refused(authority: Authority, tmp_path: Path) -> None:
    ca_file = authority.write(tmp_path / "ca.pem")
    with (
        Server(lambda _: Response(200), tls=authority.server_for("elsewhere.test")) as server,
        Session(ca_file) as session,
        pytest.raises(requests.exceptions.SSLError),
    ):
        session.ask("GET", server.url)


def test_another_authoritys_certificate_is_refused(authority: Authority, tmp_path: Path) -> None:
    ca_file = Authority().write(tmp_path / "ca.pem")
    with (
        Server(lambda _: Response(200), tls=authority.server) as server,
        Session(ca_file) as session,
        pytest.raises(requests.exceptions.SSLError),
    ):
        session.ask("GET", server.url)
