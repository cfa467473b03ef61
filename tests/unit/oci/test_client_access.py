"""How the client reaches registries: pings, credentials, redirects, TLS, proxies."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from registries import CONFIG, IMAGE, SECONDS, Connect, ref_at

from ec_acceptance.testbed.fixtures.images import publish
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.rules import Answer, Hold
from ec_acceptance.testbed.registry.auth import Basic, Bearer
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.repository import Repository
from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.errors import DeniedError, NotFoundError, RegistryError, UnreachableError
from refimpl.oci.reference import parse

if TYPE_CHECKING:
    from pathlib import Path


def test_refused_connection(client_of: Connect) -> None:
    with Server(lambda _: Response(200)) as server:
        address = server.address
    with pytest.raises(UnreachableError) as caught:
        client_of().head(ref_at(address))
    refused = f"dial tcp {address}: connect: connection refused"
    assert str(caught.value) == f'Get "https://{address}/v2/": {refused}; Get "http://{address}/v2/": {refused}'


def test_unknown_host(client_of: Connect) -> None:
    with pytest.raises(UnreachableError) as caught:
        client_of().head(ref_at("nope.invalid"))
    assert str(caught.value) == 'Get "https://nope.invalid/v2/": dial tcp: lookup nope.invalid: no such host'


def test_ping_refused(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(403, body=b'{"errors":[{"code":"DENIED","message":"no way"}]}'), kind="ping")
    with pytest.raises(DeniedError) as caught:
        client_of().head(ref_at(gate.address))
    assert str(caught.value) == (
        f'Get "https://{gate.address}/v2/": tls: first record does not look like a TLS handshake; '
        f"GET {gate.url}/v2/: DENIED: no way"
    )


def test_ping_is_retried(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(503), kind="ping", nth=range(1, 3))
    assert client_of().head(ref_at(gate.address)).digest == IMAGE.digest


def config_file(folder: Path, document: object) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(document))
    return {"DOCKER_CONFIG": str(folder)}


@pytest.mark.parametrize(
    "guard",
    [Basic("user", "pass word"), Bearer("user", "pass word"), Bearer("user", "x", identity_token="identity")],
    ids=["basic", "bearer", "identity"],
)
def test_authentication(client_of: Connect, tmp_path: Path, guard: Any) -> None:
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, guard=guard)) as gate:
        for name in ("acme/app", "acme/other"):
            publish(IMAGE, gate.repository(name), "v1")
        entry = {"auth": "dXNlcjpwYXNzIHdvcmQ="}
        if getattr(guard, "identity_token", None):
            entry = {"identitytoken": "identity"}
        client = client_of(config_file(tmp_path, {"auths": {gate.address: entry}}))
        refs = [parse(f"{gate.address}/{name}:v1") for name in ("acme/app", "acme/other")]
        for ref in refs:
            assert client.head(ref).digest == IMAGE.digest
            assert client.manifest(ref).digest == IMAGE.digest
            assert client.blob(ref.repository, CONFIG) == IMAGE.config
        tokens = gate.log.requests(kind="token")
        assert len(tokens) == (0 if isinstance(guard, Basic) else 2)
        with pytest.raises(DeniedError, match=r"^(HEAD|GET) http://127.0.0.1:\d+/"):
            client_of().head(refs[-1])


def test_anonymous_tokens(client_of: Connect) -> None:
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, guard=Bearer())) as gate:
        publish(IMAGE, gate.repository("acme/app"), "v1")
        assert client_of().head(ref_at(gate.address)).digest == IMAGE.digest


def test_a_token_that_is_too_old_is_renewed(client_of: Connect) -> None:
    guard = Bearer()
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, guard=guard)) as gate:
        publish(IMAGE, gate.repository("acme/app"), "v1")
        client = client_of()
        client.head(ref_at(gate.address))
        guard._granted.clear()
        assert client.manifest(ref_at(gate.address)).digest == IMAGE.digest
        assert len(gate.log.requests(kind="token")) == 2


def test_a_ping_that_asks_for_nothing(gate: Gate, client_of: Connect, tmp_path: Path) -> None:
    guard = Basic("u", "p")
    environ = config_file(tmp_path, {"auths": {gate.address: {"username": "u", "password": "p"}}})
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, guard=guard)) as guarded:
        publish(IMAGE, guarded.repository("acme/app"), "v1")
        guarded.add(Answer(200), kind="ping")
        environ = config_file(tmp_path, {"auths": {guarded.address: {"username": "u", "password": "p"}}})
        client = client_of(environ)
        client.head(ref_at(guarded.address))
        client.manifest(ref_at(guarded.address))
        statuses = [exchange.status for exchange in guarded.log.requests(kind="manifest") if exchange.method != "PUT"]
    assert statuses == [200, 200]


def test_a_registry_that_hides_what_it_has(client_of: Connect, tmp_path: Path) -> None:
    with closing(EmbeddedRegistry()) as registry:
        answers = Gate(registry).seed

        def handle(request: Request) -> Response:
            known = "Authorization" in request.headers or request.path == "/v2/"
            return answers(request) if known else Response(404)

        with Server(handle) as server:
            publish(IMAGE, Repository(answers, "acme/app"), "v1")
            environ = config_file(tmp_path, {"auths": {server.address: {"username": "u", "password": "p"}}})
            assert client_of(environ).manifest(ref_at(server.address)).digest == IMAGE.digest


def test_redirects_take_no_credentials_elsewhere(client_of: Connect, tmp_path: Path) -> None:
    seen: list[str] = []

    def elsewhere(request: Request) -> Response:
        seen.append(request.headers.get("Authorization", ""))
        return Response(200, (), IMAGE.config)

    with (
        Server(elsewhere) as other,
        closing(EmbeddedRegistry()) as registry,
        closing(Gate(registry, guard=Basic("u", "p"))) as gate,
    ):
        publish(IMAGE, gate.repository("acme/app"), "v1")
        gate.add(Answer(307, (("Location", f"{other.url}/x"),)), kind="blob")
        environ = config_file(tmp_path, {"auths": {gate.address: {"username": "u", "password": "p"}}})
        assert client_of(environ).blob(ref_at(gate.address).repository, CONFIG) == IMAGE.config
        assert gate.log.requests(kind="blob")[0].headers["Authorization"].startswith("Basic ")
    assert seen == [""]


def test_endless_redirects(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(302, (("Location", f"/v2/acme/app/blobs/{IMAGE.config_digest}"),)), kind="blob")
    with pytest.raises(UnreachableError, match="stopped after 10 redirects"):
        client_of().blob(ref_at(gate.address).repository, CONFIG)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://x/y"])
def test_redirects_to_other_schemes(gate: Gate, client_of: Connect, location: str) -> None:
    gate.add(Answer(302, (("Location", location),)), kind="blob")
    with pytest.raises(UnreachableError, match="unsupported protocol scheme"):
        client_of().blob(ref_at(gate.address).repository, CONFIG)


@pytest.mark.parametrize(
    "realm",
    [
        "http://127.0.0.2/token",
        "http://localhost/token",
        "http://10.0.0.1/t",
        "http://169.254.169.254/t",
        "http://[::1]/t",
        "http://127.0.0.1:1/t",
        "http://2130706433/t",
        "http://0x7f000001/t",
        "http://127.1/t",
        "http://[::ffff:127.0.0.1]/t",
        "http://localhost./t",
        "http://u:p@127.0.0.1/t",
    ],
)
def test_realms_inside_are_refused_to_registries_elsewhere(client_of: Connect, realm: str) -> None:
    def handle(request: Request) -> Response:
        del request
        return Response(401, (("WWW-Authenticate", f'Bearer realm="{realm}"'),))

    with Server(handle) as server, pytest.raises(UnreachableError, match="is a private or link-local address"):
        client_of().head(ref_at(server.address))


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_tls_with_a_private_authority(client_of: Connect, tmp_path: Path, variable: str) -> None:
    authority = Authority()
    path = authority.write(tmp_path / "ca.pem")
    environ = {variable: str(path if variable == "SSL_CERT_FILE" else tmp_path)}
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, tls=authority.server)) as gate:
        publish(IMAGE, gate.repository("acme/app"), "v1")
        assert client_of(environ).manifest(ref_at(gate.address)).digest == IMAGE.digest
        (tmp_path / "empty").mkdir()
        nobody = {"SSL_CERT_DIR": str(tmp_path / "empty")}
        with pytest.raises(RegistryError, match="x509: certificate signed by unknown authority"):
            client_of(nobody).manifest(ref_at(gate.address))


def test_tls_with_the_wrong_name(client_of: Connect, tmp_path: Path) -> None:
    authority = Authority()
    environ = {"SSL_CERT_FILE": str(authority.write(tmp_path / "ca.pem"))}
    with (
        Server(lambda _: Response(200), tls=authority.server_for("elsewhere.test")) as server,
        pytest.raises(RegistryError, match="tls: failed to verify certificate: x509: "),
    ):
        client_of(environ).head(ref_at(server.address))


def test_a_proxy_for_other_hosts(client_of: Connect) -> None:
    targets: list[str] = []

    def handle(request: Request) -> Response:
        targets.append(request.headers["Host"])
        headers = (("Content-Type", IMAGE.media_type), ("Docker-Content-Digest", IMAGE.digest))
        return Response(200, headers, IMAGE.manifest)

    with Server(handle) as proxy:
        environ = {"HTTP_PROXY": proxy.url, "HTTPS_PROXY": "http://127.0.0.1:1"}
        assert client_of(environ).manifest(ref_at("registry.local")).digest == IMAGE.digest
        assert targets == ["registry.local"] * 2
        with pytest.raises(UnreachableError):
            client_of({**environ, "NO_PROXY": "registry.local"}).manifest(ref_at("registry.local"))
        assert len(targets) == 2


def test_many_threads_ping_once(gate: Gate, client_of: Connect) -> None:
    client = client_of()
    rule = gate.add(Hold(at=None), kind="ping")
    outcomes: list[object] = []

    def read(number: int) -> None:
        try:
            client.head(ref_at(gate.address, f":t{number}"))
        except NotFoundError as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
    gate.log.wait_until(lambda: bool(gate.held()), timeout=SECONDS)
    rule.release()
    for thread in threads:
        thread.join(SECONDS)
    assert outcomes == [NotFoundError] * 8
    assert len(gate.log.requests(kind="ping")) == 1
