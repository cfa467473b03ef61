"""Gates that ask for credentials or speak TLS, and how scenarios are kept apart."""

from __future__ import annotations

import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import trustme
from sessions import Session
from wire import DATA, DIGEST, PATH, WAIT, get

from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.rules import FlipBit, Hold
from ec_acceptance.testbed.registry.auth import Basic, Bearer
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry

if TYPE_CHECKING:
    from pathlib import Path


def test_a_gate_asks_for_basic_credentials_and_logs_the_refusal(backend: EmbeddedRegistry) -> None:
    with Gate(backend, guard=Basic("u", "p")) as gate:
        gate.repository("a").put_blob(DATA)
        session = Session()
        assert session.ask("GET", gate.url + PATH).status_code == 401
        assert session.ask("GET", gate.url + PATH, auth=("u", "p")).content == DATA
        session.close()
        gate.log.complete()
        assert [one.status for one in gate.log.requests()] == [401, 200]


def bearer(gate: Gate) -> int:
    """The status that a client gets which follows the challenge."""
    session = Session()
    challenge = session.ask("GET", gate.url + PATH).headers["WWW-Authenticate"]
    assert gate.namespace not in challenge
    parts = dict(part.split("=", 1) for part in challenge.removeprefix("Bearer ").split(","))
    realm, scope = parts["realm"].strip('"'), parts["scope"].strip('"')
    assert (realm, scope) == (f"{gate.url}/token", "repository:a:pull")
    answer = session.ask("GET", f"{realm}?scope={scope}", auth=("u", "p"))
    assert gate.namespace.encode() not in answer.content
    token = answer.json()["token"]
    status = session.ask("GET", gate.url + PATH, headers={"Authorization": f"Bearer {token}"}).status_code
    session.close()
    return status


def test_a_gate_gives_bearer_tokens_itself(backend: EmbeddedRegistry) -> None:
    with Gate(backend, guard=Bearer("u", "p")) as gate:
        gate.repository("a").put_blob(DATA)
        assert bearer(gate) == 200
        assert [one.kind for one in gate.log.requests()] == ["blob", "token", "blob"]


def test_a_registrys_own_bearer_scopes_are_mapped() -> None:
    registry = EmbeddedRegistry(guard=Bearer("u", "p"))
    with Gate(registry) as gate:
        registry.store.put_blob(f"{gate.namespace}/a", DATA)
        assert bearer(gate) == 200
    registry.close()


def test_a_gate_speaks_tls_with_a_plain_registry_behind(backend: EmbeddedRegistry, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    with Gate(backend, tls=context) as gate:
        gate.repository("a").put_blob(DATA)
        rule = gate.add(Hold(5), kind="blob")
        session = Session(ca)
        with ThreadPoolExecutor(1) as background:
            fetched = background.submit(session.ask, "GET", gate.url + PATH)
            rule.wait_held(timeout=WAIT)
            assert len(gate.held()) == 1
            rule.release()
            assert fetched.result(WAIT).content == DATA
        session.close()
        assert not gate.failures


def test_many_scenarios_at_once_dont_meet(backend: EmbeddedRegistry, background: ThreadPoolExecutor) -> None:
    def scenario(number: int) -> list[bytes]:
        with Gate(backend) as gate:
            content = f"scenario {number}".encode()
            digest = gate.repository("a").put_blob(content)
            gate.add(FlipBit(0), kind="blob", nth=2)
            seen = [get(gate, f"/v2/a/blobs/{digest}")[1] for _ in range(3)]
            assert len(gate.log.requests()) == 3
            return seen

    for number, seen in enumerate(background.map(scenario, range(16))):
        whole = f"scenario {number}".encode()
        assert seen == [whole, b"r" + whole[1:], whole]


def test_a_closed_gate_leaves_nothing_at_the_registry(backend: EmbeddedRegistry) -> None:
    with Gate(backend) as gate:
        gate.repository("a").put_blob(DATA)
        name = f"{gate.namespace}/a"
        assert backend.store.blob(name, DIGEST) == DATA
    assert backend.store.mount("x", DIGEST, name) is False


@pytest.mark.parametrize("forget", [None, False, True])
def test_a_namespace_with_a_name_is_kept_unless_told_otherwise(
    backend: EmbeddedRegistry,
    forget: bool | None,  # noqa: FBT001  # pytest passes by name
) -> None:
    with Gate(backend, namespace=f"named-{forget}".lower(), forget=forget) as gate:
        gate.repository("a").put_blob(DATA)
    assert backend.store.mount("x", DIGEST, f"{gate.namespace}/a") is not (forget is True)


def test_registry_and_gate_start_with_little_work() -> None:
    """Each scenario has a gate of its own. What counts is the processor's time, whatever else the machine does."""
    best = 1.0
    for _ in range(3):
        begun = time.process_time()
        registry = EmbeddedRegistry()
        gate = Gate(registry)
        best = min(best, time.process_time() - begun)
        gate.close()
        registry.close()
    assert best < 0.05
