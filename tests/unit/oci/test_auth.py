from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.deadline import Deadline
from refimpl.oci.auth import ANONYMOUS, Credentials, Keychain
from refimpl.oci.errors import RegistryError
from refimpl.oci.reference import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

QUAY = Repository("quay.io", "org/app")
HUB = Repository("index.docker.io", "ab")


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def found(environ: Mapping[str, str], repository: Repository = QUAY) -> Credentials:
    return Keychain(environ, Deadline(20)).credentials(repository)


def with_config(folder: Path, document: object) -> dict[str, str]:
    (folder / "config.json").write_text(json.dumps(document))
    return {"DOCKER_CONFIG": str(folder)}


@pytest.mark.parametrize(
    ("auths", "user"),
    [
        ({"quay.io": auth("r", "p")}, "r"),
        ({"quay.io": auth("r", "p"), "quay.io/org": auth("o", "p"), "quay.io/org/app": auth("a", "p")}, "a"),
        ({"quay.io": auth("r", "p"), "quay.io/org": auth("o", "p")}, "o"),
        ({"quay.io": auth("r", "p"), "quay.io/other": auth("o", "p")}, "r"),
        ({"https://quay.io": auth("s", "p")}, "s"),
        ({"https://quay.io/v1/": auth("v", "p")}, "v"),
        ({"quay.io": {"username": "u", "password": "p"}}, "u"),
        ({"other.io": auth("x", "p")}, ""),
        ({"quay.io": {"auth": "*"}}, ""),
        ({"quay.io": []}, ""),
        ([], ""),
    ],
    ids=str,
)
def test_the_most_specific_key_wins(tmp_path: Path, auths: Any, user: str) -> None:
    assert found(with_config(tmp_path, {"auths": auths})).username == user


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
def test_docker_hubs_keys(tmp_path: Path, key: str) -> None:
    assert found(with_config(tmp_path, {"auths": {key: auth("u", "p:w")}}), HUB) == Credentials("u", "p:w")


def test_tokens(tmp_path: Path) -> None:
    environ = with_config(tmp_path, {"auths": {"quay.io": {"identitytoken": "i", "registrytoken": "r"}}})
    assert found(environ) == Credentials(identity_token="i", registry_token="r")


def test_places(tmp_path: Path) -> None:
    places = {"DOCKER_CONFIG": "config.json", "HOME": ".docker/config.json", "XDG_RUNTIME_DIR": "containers/auth.json"}
    environ = {}
    for variable, name in places.items():
        path = tmp_path / variable / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"auths": {"quay.io": auth(variable, "p")}}))
        environ[variable] = str(tmp_path / variable)
    file = tmp_path / "auth.json"
    file.write_text(json.dumps({"auths": {"quay.io": auth("REGISTRY_AUTH_FILE", "p")}}))
    environ["REGISTRY_AUTH_FILE"] = str(file)
    for variable in ("DOCKER_CONFIG", "HOME", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR"):
        assert found(environ).username == variable
        del environ[variable]
    assert found(environ) is ANONYMOUS
    assert found({"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / "nowhere")}) is ANONYMOUS


@pytest.mark.parametrize("text", ["{", "[]", "\udcff"])
def test_an_unreadable_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(RegistryError, match=r"config\.json: "):
        found({"DOCKER_CONFIG": str(tmp_path)})


def helper(folder: Path, body: str) -> dict[str, str]:
    path = folder / "docker-credential-test"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\nkey = sys.stdin.read()\n{body}\n")
    path.chmod(0o700)
    return {"PATH": str(folder)}


ANSWER = 'print(json.dumps({"ServerURL": key, "Username": "u " + key, "Secret": "s"}))'


@pytest.mark.skipif(sys.platform == "win32", reason="the helper is a script")
@pytest.mark.parametrize("document", [{"credHelpers": {"quay.io": "test"}}, {"credsStore": "test"}], ids=str)
def test_helpers(tmp_path: Path, document: dict[str, Any]) -> None:
    log = tmp_path / "log"
    environ = helper(tmp_path, f"open({str(log)!r}, 'a').write(key + '\\n')\n{ANSWER}")
    environ |= with_config(tmp_path, document)
    keychain = Keychain(environ, Deadline(20))
    first = keychain.credentials(QUAY)
    assert first.username.startswith("u quay.io")
    assert keychain.credentials(QUAY) == first
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the helper is a script")
def test_a_store_that_knows_nothing_leaves_it_to_the_file(tmp_path: Path) -> None:
    environ = helper(tmp_path, "print('credentials not found in native keychain'); sys.exit(1)")
    environ |= with_config(tmp_path, {"credsStore": "test", "auths": {"quay.io": auth("u", "p")}})
    assert found(environ).username == "u"


@pytest.mark.skipif(sys.platform == "win32", reason="the helper is a script")
def test_a_helpers_identity_token(tmp_path: Path) -> None:
    environ = helper(tmp_path, 'print(json.dumps({"Username": "<token>", "Secret": "t"}))')
    assert found({**environ, **with_config(tmp_path, {"credsStore": "test"})}) == Credentials(identity_token="t")


@pytest.mark.skipif(sys.platform == "win32", reason="the helper is a script")
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("print('boom'); sys.exit(3)", "error getting credentials - err: exit status 3, out: `boom`"),
        ("print('[]')", "error getting credentials - err: docker-credential-test gave no credentials, out: ``"),
    ],
)
def test_a_helper_that_fails_is_an_error(tmp_path: Path, body: str, text: str) -> None:
    environ = helper(tmp_path, body)
    with pytest.raises(RegistryError) as caught:
        found({**environ, **with_config(tmp_path, {"credsStore": "test"})})
    assert str(caught.value) == text


@pytest.mark.parametrize("name", ["absent", "../evil"])
def test_a_helper_that_isnt_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(RegistryError, match="error getting credentials - err: "):
        found({"PATH": str(tmp_path), **with_config(tmp_path, {"credsStore": name})})


def test_basic() -> None:
    assert Credentials("user", "pass word").basic == "Basic dXNlcjpwYXNzIHdvcmQ="
    assert ANONYMOUS.basic == ""
