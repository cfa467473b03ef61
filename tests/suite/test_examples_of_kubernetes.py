"""The manifests in docs/examples: each part names others that are there, and commands have flags that there are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = Path(__file__).parents[2] / "docs" / "examples" / "dask.yaml"
_GIVEN = {"dask-tls", "registry-credentials", "judged-by"}  # secrets and maps that users make: the file's head


@cache
def _documents() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(_FILE.read_text(encoding="utf-8")))


def _pods() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for document in _documents():
        if template := document.get("spec", {}).get("template"):
            yield document, template


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    spec = pod["spec"]
    return [*spec.get("initContainers", ()), *spec["containers"]]


def _commands() -> list[list[str]]:
    return [one["command"] for _, pod in _pods() for one in pod["spec"]["containers"] if "command" in one]


def test_each_document_says_what_it_is() -> None:
    named = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in _documents()]
    assert len(set(named)) == len(named)
    assert {kind for _, kind, _ in named} == {
        *("Namespace", "Service", "Deployment", "StatefulSet", "PersistentVolumeClaim", "NetworkPolicy", "Job")
    }
    spaces = {one["metadata"]["namespace"] for one in _documents() if one["kind"] != "Namespace"}
    assert spaces == {one["metadata"]["name"] for one in _documents() if one["kind"] == "Namespace"}


def test_selectors_select_pods() -> None:
    labels = [pod["metadata"]["labels"] for _, pod in _pods()]
    for document, pod in _pods():
        if document["kind"] != "Job":
            assert document["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
    services = {one["metadata"]["name"]: one["spec"] for one in _documents() if one["kind"] == "Service"}
    assert all(spec["selector"] in labels for spec in services.values())
    assert all(
        document["spec"]["serviceName"] in services for document, _ in _pods() if "serviceName" in document["spec"]
    )


def test_volumes_are_there_and_each_is_mounted() -> None:
    claims = {one["metadata"]["name"] for one in _documents() if one["kind"] == "PersistentVolumeClaim"}
    for document, pod in _pods():
        spec = pod["spec"]
        templates = [one["metadata"]["name"] for one in document["spec"].get("volumeClaimTemplates", ())]
        mounted = {mount["name"] for one in _containers(pod) for mount in one.get("volumeMounts", ())}
        assert mounted == {*templates, *(volume["name"] for volume in spec["volumes"])}
        sources = [
            volume.get("secret", {}).get("secretName")
            or volume.get("configMap", {}).get("name")
            or volume.get("persistentVolumeClaim", {}).get("claimName")
            for volume in spec["volumes"]
            if "emptyDir" not in volume
        ]
        assert set(sources) <= claims | _GIVEN


def test_the_network_is_shut_to_all_but_the_clusters_own() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in _documents() if one["kind"] == "NetworkPolicy"}
    let_in = {
        name: set(policy["ingress"][0]["from"][0]["podSelector"]["matchExpressions"][0]["values"])
        for name, policy in policies.items()
    }
    names = {pod["metadata"]["labels"]["app"] for _, pod in _pods()}
    shut = set(policies["dask"]["podSelector"]["matchExpressions"][0]["values"])
    assert shut == {"dask-scheduler", "dask-worker"}
    assert policies["pull-through"]["podSelector"] == {"matchLabels": {"app": "pull-through"}}
    assert let_in == {"dask": names - {"pull-through"}, "pull-through": {"dask-worker", "ec-ref"}}


def test_pods_keep_to_the_restricted_standard() -> None:
    (space,) = (one for one in _documents() if one["kind"] == "Namespace")
    assert space["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    for _, pod in _pods():
        of_pod = pod["spec"]["securityContext"]
        assert (of_pod["runAsNonRoot"], of_pod["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
        for one in _containers(pod):
            assert one["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
            assert set(one["resources"]) == {"requests", "limits"}


def test_the_job_goes_on_where_it_ended() -> None:
    from refimpl.command_line.commands import VALIDATE_IMAGE
    from refimpl.command_line.flags import parse_flags

    (command,) = (one for one in _commands() if one[0] == "ec-ref")
    assert command[1:3] == ["validate", "image"]
    values = parse_flags(VALIDATE_IMAGE, command[3:]).values
    assert values["engine"] == "dask"
    assert values["output"] == [f"ndjson={values['resume']}"]
    (lists,) = (one["command"] for _, pod in _pods() for one in pod["spec"].get("initContainers", ()))
    assert values["images"] == lists[-1]


def test_the_scheduler_is_the_same_for_all() -> None:
    addresses = {word.rpartition("=")[2] for command in _commands() for word in command if "tls://" in word}
    assert addresses == {"tls://dask-scheduler:8786"}


@pytest.mark.parametrize("kind", ["scheduler", "worker"])
def test_dask_has_the_flags(kind: str) -> None:
    click = pytest.importorskip(f"distributed.cli.dask_{kind}", reason="the extra isn't installed")
    known = {option for parameter in click.main.params for option in (*parameter.opts, *parameter.secondary_opts)}
    (command,) = (one for one in _commands() if one[:2] == ["dask", kind])
    used = {word.partition("=")[0] for word in command if word.startswith("--")}
    assert used <= known
