"""The Kubernetes client against the testbed's API server; texts recorded from the real command."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.cluster import ClusterServer
from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.deadline import Deadline
from refimpl.errors import InputError, KeyMaterialError, NotSupportedError, PolicyError, TimeoutExceededError
from refimpl.kubernetes.client import Client
from refimpl.kubernetes.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NO_CONFIGURATION = (
    "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable"
)
_NOT_IN_CLUSTER = (
    "new for config: error creating REST client config in-cluster: unable to load in-cluster configuration, "
    "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server() -> Iterator[ClusterServer]:
    with ClusterServer() as cluster:
        _fill(cluster)
        yield cluster


@pytest.fixture
def config(server: ClusterServer, tmp_path: Path) -> Path:
    return server.kubeconfig(tmp_path / "config", namespace="ns")


def _fill(cluster: ClusterServer) -> None:
    cluster.policy("ns", "pol", {"publicKey": "k"})
    cluster.policy("default", "pol", {"publicKey": "default"})
    cluster.snapshot("ns", "snap", {"application": "app"})
    cluster.secret("ns", "sec", {"cosign.pub": b"PEM\n"})
    cluster.forbid("enterprisecontractpolicies", "ns", "forb")


def _cluster(kubeconfig: object, *, flag: object = "", **environ: str) -> Cluster:
    return Cluster({"KUBECONFIG": str(kubeconfig), **environ}, kubeconfig=str(flag))


def _changed(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    target = path.with_name("changed")
    target.write_text(json.dumps(document), encoding="utf-8")
    return target


def _policy_error(cluster: Cluster, reference: str = "ns/pol") -> str:
    with pytest.raises(PolicyError) as caught:
        cluster.policy(reference)
    return str(caught.value)


def test_objects_are_found_by_namespace_and_name(server: ClusterServer, config: Path) -> None:
    cluster = _cluster(config)
    assert cluster.policy("ns/pol") == {"publicKey": "k"}
    assert cluster.snapshot("ns/snap") == {"application": "app"}
    assert cluster.secret("ns", "sec") == {"cosign.pub": b"PEM\n"}
    assert [entry.path for entry in server.request_log.requests] == [
        "/apis/appstudio.redhat.com/v1alpha1/namespaces/ns/enterprisecontractpolicies/pol",
        "/apis/appstudio.redhat.com/v1alpha1/namespaces/ns/snapshots/snap",
        "/api/v1/namespaces/ns/secrets/sec",
    ]


def test_a_bare_name_is_in_the_namespace_of_the_current_context(server: ClusterServer, config: Path) -> None:
    assert _cluster(config).policy("pol") == {"publicKey": "k"}
    without = server.kubeconfig(config.with_name("without"))
    assert _cluster(without).policy("pol") == {"publicKey": "default"}


def test_the_flag_says_where_but_not_which_namespace(server: ClusterServer, config: Path) -> None:
    elsewhere = server.kubeconfig(config.with_name("elsewhere"))
    assert _cluster(elsewhere, flag=config).policy("pol") == {"publicKey": "default"}
    assert _policy_error(_cluster("", flag=config), "pol") == (
        f"unable to fetch EnterpriseContractPolicy: {_NO_CONFIGURATION}"
    )
    with pytest.raises(KeyMaterialError) as caught:
        _cluster("", flag=config).secret("ns", "sec")
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
    assert _policy_error(_cluster(config), reference) == f"unable to fetch EnterpriseContractPolicy: {reason}"


def test_the_servers_own_words_are_passed_on(config: Path) -> None:
    assert _policy_error(_cluster(config), "ns/forb").startswith(
        "unable to fetch EnterpriseContractPolicy: "
        'enterprisecontractpolicies.appstudio.redhat.com "forb" is forbidden: User "'
    )
    with pytest.raises(InputError) as snapshot:
        _cluster(config).snapshot("ns/nope")
    assert str(snapshot.value) == 'snapshots.appstudio.redhat.com "nope" not found'
    with pytest.raises(InputError, match=r"^unable to determine namespace for snapshot$"):
        _cluster(config).snapshot("/nope")
    with pytest.raises(KeyMaterialError) as secret:
        _cluster(config).secret("ns", "nope")
    assert str(secret.value) == 'checking if secret exists: secrets "nope" not found'


def test_names_are_escaped_in_paths(server: ClusterServer, config: Path) -> None:
    _policy_error(_cluster(config), "a b/é?")
    assert server.request_log.requests[-1].path.endswith("/namespaces/a%20b/enterprisecontractpolicies/%C3%A9%3F")


def _set_server(url: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["clusters"][0]["cluster"].update(server=url)


def _set_cluster(**members: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["clusters"][0]["cluster"].update(members)


def _set_user(**members: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["users"][0]["user"].update(members)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda document: document.update({"current-context": ""}), _NO_CONFIGURATION),
        (
            lambda document: document.update({"current-context": "nope"}),
            (
                "invalid configuration: [context was not found for specified context: nope, "
                "cluster has no server defined]"
            ),
        ),
        (lambda document: document.update(clusters=[]), _NO_CONFIGURATION),
        (_set_server(""), 'invalid configuration: no server found for cluster "acceptance"'),
        (
            _set_user(**{"client-certificate": "/none/c", "client-key": "/none/k"}),
            (
                "invalid configuration: [unable to read client-cert /none/c for acceptance due to "
                "open /none/c: no such file or directory, unable to read client-key /none/k for acceptance due to "
                "open /none/k: no such file or directory]"
            ),
        ),
        (_set_user(tokenFile="/none"), "open /none: no such file or directory"),
        (
            _set_user(exec={"command": "false", "apiVersion": "client.authentication.k8s.io/v1"}),
            "invalid configuration: interactiveMode must be specified for acceptance to use exec authentication plugin",
        ),
        (
            _set_user(exec={"command": "false", "apiVersion": "other/v1", "interactiveMode": "Never"}),
            'exec plugin: invalid apiVersion "other/v1"',
        ),
        (_set_user(tokenFile="/dev/null"), 'read empty token from file "/dev/null"'),
        (
            _set_user(**{"client-certificate-data": "eA=="}),
            (
                "invalid configuration: client-key-data or client-key must be specified for acceptance "
                "to use the clientCert authentication method."
            ),
        ),
        (
            _set_user(**{"client-certificate-data": "eA==", "client-key-data": "eA==", "client-key": "/dev/null"}),
            (
                "invalid configuration: client-key-data and client-key are both specified for acceptance; "
                "client-key-data will override"
            ),
        ),
        (
            _set_user(token="secret", username="u"),
            (
                "invalid configuration: more than one authentication method found for acceptance; "
                "found [token basicAuth], only one is allowed"
            ),
        ),
        (
            _set_cluster(**{"certificate-authority-data": "eA==", "certificate-authority": "/dev/null"}),
            (
                "invalid configuration: certificate-authority-data and certificate-authority are both specified for "
                "acceptance. certificate-authority-data will override."
            ),
        ),
        (
            _set_cluster(**{"certificate-authority-data": "eA==", "insecure-skip-tls-verify": True}),
            "specifying a root certificates file with the insecure flag is not allowed",
        ),
    ],
)
def test_a_configuration_that_leads_nowhere(
    config: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    if os.name != "posix":
        pytest.skip("these paths are absolute on POSIX only")
    assert _policy_error(_cluster(_changed(config, change))) == f"cannot initialize Kubernetes client: {reason}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "yaml: "),
        ("hello", "couldn't get version/kind; "),
        ('{"clusters":5}', "clusters isn't a list"),
        ('{"users":[5]}', "an entry of users isn't an object"),
        ('{"clusters":[{"name":"a","cluster":{"certificate-authority-data":"%%"}}]}', "illegal base64 data"),
        ('{"contexts":[{"context":[]}]}', "an entry of contexts isn't an object"),
        ('{"contexts":0}', "contexts isn't a list"),
        ('{"contexts":[{"context":{"namespace":5}}]}', "namespace of an entry of contexts isn't a text"),
        ('{"clusters":[{"cluster":{"server":[]}}]}', "server of an entry of clusters isn't a text"),
        (
            '{"clusters":[{"cluster":{"insecure-skip-tls-verify":"yes"}}]}',
            "insecure-skip-tls-verify of an entry of clusters isn't true or false",
        ),
        ('{"clusters":[{"cluster":{"extensions":5}}]}', "extensions of an entry of clusters isn't a list"),
        ('{"users":[{"user":{"token":5}}]}', "token of an entry of users isn't a text"),
        ('{"users":[{"user":{"as-groups":"a"}}]}', "as-groups of an entry of users isn't a list"),
        ('{"users":[{"user":{"exec":"a"}}]}', "exec of an entry of users isn't an object"),
        ('{"users":[{"user":{"exec":{"args":5}}}]}', "args of an entry of exec isn't a list"),
        ('{"users":[{"name":"u"},{"name":"u","user":{"token":"t"}}]}', 'duplicate name "u" in list users'),
    ],
)
def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "config"
    path.write_text(content, encoding="utf-8")
    expected = f"error loading config file {json.dumps(str(path))}: {reason}"
    assert _policy_error(_cluster(path)).startswith(f"cannot initialize Kubernetes client: {expected}")
    with pytest.raises(KeyMaterialError) as caught:
        _cluster(path).secret("ns", "sec")
    assert str(caught.value).startswith(f"new for config: error creating REST client config: {expected}")


def test_missing_files_are_passed_over_but_not_the_flags(tmp_path: Path, config: Path) -> None:
    missing = tmp_path / "missing"
    assert _cluster(f"{missing}{os.pathsep}{config}").policy("ns/pol") == {"publicKey": "k"}
    assert _policy_error(_cluster(missing)) == f"cannot initialize Kubernetes client: {_NO_CONFIGURATION}"
    with pytest.raises(InputError, match=rf"^{_NO_CONFIGURATION}$"):
        _cluster(missing).snapshot("ns/snap")
    assert _policy_error(_cluster(config, flag=missing)) == (
        f"cannot initialize Kubernetes client: stat {missing}: no such file or directory"
    )


def test_the_home_directory_has_the_last_word(config: Path, tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    config.rename(tmp_path / ".kube" / "config")
    assert _cluster("", HOME=str(tmp_path)).policy("pol") == {"publicKey": "k"}


def test_of_several_files_the_first_that_says_something_counts(tmp_path: Path, config: Path) -> None:
    first = tmp_path / "first"
    first.write_text(
        '{"current-context":"mine","contexts":[{"name":"mine","context":{"cluster":"acceptance","namespace":"ns"}}]}',
        encoding="utf-8",
    )
    assert _cluster(f"{first}{os.pathsep}{config}").policy("pol") == {"publicKey": "k"}


def test_nobody_there_is_told_as_go_does(config: Path) -> None:
    path = _changed(config, _set_server("http://127.0.0.1:1"))
    assert _policy_error(_cluster(path)) == (
        'unable to fetch EnterpriseContractPolicy: Get "http://127.0.0.1:1/apis/appstudio.redhat.com/v1alpha1/'
        'namespaces/ns/enterprisecontractpolicies/pol": dial tcp 127.0.0.1:1: connect: connection refused'
    )
    ftp = _changed(config, _set_server("ftp://x"))
    assert _policy_error(_cluster(ftp)).endswith('/pol": unsupported protocol scheme "ftp"')


def test_a_server_without_a_scheme_is_asked_over_plain_http(server: ClusterServer, config: Path) -> None:
    path = _changed(config, _set_server(server.url.removeprefix("http://")))
    assert _cluster(path).policy("ns/pol") == {"publicKey": "k"}


def test_credentials_are_not_sent_over_plain_http(server: ClusterServer, config: Path) -> None:
    for credentials in ({"token": "secret"}, {"username": "u", "password": "p"}):
        _cluster(_changed(config, _set_user(**credentials))).policy("ns/pol")
        assert "Authorization" not in server.request_log.requests[-1].headers
    plugin = {"command": "false", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    _cluster(_changed(config, _set_user(exec=plugin))).policy("ns/pol")


@pytest.fixture
def tls_server(authority: Authority) -> Iterator[ClusterServer]:
    with ClusterServer(tls=authority.server, token="secret") as cluster:
        _fill(cluster)
        yield cluster


@pytest.fixture
def tls_config(tls_server: ClusterServer, authority: Authority, tmp_path: Path) -> Path:
    return tls_server.kubeconfig(tmp_path / "tls", namespace="ns", ca_file=authority.write(tmp_path / "ca.pem"))


def test_a_token_is_sent_over_tls_to_a_server_of_the_configurations_authority(tls_config: Path) -> None:
    assert _cluster(tls_config).policy("pol") == {"publicKey": "k"}
    wrong = _changed(tls_config, _set_user(token="wrong"))
    assert _policy_error(_cluster(wrong)) == "unable to fetch EnterpriseContractPolicy: Unauthorized"


def test_a_file_with_a_token_wins(tls_config: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n", encoding="utf-8")
    path = _changed(tls_config, _set_user(token="wrong", tokenFile="token"))
    assert _cluster(path).policy("pol") == {"publicKey": "k"}
    gone = _changed(tls_config, _set_user(tokenFile="gone"))
    assert _cluster(gone).policy("pol") == {"publicKey": "k"}


def test_the_authority_may_stand_in_the_configuration(tls_config: Path, authority: Authority) -> None:
    def change(document: dict[str, Any]) -> None:
        entry = document["clusters"][0]["cluster"]
        del entry["certificate-authority"]
        entry["certificate-authority-data"] = base64.b64encode(authority.pem).decode()

    assert _cluster(_changed(tls_config, change)).policy("pol") == {"publicKey": "k"}


@pytest.mark.parametrize("style", ["in lines", "block scalar"])
def test_base64_may_be_in_lines(tls_config: Path, authority: Authority, style: str) -> None:
    lines = base64.encodebytes(authority.pem).decode()

    def change(document: dict[str, Any]) -> None:
        entry = document["clusters"][0]["cluster"]
        del entry["certificate-authority"]
        entry["certificate-authority-data"] = lines if style == "in lines" else "HERE"

    path = _changed(tls_config, change)
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
    assert _cluster(path).policy("pol") == {"publicKey": "k"}


def test_a_secret_in_lines(config: Path) -> None:
    body = json.dumps({"data": {"cosign.pub": "UEVN\nCg==\n"}}).encode()
    with Server(lambda _: Response(200, (), body)) as other:
        path = _changed(config, lambda document: document["clusters"][0]["cluster"].update(server=other.url))
        assert _cluster(path).secret("ns", "sec") == {"cosign.pub": b"PEM\n"}


def test_without_an_authority_the_usual_roots_count(tls_config: Path, tmp_path: Path) -> None:
    path = _changed(tls_config, lambda document: document["clusters"][0]["cluster"].pop("certificate-authority"))
    assert "certificate signed by unknown authority" in _policy_error(_cluster(path))
    assert _cluster(path, SSL_CERT_FILE=str(tmp_path / "ca.pem")).policy("pol") == {"publicKey": "k"}


def test_an_insecure_configuration_trusts_anyone(tls_config: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        del document["clusters"][0]["cluster"]["certificate-authority"]
        document["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True

    assert _cluster(_changed(tls_config, change)).policy("pol") == {"publicKey": "k"}


def test_an_authority_that_is_no_certificate(tls_config: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate", encoding="utf-8")
    assert _policy_error(_cluster(tls_config)).endswith("unable to parse bytes as PEM block")


def test_the_way_before_plugins_is_refused_by_name(tls_config: Path) -> None:
    with pytest.raises(NotSupportedError, match=r'^auth-provider "oidc" in a kubeconfig is not supported: name a'):
        _cluster(_changed(tls_config, _set_user(**{"auth-provider": {"name": "oidc"}}))).policy("pol")


@pytest.mark.parametrize("more", [{"as-groups": ["a"]}, {"as-uid": "5"}, {"as-user-extra": {"a": ["b"]}}], ids=str)
def test_groups_and_more_need_a_user_to_act_as(tls_config: Path, more: dict[str, Any]) -> None:
    said = _policy_error(_cluster(_changed(tls_config, _set_user(**more))))
    assert "requesting uid, groups or user-extra for " in said
    assert said.endswith(" without impersonating a user")


def test_whom_to_act_as_is_told_in_fields(authority: Authority, tmp_path: Path) -> None:
    with ClusterServer(tls=authority.server) as cluster:
        _fill(cluster)
        config = cluster.kubeconfig(tmp_path / "config", ca_file=authority.write(tmp_path / "ca.pem"))
        acting = {"as": "me", "as-uid": "5", "as-groups": ["a", "b, c"], "as-user-extra": {"x/y%": ["1", "2"]}}
        _cluster(_changed(config, _set_user(**acting))).policy("ns/pol")
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
        _fill(cluster)
        config = cluster.kubeconfig(tmp_path / "config", ca_file=authority.write(tmp_path / "ca.pem"))
        assert "x509" in _policy_error(_cluster(config))
        entry = {"tls-server-name": "cluster.test"}
        named = _changed(config, lambda document: document["clusters"][0]["cluster"].update(entry))
        assert _cluster(named).policy("ns/pol") == {"publicKey": "k"}
        assert cluster.request_log.requests[-1].headers["Host"] == cluster.url.removeprefix("https://")
        wrong = _changed(
            named, lambda document: document["clusters"][0]["cluster"].update({"tls-server-name": "x.test"})
        )
        assert "x509" in _policy_error(_cluster(wrong))


def test_a_proxy_of_the_configuration_is_used_for_loopback_too(server: ClusterServer, config: Path) -> None:
    targets: list[str] = []

    def handle(request: Request) -> Response:
        targets.append(request.headers["Host"])
        return Response(200, (("Content-Type", "application/json"),), b'{"spec": {"publicKey": "by proxy"}}')

    with Server(handle) as proxy:
        entry = {"proxy-url": proxy.url}
        through = _changed(config, lambda document: document["clusters"][0]["cluster"].update(entry))
        assert _cluster(through, HTTP_PROXY="http://127.0.0.1:1").policy("ns/pol") == {"publicKey": "by proxy"}
    assert targets == [server.url.removeprefix("http://")]
    entry = {"proxy-url": "ftp://user:secret@proxy.test"}
    wrong = _policy_error(_cluster(_changed(config, lambda document: document["clusters"][0]["cluster"].update(entry))))
    assert "invalid 'proxy-url' \"ftp://user:***@proxy.test\"" in wrong


@pytest.mark.parametrize("token", ["a\nb", "a\r\nX-Injected: y", "a\0b"])
def test_a_token_that_no_field_can_hold(tls_config: Path, token: str) -> None:
    assert _policy_error(_cluster(_changed(tls_config, _set_user(token=token)))).endswith(
        'net/http: invalid header field value for "Authorization"'
    )


def test_a_token_that_is_not_ascii_is_sent(tls_config: Path) -> None:
    assert _policy_error(_cluster(_changed(tls_config, _set_user(token="caf\u00e9")))).endswith("Unauthorized")


def test_basic_credentials_and_impersonation_are_sent_over_tls(authority: Authority, tmp_path: Path) -> None:
    with ClusterServer(tls=authority.server) as cluster:
        _fill(cluster)
        config = cluster.kubeconfig(tmp_path / "config", ca_file=authority.write(tmp_path / "ca.pem"))
        _cluster(_changed(config, _set_user(username="u", password="p", **{"as": "other"}))).policy("ns/pol")
        headers = cluster.request_log.requests[-1].headers
        assert headers["Authorization"] == f"Basic {base64.b64encode(b'u:p').decode()}"
        assert headers["Impersonate-User"] == "other"


def test_a_pod_uses_its_service_account(tls_server: ClusterServer, authority: Authority, tmp_path: Path) -> None:
    account = tmp_path / "account"
    account.mkdir()
    authority.write(account / "ca.crt")
    (account / "token").write_text("secret\n", encoding="utf-8")
    (account / "namespace").write_text("ns\n", encoding="utf-8")
    host, _, port = tls_server.url.removeprefix("https://").partition(":")
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    cluster = Client(environ, service_account=account)
    assert cluster.policy("pol") == {"publicKey": "k"}
    assert cluster.secret("ns", "sec") == {"cosign.pub": b"PEM\n"}
    (account / "token").unlink()
    with pytest.raises(KeyMaterialError) as caught:
        Client(environ, service_account=account).secret("ns", "sec")
    assert str(caught.value) == (
        "new for config: error creating REST client config in-cluster: "
        f"open {account / 'token'}: no such file or directory"
    )


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
        path = _changed(config, _set_server(server.url))
        assert _policy_error(_cluster(path)) == f"unable to fetch EnterpriseContractPolicy: {reason}"


def test_a_secret_that_is_not_base64(config: Path) -> None:
    with Server(lambda _: Response(200, (), b'{"data":{"a":"%"}}')) as server:
        path = _changed(config, _set_server(server.url))
        with pytest.raises(KeyMaterialError, match="data that isn't base64"):
            _cluster(path).secret("ns", "sec")


def test_nothing_is_read_before_something_is_wanted() -> None:
    _cluster("/nonexistent", flag="/nonexistent")


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
