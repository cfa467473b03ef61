from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.deadline import Deadline
from refimpl.errors import RegistryError
from refimpl.oci.auth import Keychain
from refimpl.oci.dockerconfig import ANONYMOUS, Credentials
from refimpl.oci.reference import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

QUAY = Repository("quay.io", "org/app")
HUB = Repository("index.docker.io", "ab")


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def find(environ: Mapping[str, str], repository: Repository = QUAY) -> Credentials:
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
        ({"http://quay.io/v2/": auth("v", "p")}, "v"),
        ({"https://x@quay.io/some/path?q": auth("v", "p")}, "v"),
        ({"quay.io/": auth("v", "p")}, "v"),
        ({"quay.io/other": auth("v", "p")}, "v"),
        ({"https://quay.io:443/": auth("v", "p")}, ""),
        ({"https://quay.io.evil/": auth("v", "p")}, ""),
        ({"https://[": auth("v", "p"), "quay.io": auth("r", "p")}, "r"),
        ({"quay.io": {"Auth": auth("c", "p")["auth"]}}, "c"),
        ({"quay.io": {"USERNAME": "c", "passWord": "p"}}, "c"),
        ({"quay.io": {"auth": "dTpw\r\nYQ==\n"}}, "u"),
        ({"quay.io": {"auth": "dTpwYQ"}}, "u"),
        ({"quay.io": {"auth": 5, "username": "u"}}, "u"),
        ({"quay.io": {"username": "u", "password": "p"}}, "u"),
        ({"other.io": auth("x", "p")}, ""),
        ({"quay.io": {"auth": "*"}}, ""),
        ({"quay.io": []}, ""),
        ([], ""),
    ],
    ids=str,
)
def test_the_most_specific_key_wins(tmp_path: Path, auths: Any, user: str) -> None:
    assert find(with_config(tmp_path, {"auths": auths})).username == user


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
def test_docker_hubs_keys(tmp_path: Path, key: str) -> None:
    assert find(with_config(tmp_path, {"auths": {key: auth("u", "p:w")}}), HUB) == Credentials("u", "p:w")


@pytest.mark.parametrize(
    "text",
    [
        '{"AUTHS": {"quay.io": {"username": "u", "password": "p"}}}',
        '{"auths": {"quay.io": {"username": "u", "password": "p"}}}\n}\n',
        ' \n{"auths": {"quay.io": {"username": "u", "password": "p"}}} null',
        '{"auths": {"a.io": {}}, "Auths": {"quay.io": {"username": "u", "password": "p"}}}',
    ],
)
def test_a_file_is_read_as_go_reads_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert find({"DOCKER_CONFIG": str(tmp_path)}) == Credentials("u", "p")


@pytest.mark.parametrize("text", ["", " \n", "null", "{}", '{"auths": null}'])
def test_a_file_that_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert find({"DOCKER_CONFIG": str(tmp_path)}) is ANONYMOUS


def test_what_isnt_unicode_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b'{"auths": {"quay.io": {"username": "\\ud800", "password": "\xff"}}}')
    assert (
        find({"DOCKER_CONFIG": str(tmp_path)}).basic == "Basic " + base64.b64encode("\ufffd:\ufffd".encode()).decode()
    )
    pair = base64.b64encode(b"u:\xff").decode()
    path.write_text(json.dumps({"auths": {"quay.io": {"auth": pair}}}))
    assert find({"DOCKER_CONFIG": str(tmp_path)}).basic == f"Basic {pair}"


@pytest.mark.parametrize("rest", [{}, {"auths": {"quay.io": {"auth": "ZmlsZTpw"}}}], ids=str)
def test_the_environment_goes_before_the_file(tmp_path: Path, rest: dict[str, Any]) -> None:
    inline = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {"quay.io": auth("inline", "p")}})}
    assert find({**with_config(tmp_path, rest), **inline}).username == "inline"
    assert find(inline).username == "inline"


def test_an_environment_that_cannot_be_read_is_told_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environ = with_config(tmp_path, {"auths": {"quay.io": auth("file", "p")}})
    assert find({**environ, "DOCKER_AUTH_CONFIG": '{"auths": secret'}).username == "file"
    assert "Failed to create credential store from DOCKER_AUTH_CONFIG" in caplog.text
    assert "secret" not in caplog.text


def test_what_is_shown_of_credentials() -> None:
    assert "hidden" not in repr(Credentials("u", "hidden", "hidden", "hidden"))


def test_tokens(tmp_path: Path) -> None:
    environ = with_config(tmp_path, {"auths": {"quay.io": {"identitytoken": "i", "registrytoken": "r"}}})
    assert find(environ) == Credentials(identity_token="i", registry_token="r")


def test_places(tmp_path: Path) -> None:
    places = {"DOCKER_CONFIG": "config.json", "HOME": ".docker/config.json", "XDG_RUNTIME_DIR": "containers/auth.json"}
    environ = {}
    for variable, name in places.items():
        path = tmp_path / variable / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"auths": {"quay.io": auth(variable, "p")}}))
        environ[variable] = str(tmp_path / variable)
    (tmp_path / "empty").mkdir()
    beside = {**environ, "DOCKER_CONFIG": str(tmp_path / "empty")}
    assert find(beside) is ANONYMOUS  # the home folder has a file, but it isn't the one that counts
    del beside["HOME"]
    assert find(beside).username == "XDG_RUNTIME_DIR"
    file = tmp_path / "auth.json"
    file.write_text(json.dumps({"auths": {"quay.io": auth("REGISTRY_AUTH_FILE", "p")}}))
    environ["REGISTRY_AUTH_FILE"] = str(file)
    for variable in ("DOCKER_CONFIG", "HOME", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR"):
        assert find(environ).username == variable
        del environ[variable]
    assert find(environ) is ANONYMOUS
    assert find({"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / "nowhere")}) is ANONYMOUS


@pytest.mark.parametrize("text", ["{", "[]", "\udcff"])
def test_an_unreadable_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(RegistryError, match=r"^parsing config file \(.*config\.json\): not "):
        find({"DOCKER_CONFIG": str(tmp_path)})


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
    assert find(environ).username == "u"


@pytest.mark.skipif(sys.platform == "win32", reason="the helper is a script")
def test_a_helpers_identity_token(tmp_path: Path) -> None:
    environ = helper(tmp_path, 'print(json.dumps({"Username": "<token>", "Secret": "t"}))')
    assert find({**environ, **with_config(tmp_path, {"credsStore": "test"})}) == Credentials(identity_token="t")


@pytest.mark.skipif(sys.platform == "win32", reason="the helper is a script")
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("print('boom'); sys.exit(3)", "error getting credentials - err: exit status 3, out: `boom`"),
        (
            "sys.stdout.flush(); import os; os.kill(os.getpid(), 9)",
            "error getting credentials - err: signal: killed, out: ``",
        ),
        ("pass", "error getting credentials - err: docker-credential-test gave no credentials, out: ``"),
        (
            "print(json.dumps({'Username': 5, 'Secret': 'p'}))",
            "error getting credentials - err: docker-credential-test gave no credentials, out: ``",
        ),
        (
            "import time; time.sleep(60)",
            "error getting credentials - err: docker-credential-test: no answer within 1 s, out: ``",
        ),
        (
            f"import subprocess; subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(60)'])",
            "error getting credentials - err: docker-credential-test: no answer within 1 s, out: ``",
        ),
        (
            "while True: print('x' * 65536)",
            "error getting credentials - err: docker-credential-test: its answer is longer than 1048576 bytes, out: ``",
        ),
        ("print('[' * 100000)", "error getting credentials - err: docker-credential-test gave no credentials, out: ``"),
        ("print('[]')", "error getting credentials - err: docker-credential-test gave no credentials, out: ``"),
    ],
)
def test_a_helper_that_fails_is_an_error(tmp_path: Path, body: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "sleep" in body:
        monkeypatch.setattr("refimpl.oci.auth._HELPER_SECONDS", 1.0)
    environ = helper(tmp_path, body)
    with pytest.raises(RegistryError) as caught:
        find({**environ, **with_config(tmp_path, {"credsStore": "test"})})
    assert str(caught.value) == text


@pytest.mark.parametrize("name", ["absent", "../evil"])
def test_a_helper_that_isnt_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(RegistryError, match="error getting credentials - err: "):
        find({"PATH": str(tmp_path), **with_config(tmp_path, {"credsStore": name})})


def test_basic() -> None:
    assert Credentials("user", "pass word").basic == "Basic dXNlcjpwYXNzIHdvcmQ="
    assert ANONYMOUS.basic == ""


@pytest.mark.skipif(sys.platform == "win32", reason="modes of folders are another matter there")
def test_a_folder_that_mustnt_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.stat", refuse)
    assert find({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}) is ANONYMOUS
