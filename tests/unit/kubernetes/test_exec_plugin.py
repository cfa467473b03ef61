"""Credential plugins of kubeconfigs: what they are told, and what is taken of what they say."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.cluster import ClusterServer
from refimpl.errors import PolicyError
from refimpl.kubernetes.cluster import Cluster
from refimpl.kubernetes.exec_plugin import ANSWER_LIMIT, Plugin, PluginError, credential_in, plugin_of, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the plugins are scripts")

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
INFO = "KUBERNETES_EXEC_INFO"


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    def write(body: str) -> Path:
        path = tmp_path / "plugin"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{body}\n")
        path.chmod(0o700)
        return path

    return write


def answering(document: object) -> str:
    return f"print({json.dumps(document)!r})"


def credential(status: object, version: str = V1) -> dict[str, Any]:
    return {"kind": "ExecCredential", "apiVersion": version, "status": status}


def ask(path: Path, seconds: float = 60, **more: Any) -> Any:
    return run(Plugin(str(path), version=V1, mode="Never", **more), {"PATH": ""}, seconds)


def test_a_token_and_a_time(program: Callable[[str], Path]) -> None:
    status = {"token": "t", "expirationTimestamp": "2031-05-01T12:00:00Z"}
    found = ask(program(answering(credential(status))))
    assert found.token == "t"
    assert found.expires.isoformat() == "2031-05-01T12:00:00+00:00"
    assert "'t'" not in repr(found)


def test_an_answer_in_yaml() -> None:
    text = f"apiVersion: {V1}\nkind: ExecCredential\nstatus:\n  token: t\n  expirationTimestamp: 2031-05-01T12:00:00Z\n"
    found = credential_in(text.encode(), V1)
    assert found.token == "t"
    assert found.expires is not None
    with pytest.raises(PluginError, match="isn't an ExecCredential in JSON or YAML"):
        credential_in(json.dumps(credential({"token": "t"})).encode() + b"\nand more", V1)


def test_a_certificate_and_its_key(program: Callable[[str], Path]) -> None:
    found = ask(program(answering(credential({"clientCertificateData": "c", "clientKeyData": "k"}))))
    assert (found.certificate, found.private_key) == (b"c", b"k")


def test_what_a_plugin_is_told(program: Callable[[str], Path]) -> None:
    told = (
        f'{{"info": json.loads(os.environ["{INFO}"]), "args": sys.argv[1:], '
        '"a": os.environ["A"], "in": sys.stdin.read()}'
    )
    path = program(
        f'print(json.dumps({{"kind": "ExecCredential", "apiVersion": "{V1}",'
        f' "status": {{"token": json.dumps({told})}}}}))'
    )
    found = ask(path, arguments=("x", "y z"), environ=(("A", "b"),), cluster={"server": "https://c"})
    assert json.loads(found.token) == {
        "info": {
            "kind": "ExecCredential",
            "apiVersion": V1,
            "spec": {"interactive": False, "cluster": {"server": "https://c"}},
        },
        "args": ["x", "y z"],
        "a": "b",
        "in": "",
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("sys.exit(7)", r"^exec: executable .*/plugin failed with exit code 7$"),
        ("time.sleep(60)", r"^exec: .*/plugin: no answer within 1 s$"),
        ("while True: print('x' * 65536)", rf"^exec: .*/plugin: its answer is longer than {ANSWER_LIMIT} bytes$"),
        ("print('no JSON')", "isn't an ExecCredential"),
        ("print('[' * 100000)", "isn't an ExecCredential"),
        (answering([]), "isn't an ExecCredential"),
        (answering({"kind": "Status"}), "isn't an ExecCredential"),
        (
            answering(credential({"token": "t"}, V1BETA1)),
            f"configured to use API version {V1}, plugin returned version {V1BETA1}$",
        ),
        (answering(credential(None)), "didn't return a status field"),
        (answering(credential({"token": 5})), "didn't return a token or cert/key pair"),
        (answering(credential({"clientKeyData": "k"})), "returned only certificate or key, not both"),
        (answering(credential({"token": "a\nb"})), "a token that no header field can hold"),
        (answering(credential({"token": "\ud800"})), "a token that no header field can hold"),
        (answering(credential({"token": "t", "expirationTimestamp": "soon"})), "isn't a time by RFC 3339"),
        (answering(credential({"token": "t", "expirationTimestamp": 5})), "isn't a time by RFC 3339"),
        (answering(credential({"token": "t", "expirationTimestamp": "2031-01-01"})), "isn't a time by RFC 3339"),
    ],
)
def test_a_plugin_that_gives_nothing(program: Callable[[str], Path], body: str, reason: str) -> None:
    with pytest.raises(PluginError, match=reason) as caught:
        ask(program(body), 1 if "sleep" in body else 60)
    assert "\n" not in str(caught.value)


def test_a_plugin_that_is_not_there() -> None:
    with pytest.raises(PluginError) as caught:
        run(Plugin("absent", version=V1, mode="Never", hint="get it\n  there"), {"PATH": ""}, 20)
    assert str(caught.value) == "exec: executable absent not found: get it there"
    with pytest.raises(PluginError, match="standard input is not a terminal"):
        run(Plugin("absent", version=V1, mode="Always"), {"PATH": ""}, 20)
    with pytest.raises(PluginError, match=r"^exec: absent: "):
        run(Plugin("absent", version=V1, mode="Never", environ=(("A\0", "b"),)), {"PATH": ""}, 20)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"command": "c", "apiVersion": V1BETA1}, ""),
        ({"command": "c", "apiVersion": V1, "interactiveMode": "Never", "env": [{"name": "a"}], "args": None}, ""),
        (
            {},
            (
                "invalid configuration: [command must be specified for u to use exec authentication plugin, apiVersion "
                "must be specified for u to use exec authentication plugin, interactiveMode must be specified for u to "
                "use exec authentication plugin]"
            ),
        ),
        (
            {"command": "c", "apiVersion": V1},
            "invalid configuration: interactiveMode must be specified for u to use exec authentication plugin",
        ),
        (
            {"command": "c", "apiVersion": V1, "interactiveMode": "Maybe"},
            'invalid configuration: invalid interactiveMode for u: "Maybe"',
        ),
        (
            {"command": "c", "apiVersion": V1BETA1, "env": [{"value": "v"}]},
            "invalid configuration: env variable name must be specified for u to use exec authentication plugin",
        ),
        (
            {"command": "c", "apiVersion": "v9", "interactiveMode": "Never"},
            'exec plugin: invalid apiVersion "v9"',
        ),
    ],
)
def test_descriptions(table: dict[str, Any], problem: str) -> None:
    assert plugin_of(table, "u", {}).problem == problem


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(authority: Authority) -> Iterator[ClusterServer]:
    with ClusterServer(tls=authority.server, token="secret") as cluster:
        cluster.policy("ns", "pol", {"publicKey": "k"})
        cluster.policy("ns", "other", {"publicKey": "k"})
        yield cluster


def configuration(server: ClusterServer, authority: Authority, folder: Path, user: dict[str, Any]) -> Cluster:
    path = server.kubeconfig(folder / "config", ca_file=authority.write(folder / "ca.pem"))
    document = json.loads(path.read_text(encoding="utf-8"))
    document["users"][0]["user"] = user
    path.write_text(json.dumps(document), encoding="utf-8")
    return Cluster({"KUBECONFIG": str(path), "PATH": ""})


@pytest.mark.parametrize(("expires", "runs"), [(None, 1), ("2099-01-01T00:00:00Z", 1), ("2001-01-01T00:00:00Z", 2)])
def test_a_cluster_is_asked_with_a_plugins_token(
    server: ClusterServer,
    authority: Authority,
    tmp_path: Path,
    program: Callable[[str], Path],
    expires: str | None,
    runs: int,
) -> None:
    answer = credential({"token": "secret", "expirationTimestamp": expires}, V1BETA1)
    program(f"open({str(tmp_path / 'runs')!r}, 'a').write('x')\n{answering(answer)}")
    cluster = configuration(
        server,
        authority,
        tmp_path,
        {"exec": {"command": "./plugin", "apiVersion": V1BETA1, "provideClusterInfo": True}},
    )
    assert cluster.policy("ns/pol") == cluster.policy("ns/other") == {"publicKey": "k"}
    assert (tmp_path / "runs").read_text() == "x" * runs


def test_other_credentials_go_before_a_plugin(server: ClusterServer, authority: Authority, tmp_path: Path) -> None:
    plugin = {"command": "absent", "apiVersion": V1BETA1}
    cluster = configuration(server, authority, tmp_path, {"token": "secret", "exec": plugin})
    assert cluster.policy("ns/pol") == {"publicKey": "k"}
    alone = configuration(server, authority, tmp_path, {"exec": plugin})
    with pytest.raises(PolicyError) as caught:
        alone.policy("ns/pol")
    assert str(caught.value).endswith('pol": getting credentials: exec: executable absent not found')
    broken = configuration(server, authority, tmp_path, {"exec": {"command": "x"}})
    with pytest.raises(PolicyError, match=r"policy: invalid configuration: \[apiVersion|: invalid configuration: "):
        broken.policy("ns/pol")
