"""Configurations that name clusters: which counts, and which are refused; texts recorded from the real command."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from clusters import NO_CONFIGURATION, open_cluster, policy_error, set_cluster, set_server, set_user, write_changed

from refimpl.errors import InputError, KeyMaterialError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda document: document.update({"current-context": ""}), NO_CONFIGURATION),
        (
            lambda document: document.update({"current-context": "nope"}),
            (
                "invalid configuration: [context was not found for specified context: nope, "
                "cluster has no server defined]"
            ),
        ),
        (lambda document: document.update(clusters=[]), NO_CONFIGURATION),
        (set_server(""), 'invalid configuration: no server found for cluster "acceptance"'),
        (
            set_user(**{"client-certificate": "/none/c", "client-key": "/none/k"}),
            (
                "invalid configuration: [unable to read client-cert /none/c for acceptance due to "
                "open /none/c: no such file or directory, unable to read client-key /none/k for acceptance due to "
                "open /none/k: no such file or directory]"
            ),
        ),
        (set_user(tokenFile="/none"), "open /none: no such file or directory"),
        (
            set_user(exec={"command": "false", "apiVersion": "client.authentication.k8s.io/v1"}),
            "invalid configuration: interactiveMode must be specified for acceptance to use exec authentication plugin",
        ),
        (
            set_user(exec={"command": "false", "apiVersion": "other/v1", "interactiveMode": "Never"}),
            'exec plugin: invalid apiVersion "other/v1"',
        ),
        (set_user(tokenFile="/dev/null"), 'read empty token from file "/dev/null"'),
        (
            set_user(**{"client-certificate-data": "eA=="}),
            (
                "invalid configuration: client-key-data or client-key must be specified for acceptance "
                "to use the clientCert authentication method."
            ),
        ),
        (
            set_user(**{"client-certificate-data": "eA==", "client-key-data": "eA==", "client-key": "/dev/null"}),
            (
                "invalid configuration: client-key-data and client-key are both specified for acceptance; "
                "client-key-data will override"
            ),
        ),
        (
            set_user(token="secret", username="u"),
            (
                "invalid configuration: more than one authentication method found for acceptance; "
                "found [token basicAuth], only one is allowed"
            ),
        ),
        (
            set_cluster(**{"certificate-authority-data": "eA==", "certificate-authority": "/dev/null"}),
            (
                "invalid configuration: certificate-authority-data and certificate-authority are both specified for "
                "acceptance. certificate-authority-data will override."
            ),
        ),
        (
            set_cluster(**{"certificate-authority-data": "eA==", "insecure-skip-tls-verify": True}),
            "specifying a root certificates file with the insecure flag is not allowed",
        ),
    ],
)
def test_a_configuration_that_leads_nowhere(
    config: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    if os.name != "posix":
        pytest.skip("these paths are absolute on POSIX only")
    assert policy_error(open_cluster(write_changed(config, change))) == f"cannot initialize Kubernetes client: {reason}"


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
    assert policy_error(open_cluster(path)).startswith(f"cannot initialize Kubernetes client: {expected}")
    with pytest.raises(KeyMaterialError) as caught:
        open_cluster(path).secret("ns", "sec")
    assert str(caught.value).startswith(f"new for config: error creating REST client config: {expected}")


def test_missing_files_are_passed_over_but_not_the_flags(tmp_path: Path, config: Path) -> None:
    missing = tmp_path / "missing"
    assert open_cluster(f"{missing}{os.pathsep}{config}").policy("ns/pol") == {"publicKey": "k"}
    assert policy_error(open_cluster(missing)) == f"cannot initialize Kubernetes client: {NO_CONFIGURATION}"
    with pytest.raises(InputError, match=rf"^{NO_CONFIGURATION}$"):
        open_cluster(missing).snapshot("ns/snap")
    assert policy_error(open_cluster(config, flag=missing)) == (
        f"cannot initialize Kubernetes client: stat {missing}: no such file or directory"
    )


def test_the_home_directory_has_the_last_word(config: Path, tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    config.rename(tmp_path / ".kube" / "config")
    assert open_cluster("", HOME=str(tmp_path)).policy("pol") == {"publicKey": "k"}


def test_of_several_files_the_first_that_says_something_counts(tmp_path: Path, config: Path) -> None:
    first = tmp_path / "first"
    first.write_text(
        '{"current-context":"mine","contexts":[{"name":"mine","context":{"cluster":"acceptance","namespace":"ns"}}]}',
        encoding="utf-8",
    )
    assert open_cluster(f"{first}{os.pathsep}{config}").policy("pol") == {"publicKey": "k"}
