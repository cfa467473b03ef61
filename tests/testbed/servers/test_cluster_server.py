from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from sessions import Session, ask

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.cluster import ClusterServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUSTOM = "/apis/appstudio.redhat.com/v1alpha1/namespaces/{}/{}/{}"


@pytest.fixture
def server() -> Iterator[ClusterServer]:
    with ClusterServer() as running:
        yield running


def get(server: ClusterServer, path: str) -> tuple[int, Any]:
    response = ask("GET", server.url + path)
    return response.status_code, response.json()


def test_a_policy_has_the_given_specification(server: ClusterServer) -> None:
    server.policy("acceptance", "ec-policy", {"sources": []})
    status, document = get(server, CUSTOM.format("acceptance", "enterprisecontractpolicies", "ec-policy"))
    assert status == 200
    assert document["apiVersion"] == "appstudio.redhat.com/v1alpha1"
    assert document["kind"] == "EnterpriseContractPolicy"
    assert document["metadata"].items() >= {"name": "ec-policy", "namespace": "acceptance"}.items()
    assert document["spec"] == {"sources": []}


def test_an_object_can_be_replaced(server: ClusterServer) -> None:
    path = CUSTOM.format("a", "snapshots", "s")
    server.snapshot("a", "s", {"application": "one"})
    _, before = get(server, path)
    server.snapshot("a", "s", {"application": "two"})
    _, after = get(server, path)
    assert (before["spec"]["application"], after["spec"]["application"]) == ("one", "two")
    assert before["metadata"]["uid"] == after["metadata"]["uid"]
    assert before["metadata"]["resourceVersion"] != after["metadata"]["resourceVersion"]


def test_a_secret_is_encoded(server: ClusterServer) -> None:
    server.secret("a", "key", {"cosign.pub": b"PEM"})
    _, document = get(server, "/api/v1/namespaces/a/secrets/key")
    assert (document["kind"], document["apiVersion"]) == ("Secret", "v1")
    assert base64.b64decode(document["data"]["cosign.pub"]) == b"PEM"


def test_what_is_not_there_is_a_status_object(server: ClusterServer) -> None:
    server.policy("other", "p", {})
    assert get(server, CUSTOM.format("acceptance", "enterprisecontractpolicies", "p")) == (
        404,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": 'enterprisecontractpolicies.appstudio.redhat.com "p" not found',
            "reason": "NotFound",
            "details": {"name": "p", "group": "appstudio.redhat.com", "kind": "enterprisecontractpolicies"},
            "code": 404,
        },
    )
    _, secret = get(server, "/api/v1/namespaces/a/secrets/key")
    assert (secret["message"], secret["details"]) == ('secrets "key" not found', {"name": "key", "kind": "secrets"})


def test_a_forbidden_object_is_a_status_object(server: ClusterServer) -> None:
    server.secret("a", "key", {})
    server.secret("a", "other", {})
    server.forbid("secrets", "a", "key")
    status, document = get(server, "/api/v1/namespaces/a/secrets/key")
    assert (status, document["code"], document["reason"]) == (403, 403, "Forbidden")
    assert document["message"].startswith('secrets "key" is forbidden: User "')
    assert get(server, "/api/v1/namespaces/a/secrets/other")[0] == 200


@pytest.mark.parametrize(
    "path", ["/", "/api", "/apis/apps/v1/namespaces/a/deployments/x", "/api/v1/namespaces/a/snapshots/x"]
)
def test_unknown_paths_are_as_a_real_server_has_them(server: ClusterServer, path: str) -> None:
    response = ask("GET", server.url + path)
    assert (response.status_code, response.content) == (404, b"404 page not found\n")


def test_objects_are_only_read(server: ClusterServer) -> None:
    response = ask("DELETE", server.url + "/api/v1/namespaces/a/secrets/x")
    assert (response.status_code, response.json()["reason"]) == (405, "MethodNotAllowed")


def test_the_request_log_has_each_request(server: ClusterServer) -> None:
    get(server, "/api/v1/namespaces/a/secrets/x")
    [asked] = server.request_log.matching("GET", r".*/secrets/[a-z]")
    assert asked.status == 404
    assert server.request_log.matching("GET", "/secrets") == ()


def test_a_kubeconfig_names_server_and_namespace(server: ClusterServer, tmp_path: Path) -> None:
    document = yaml.safe_load(server.kubeconfig(tmp_path / "config", namespace="acceptance").read_text())
    [context] = document["contexts"]
    assert context["name"] == document["current-context"]
    assert context["context"]["namespace"] == "acceptance"
    assert document["clusters"] == [{"name": context["context"]["cluster"], "cluster": {"server": server.url}}]
    assert [user["name"] for user in document["users"]] == [context["context"]["user"]]


def test_a_kubeconfig_may_lack_a_namespace(server: ClusterServer, tmp_path: Path) -> None:
    document = json.loads(server.kubeconfig(tmp_path / "config").read_text())
    assert "namespace" not in document["contexts"][0]["context"]


def test_over_https_the_kubeconfig_has_all_a_client_needs(tmp_path: Path) -> None:
    authority = Authority()
    with ClusterServer(tls=authority.server, token="secret") as server:
        server.secret("a", "key", {})
        path = server.kubeconfig(tmp_path / "config", ca_file=authority.write(tmp_path / "ca.pem"))
        document = json.loads(path.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        with Session(tmp_path / "ca.pem") as session:
            url = cluster["server"] + "/api/v1/namespaces/a/secrets/key"
            answers = [
                session.ask("GET", url, headers=headers)
                for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {user['token']}"})
            ]
    assert [answer.status_code for answer in answers] == [401, 401, 200]
    assert answers[0].json()["message"] == "Unauthorized"
