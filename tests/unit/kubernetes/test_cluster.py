"""The Kubernetes client against the testbed's API server; texts recorded from the real command."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from clusters import (
    NO_CONFIGURATION,
    fill,
    open_cluster,
    policy_error,
    set_server,
    set_user,
    write_changed,
)

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.cluster import ClusterServer
from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.deadline import Deadline
from refimpl.errors import InputError, KeyMaterialError, NotSupportedError, TimeoutExceededError
from refimpl.kubernetes.client import Client
from refimpl.kubernetes.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOT_IN_CLUSTER = (
    "new for config: error creating REST client config in-cluster: unable to load in-cluster configuration, "
    "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_objects_are_found_by_namespace_and_name(server: ClusterServer, config: Path) -> None:
    cluster = open_cluster(config)
    assert cluster.policy("ns/pol") == {"publicKey": "k"}
    assert cluster.snapshot("ns/snap") == {"application": "app"}
    assert cluster.secret("ns", "sec") == {"cosign.pub": b"PEM\n"}
    assert [entry.path for entry in server.request_log.requests] == [
        "/apis/appstudio.redhat.com/v1alpha1/namespaces/ns/enterprisecontractpolicies/pol",
        "/apis/appstudio.redhat.com/v1alpha1/namespaces/ns/snapshots/snap",
        "/api/v1/namespaces/ns/secrets/sec",
    ]


def test_a_bare_name_is_in_the_namespace_of_the_current_context(server: ClusterServer, config: Path) -> None:
    assert open_cluster(config).policy("pol") == {"publicKey": "k"}
    without = server.kubeconfig(config.with_name("without"))
    assert open_cluster(without).policy("pol") == {"publicKey": "default"}


def test_the_flag_says_where_but_not_which_namespace(server: ClusterServer, config: Path) -> None:
    elsewhere = server.kubeconfig(config.with_name("elsewhere"))
    assert open_cluster(elsewhere, flag=config).policy("pol") == {"publicKey": "default"}
    assert policy_error(open_cluster("", flag=config), "pol") == (
        f"unable to fetch EnterpriseContractPolicy: {NO_CONFIGURATION}"
    )
    with pytest.raises(KeyMaterialError) as caught:
        open_cluster("", flag=config).secret("ns", "sec")
    assert str(caught.value) == _NOT_IN_CLUSTER


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("absent", 'enterprisecontractpolicies.appstudio.redhat.com "absent" not found'),
        ("a/b/c", "invalid resource name \"b/c\": [may not contain '/']"),
        ("ns/a%b", "invalid resource name \"a%b\": [may not contain '%']"),
        ("ns/..", "invalid resource name \"..\": [may not be '..']"),
        ("./x", "invalid namespace \".\": [may not be '.']"),
        ("ns/", "name is required"),
        ("/x", "unable to determine namespace for policy"),
    ],
)
def test_a_policy_that_is_not_there(config: Path, reference: str, reason: str) -> None:
    assert policy_error(open_cluster(config), reference) == f"unable to fetch EnterpriseContractPolicy: {reason}"


def test_the_servers_own_words_are_passed_on(config: Path) -> None:
    assert policy_error(open_cluster(config), "ns/forb").startswith(
        "unable to fetch EnterpriseContractPolicy: "
        'enterprisecontractpolicies.appstudio.redhat.com "forb" is forbidden: User "'
    )
    with pytest.raises(InputError) as snapshot:
        open_cluster(config).snapshot("ns/nope")
    assert str(snapshot.value) == 'snapshots.appstudio.redhat.com "nope" not found'
    with pytest.raises(InputError, match=r"^unable to determine namespace for snapshot$"):
        open_cluster(config).snapshot("/nope")
    with pytest.raises(KeyMaterialError) as secret:
        open_cluster(config).secret("ns", "nope")
    assert str(secret.value) == 'checking if secret exists: secrets "nope" not found'


def test_names_are_escaped_in_paths(server: ClusterServer, config: Path) -> None:
    policy_error(open_cluster(config), "a b/é?")
    assert server.request_log.requests[-1].path.endswith("/namespaces/a%20b/enterprisecontractpolicies/%C3%A9%3F")


def test_nobody_there_is_told_as_go_does(config: Path) -> None:
    path = write_changed(config, set_server("http://127.0.0.1:1"))
    assert policy_error(open_cluster(path)) == (
        'unable to fetch EnterpriseContractPolicy: Get "http://127.0.0.1:1/apis/appstudio.redhat.com/v1alpha1/'
        'namespaces/ns/enterprisecontractpolicies/pol": dial tcp 127.0.0.1:1: connect: connection refused'
    )
    ftp = write_changed(config, set_server("ftp://x"))
    assert policy_error(open_cluster(ftp)).endswith('/pol": unsupported protocol scheme "ftp"')


def test_a_server_without_a_scheme_is_asked_over_plain_http(server: ClusterServer, config: Path) -> None:
    path = write_changed(config, set_server(server.url.removeprefix("http://")))
    assert open_cluster(path).policy("ns/pol") == {"publicKey": "k"}


def test_credentials_are_not_sent_over_plain_http(server: ClusterServer, config: Path) -> None:
    for credentials in ({"token": "secret"}, {"username": "u", "password": "p"}):
        open_cluster(write_changed(config, set_user(**credentials))).policy("ns/pol")
        assert "Authorization" not in server.request_log.requests[-1].headers
    plugin = {"command": "false", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    open_cluster(write_changed(config, set_user(exec=plugin))).policy("ns/pol")


@pytest.fixture
def tls_server(authority: Authority) -> Iterator[ClusterServer]:
    with ClusterServer(tls=authority.server, token="secret") as cluster:
        fill(cluster)
        yield cluster


@pytest.fixture
def tls_config(tls_server: ClusterServer, authority: Authority, tmp_path: Path) -> Path:
    return tls_server.kubeconfig(tmp_path / "tls", namespace="ns", ca_file=authority.write(tmp_path / "ca.pem"))


def test_a_token_is_sent_over_tls_to_a_server_of_the_configurations_authority(tls_config: Path) -> None:
    assert open_cluster(tls_config).policy("pol") == {"publicKey": "k"}
    wrong = write_changed(tls_config, set_user(token="wrong"))
    assert policy_error(open_cluster(wrong)) == "unable to fetch EnterpriseContractPolicy: Unauthorized"


def test_a_file_with_a_token_wins(tls_config: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n", encoding="utf-8")
    path = write_changed(tls_config, set_user(token="wrong", tokenFile="token"))
    assert open_cluster(path).policy("pol") == {"publicKey": "k"}
    gone = write_changed(tls_config, set_user(tokenFile="gone"))
    assert open_cluster(gone).policy("pol") == {"publicKey": "k"}


def test_the_authority_may_stand_in_the_configuration(tls_config: Path, authority: Authority) -> None:
    def change(document: dict[str, Any]) -> None:
        entry = document["clusters"][0]["cluster"]
        del entry["certificate-authority"]
        entry["certificate-authority-data"] = base64.b64encode(authority.pem).decode()

    assert open_cluster(write_changed(tls_config, change)).policy("pol") == {"publicKey": "k"}


@pytest.mark.parametrize("style", ["in lines", "block scalar"])
def test_base64_may_be_in_lines(tls_config: Path, authority: Authority, style: str) -> None:
    lines = base64.encodebytes(authority.pem).decode()

    def change(document: dict[str, Any]) -> None:
        entry = document["clusters"][0]["cluster"]
        del entry["certificate-authority"]
        entry["certificate-authority-data"] = lines if style == "in lines" else "HERE"

    path = write_changed(tls_config, change)
    if style == "block scalar":
        block = "|\n" + "".join(f"      {line}\n" for line in lines.splitlines())
        document = json.loads(path.read_text(encoding="utf-8"))
        server = document["clusters"][0]["cluster"]["server"]
        path.write_text(
            "clusters:\n- name: c\n  cluster:\n"
            f"    server: {server}\n    certificate-authority-data: {block}"
            "contexts:\n- {name: x, context: {cluster: c, user: u, namespace: ns}}\n"
            "users:\n- {name: u, user: {token: secret}}\ncurrent-context: x\n",
            encoding="utf-8",
        )
    assert open_cluster(path).policy("pol") == {"publicKey": "k"}


def test_a_secret_in_lines(config: Path) -> None:
    body = json.dumps({"data": {"cosign.pub": "UEVN\nCg==\n"}}).encode()
    with Server(lambda _: Response(200, (), body)) as other:
        path = write_changed(config, lambda document: document["clusters"][0]["cluster"].update(server=other.url))
        assert open_cluster(path).secret("ns", "sec") == {"cosign.pub": b"PEM\n"}


def test_without_an_authority_the_usual_roots_count(tls_config: Path, tmp_path: Path) -> None:
    path = write_changed(tls_config, lambda document: document["clusters"][0]["cluster"].pop("certificate-authority"))
    assert "certificate signed by unknown authority" in policy_error(open_cluster(path))
    assert open_cluster(path, SSL_CERT_FILE=str(tmp_path / "ca.pem")).policy("pol") == {"publicKey": "k"}


def test_an_insecure_configuration_trusts_anyone(tls_config: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        del document["clusters"][0]["cluster"]["certificate-authority"]
        document["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True

    assert open_cluster(write_changed(tls_config, change)).policy("pol") == {"publicKey": "k"}


def test_an_authority_that_is_no_certificate(tls_config: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate", encoding="utf-8")
    assert policy_error(open_cluster(tls_config)).endswith("unable to parse bytes as PEM block")


def test_the_way_before_plugins_is_refused_by_name(tls_config: Path) -> None:
    with pytest.raises(NotSupportedError, match=r'^auth-provider "oidc" in a kubeconfig is not supported: name a'):
        open_cluster(write_changed(tls_config, set_user(**{"auth-provider": {"name": "oidc"}}))).policy("pol")


@pytest.mark.parametrize("more", [{"as-groups": ["a"]}, {"as-uid": "5"}, {"as-user-extra": {"a": ["b"]}}], ids=str)
def test_groups_and_more_need_a_user_to_act_as(tls_config: Path, more: dict[str, Any]) -> None:
    said = policy_error(open_cluster(write_changed(tls_config, set_user(**more))))
    assert "requesting uid, groups or user-extra for " in said
    assert said.endswith(" without impersonating a user")


def test_whom_to_act_as_is_told_in_fields(authority: Authority, tmp_path: Path) -> None:
    with ClusterServer(tls=authority.server) as cluster:
        fill(cluster)
        config = cluster.kubeconfig(tmp_path / "config", ca_file=authority.write(tmp_path / "ca.pem"))
        acting = {"as": "me", "as-uid": "5", "as-groups": ["a", "b, c"], "as-user-extra": {"x/y%": ["1", "2"]}}
        open_cluster(write_changed(config, set_user(**acting))).policy("ns/pol")
        headers = cluster.request_log.requests[-1].headers
        told = {name: value for name, value in headers.items() if name.startswith("impersonate-")}
        assert told == {  # of fields with one name the last
            "impersonate-user": "me",
            "impersonate-uid": "5",
            "impersonate-group": "b, c",
            "impersonate-extra-x%2fy%25": "2",
        }


def test_the_servers_certificate_may_have_another_name(authority: Authority, tmp_path: Path) -> None:
    with ClusterServer(tls=authority.server_for("cluster.test"), token="secret") as cluster:
        fill(cluster)
        config = cluster.kubeconfig(tmp_path / "config", ca_file=authority.write(tmp_path / "ca.pem"))
        assert "x509" in policy_error(open_cluster(config))
        entry = {"tls-server-name": "cluster.test"}
        named = write_changed(config, lambda document: document["clusters"][0]["cluster"].update(entry))
        assert open_cluster(named).policy("ns/pol") == {"publicKey": "k"}
        assert cluster.request_log.requests[-1].headers["Host"] == cluster.url.removeprefix("https://")
        wrong = write_changed(
            named, lambda document: document["clusters"][0]["cluster"].update({"tls-server-name": "x.test"})
        )
        assert "x509" in policy_error(open_cluster(wrong))


def test_a_proxy_of_the_configuration_is_used_for_loopback_too(server: ClusterServer, config: Path) -> None:
    targets: list[str] = []

    def handle(request: Request) -> Response:
        targets.append(request.headers["Host"])
        return Response(200, (("Content-Type", "application/json"),), b'{"spec": {"publicKey": "by proxy"}}')

    with Server(handle) as proxy:
        entry = {"proxy-url": proxy.url}
        through = write_changed(config, lambda document: document["clusters"][0]["cluster"].update(entry))
        assert open_cluster(through, HTTP_PROXY="http://127.0.0.1:1").policy("ns/pol") == {"publicKey": "by proxy"}
    assert targets == [server.url.removeprefix("http://")]
    entry = {"proxy-url": "ftp://user:secret@proxy.test"}
    wrong = policy_error(
        open_cluster(write_changed(config, lambda document: document["clusters"][0]["cluster"].update(entry)))
    )
    assert "invalid 'proxy-url' \"ftp://user:***@proxy.test\"" in wrong


@pytest.mark.parametrize("token", ["a\nb", "a\r\nX-Injected: y", "a\0b"])
def test_a_token_that_no_field_can_hold(tls_config: Path, token: str) -> None:
    assert policy_error(open_cluster(write_changed(tls_config, set_user(token=token)))).endswith(
        'net/http: invalid header field value for "Authorization"'
    )


def test_a_token_that_is_not_ascii_is_sent(tls_config: Path) -> None:
    assert policy_error(open_cluster(write_changed(tls_config, set_user(token="caf\u00e9")))).endswith("Unauthorized")


def test_basic_credentials_and_impersonation_are_sent_over_tls(authority: Authority, tmp_path: Path) -> None:
    with ClusterServer(tls=authority.server) as cluster:
        fill(cluster)
        config = cluster.kubeconfig(tmp_path / "config", ca_file=authority.write(tmp_path / "ca.pem"))
        open_cluster(write_changed(config, set_user(username="u", password="p", **{"as": "other"}))).policy("ns/pol")
        headers = cluster.request_log.requests[-1].headers
        assert headers["Authorization"] == f"Basic {base64.b64encode(b'u:p').decode()}"
        assert headers["Impersonate-User"] == "other"


def make_pod(cluster: ClusterServer, authority: Authority, account: Path, *, namespace: str = "ns") -> dict[str, str]:
    """The environment of a pod whose service account has its files in a folder."""
    account.mkdir()
    authority.write(account / "ca.crt")
    (account / "token").write_text("secret\n", encoding="utf-8")
    (account / "namespace").write_text(f"{namespace}\n", encoding="utf-8")
    host, _, port = cluster.url.removeprefix("https://").partition(":")
    return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}


def test_a_pod_uses_its_service_account(tls_server: ClusterServer, authority: Authority, tmp_path: Path) -> None:
    account = tmp_path / "account"
    environ = make_pod(tls_server, authority, account)
    cluster = Client(environ, service_account=account)
    assert cluster.policy("pol") == {"publicKey": "k"}
    assert cluster.secret("ns", "sec") == {"cosign.pub": b"PEM\n"}
    nothing = tmp_path / "nothing"
    nothing.touch()
    assert Client(environ, kubeconfig=str(nothing), service_account=account).policy("pol") == {"publicKey": "k"}


def test_without_its_token_a_pod_is_none(tls_server: ClusterServer, authority: Authority, tmp_path: Path) -> None:
    account = tmp_path / "account"
    environ = make_pod(tls_server, authority, account)
    (account / "token").unlink()
    assert policy_error(Client(environ, service_account=account), "pol") == (
        f"cannot initialize Kubernetes client: {NO_CONFIGURATION}"
    )
    with pytest.raises(KeyMaterialError) as caught:
        Client(environ, service_account=account).secret("ns", "sec")
    assert str(caught.value) == (
        "new for config: error creating REST client config in-cluster: "
        f"open {account / 'token'}: no such file or directory"
    )


@pytest.mark.parametrize(
    ("configured", "variable", "of_account", "found"),
    [
        ("from-file", "from-variable", "from-account", "from-file"),
        ("default", "from-variable", "from-account", "default"),
        (None, "from-variable", "from-account", "from-variable"),
        (None, "", "from-account", "from-account"),
        (None, "", "", "default"),
    ],
)
def test_the_current_namespace_of_a_pod(
    configured: str | None,
    variable: str,
    of_account: str,
    found: str,
    tls_server: ClusterServer,
    authority: Authority,
    tmp_path: Path,
) -> None:
    account = tmp_path / "account"
    environ = make_pod(tls_server, authority, account, namespace=of_account)
    ca_file = authority.write(tmp_path / "ca.pem")
    config = tls_server.kubeconfig(tmp_path / "config", namespace=configured, ca_file=ca_file)
    environ |= {"KUBECONFIG": str(config), "POD_NAMESPACE": variable}
    policy_error(Client(environ, service_account=account), "absent")
    assert f"/namespaces/{found}/" in tls_server.request_log.requests[-1].path


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (Response(404, (), b"404 page not found\n"), "the server could not find the requested resource"),
        (Response(401, (), b""), "the server has asked for the client to provide credentials"),
        (
            Response(500, (), b"oops"),
            (
                'an error on the server ("oops") has prevented the request from succeeding '
                "(get enterprisecontractpolicies pol)"
            ),
        ),
        (
            Response(200, (), b"[]"),
            (
                'an error on the server ("[]") has prevented the request from succeeding '
                "(get enterprisecontractpolicies pol)"
            ),
        ),
        (Response(200, (), b'{"spec":5}'), 'the spec of "pol" isn\'t an object'),
    ],
)
def test_an_answer_that_is_no_object(config: Path, response: Response, reason: str) -> None:
    with Server(lambda _: response) as server:
        path = write_changed(config, set_server(server.url))
        assert policy_error(open_cluster(path)) == f"unable to fetch EnterpriseContractPolicy: {reason}"


def test_a_secret_that_is_not_base64(config: Path) -> None:
    with Server(lambda _: Response(200, (), b'{"data":{"a":"%"}}')) as server:
        path = write_changed(config, set_server(server.url))
        with pytest.raises(KeyMaterialError, match="data that isn't base64"):
            open_cluster(path).secret("ns", "sec")


def test_nothing_is_read_before_something_is_wanted() -> None:
    open_cluster("/nonexistent", flag="/nonexistent")


def test_the_deadline_passes_through_unchanged(config: Path) -> None:
    cluster = Cluster({"KUBECONFIG": str(config)}, deadline=Deadline(0))
    with pytest.raises(TimeoutExceededError):
        cluster.policy("ns/pol")


def test_integers_beyond_64_bits_become_floats(server: ClusterServer, config: Path) -> None:
    numbers = [9223372036854775807, -9223372036854775808, 9223372036854775808, 12345678901234567890]
    server.policy("tenant", "numbers", {"sources": [{"ruleData": {"numbers": numbers}}]})
    [source] = Cluster({"KUBECONFIG": str(config)}).policy("tenant/numbers")["sources"]
    found = source["ruleData"]["numbers"]
    assert found == [9223372036854775807, -9223372036854775808, 9.223372036854775808e18, 1.2345678901234567e19]
    assert [type(number) for number in found] == [int, int, float, float]
