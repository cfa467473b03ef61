"""What tests of the Kubernetes client share: configurations, and what comes of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.errors import PolicyError
from refimpl.kubernetes.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ec_acceptance.testbed.servers.cluster import ClusterServer
    from refimpl.kubernetes.client import Client

NO_CONFIGURATION = (
    "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable"
)


def fill(cluster: ClusterServer) -> None:
    cluster.policy("ns", "pol", {"publicKey": "k"})
    cluster.policy("default", "pol", {"publicKey": "default"})
    cluster.snapshot("ns", "snap", {"application": "app"})
    cluster.secret("ns", "sec", {"cosign.pub": b"PEM\n"})
    cluster.forbid("enterprisecontractpolicies", "ns", "forb")


def open_cluster(kubeconfig: object, *, flag: object = "", **environ: str) -> Cluster:
    return Cluster({"KUBECONFIG": str(kubeconfig), **environ}, kubeconfig=str(flag))


def write_changed(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    target = path.with_name("changed")
    target.write_text(json.dumps(document), encoding="utf-8")
    return target


def policy_error(cluster: Cluster | Client, reference: str = "ns/pol") -> str:
    with pytest.raises(PolicyError) as caught:
        cluster.policy(reference)
    return str(caught.value)


def set_server(url: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["clusters"][0]["cluster"].update(server=url)


def set_cluster(**members: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["clusters"][0]["cluster"].update(members)


def set_user(**members: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["users"][0]["user"].update(members)
