"""The Kubernetes cluster, and how a validator is told where it is and who asks."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from behave import given

from ec_acceptance.testbed.scenario.behave_context import Context, skipping
from ec_acceptance.testbed.scenario.servers import NAMESPACE
from ec_acceptance.testbed.validator.sandbox import pod


@given("there is a cluster")
def a_cluster(context: Context) -> None:
    assert context.world.servers.cluster.url


@given('the cluster "{name}" demands the token "{token}"')
def the_cluster_demands(context: Context, name: str, token: str) -> None:
    context.world.servers.cluster_name, context.world.servers.cluster_token = name, token


def _change_kubeconfig(context: Context, cluster: dict[str, Any], user: dict[str, Any]) -> None:
    path = Path(context.world.environment["KUBECONFIG"])
    document = json.loads(path.read_text(encoding="utf-8"))
    document["clusters"][0]["cluster"].update(cluster)
    document["users"][0]["user"] = user
    path.write_text(json.dumps(document), encoding="utf-8")


@given("the kubeconfig has the authority as wrapped base64, and the server name of the certificate")
def authority_in_lines(context: Context) -> None:
    world = context.world
    lines = base64.encodebytes(world.services.authority.pem).decode()
    cluster = {"certificate-authority-data": lines, "tls-server-name": world.servers.cluster_name}
    _change_kubeconfig(context, cluster, {"token": world.servers.cluster_token})


@given("the kubeconfig names a credential plugin of version {version} that returns the token")
def a_plugin(context: Context, version: str) -> None:
    """It does so only if it is asked as it must be."""
    world = context.world
    api = f"client.authentication.k8s.io/{version}"
    answer = {"kind": "ExecCredential", "apiVersion": api, "status": {"token": world.servers.cluster_token}}
    program = world.folders.root / "plugin"
    program.write_text(
        "#!/bin/sh\n"
        f'case "$KUBERNETES_EXEC_INFO" in *"{api}"*) ;; *) exit 3 ;; esac\n'
        '[ "$1 $ASKED" = "token by-test" ] || exit 4\n'
        f"echo '{json.dumps(answer)}'\n",
        encoding="ascii",
    )
    program.chmod(0o755)
    plugin = {
        "apiVersion": api,
        "command": "./plugin",
        "args": ["token"],
        "env": [{"name": "ASKED", "value": "by-test"}],
        "interactiveMode": "Never",
    }
    cluster = {"certificate-authority": str(world.services.ca_file), "tls-server-name": world.servers.cluster_name}
    _change_kubeconfig(context, cluster, {"exec": plugin})


@given('the kubeconfig names the credential plugin "{command}" with the install hint "{hint}"')
def a_missing_plugin(context: Context, command: str, hint: str) -> None:
    api = "client.authentication.k8s.io/v1beta1"
    plugin = {"apiVersion": api, "command": command, "installHint": hint}
    _change_kubeconfig(context, {"tls-server-name": context.world.servers.cluster_name}, {"exec": plugin})


@given("the kubeconfig says {what}")
def an_unclear_kubeconfig(context: Context, what: str) -> None:
    """Besides the right name of the cluster, and all that a token needs where it isn't about that."""
    world = context.world
    token = world.servers.cluster_token
    cluster: dict[str, Any] = {"tls-server-name": world.servers.cluster_name}
    users: dict[str, dict[str, Any]] = {
        "a token and a password": {"token": token, "username": "someone", "password": "else"},
        "a client's certificate without its key": {
            "token": token,
            "client-certificate-data": base64.b64encode(world.services.authority.pem).decode(),
        },
        "an empty file with the token": {"tokenFile": os.devnull},
        "a number for the token": {"token": 5},
        "one user twice": {"token": token},
        "an authority, and that any will do": {"token": token},
    }
    if what == "an authority, and that any will do":
        cluster |= {"certificate-authority": str(world.services.ca_file), "insecure-skip-tls-verify": True}
    _change_kubeconfig(context, cluster, users[what])
    if what == "one user twice":
        path = Path(world.environment["KUBECONFIG"])
        document = json.loads(path.read_text(encoding="utf-8"))
        document["users"] *= 2
        path.write_text(json.dumps(document), encoding="utf-8")


def _become_a_pod(context: Context, namespace: str, *, token: str) -> None:
    """Nothing but what a pod is given says where the cluster is, and whom to trust for it."""
    world = context.world
    run = world.folders.root / "run"
    account = run / "secrets" / "kubernetes.io" / "serviceaccount"
    account.mkdir(parents=True)
    (account / "ca.crt").write_bytes(world.services.authority.pem)
    (account / "namespace").write_text(namespace, encoding="ascii")
    if token:
        (account / "token").write_text(f"{token}\n", encoding="ascii")
    host, _, port = world.servers.cluster.url.rpartition("//")[2].rpartition(":")
    del world.environment["KUBECONFIG"]
    told = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    world.environment |= {**told, "SSL_CERT_FILE": os.devnull}
    with skipping(context):
        world.runs.sandbox = pod(run)


@given('the validator is in a pod of that cluster, in the namespace "{namespace}"')
def a_pod(context: Context, namespace: str) -> None:
    _become_a_pod(context, namespace, token=context.world.servers.cluster_token)


@given("the validator is in a pod of that cluster, without a token")
def a_pod_without_a_token(context: Context) -> None:
    _become_a_pod(context, NAMESPACE, token="")
