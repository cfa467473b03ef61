"""What registries and other servers say in header fields, and URLs; files with credentials."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz import seeds
from fuzz.target import target
from refimpl.golang import url
from refimpl.http import challenge
from refimpl.http.addresses import is_inside
from refimpl.kubernetes import exec_plugin, kubeconfig
from refimpl.oci import client, dockerconfig, reference, status, token
from refimpl.redaction import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

_IMAGE = reference.parse(f"registry.test/a/b@{seeds.DIGEST}")
_SCRATCH = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 - a file of its own is made in it


def _challenges() -> Iterable[bytes]:
    yield b'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a/b:pull"'
    yield b'Negotiate abc==, Basic realm="a \\"b\\"", Digest a=b, c = "d"'


@target("challenge", _challenges, "Bearer ", "Basic ", "realm=", '\\"', ", ", "=")
def _challenge(data: bytes) -> None:
    found = challenge.challenges(data.decode("latin-1").split("\n"))
    assert challenge.choose(found).scheme


def _urls() -> Iterable[bytes]:
    yield from (
        b"https://user:password@host.test:443/a/../b%2F?c=d&e#f",
        b"http://[fe80::1%25eth0]:80/",
        b"//host/x",
        b"../x?y",
    )
    yield from (
        "https://bücher.test/ü?ü".encode(),
        b"mailto:a@b",
        b"http://127.1/",
        b"git::https://u:p@h/x.git//s?ref=r",
    )


@target("url", _urls, "://", "@", "%zz", "xn--", "[::1]", ":65536", "\u3002", "a." * 130, "ß")
def _url(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    without_secrets(text)
    found = url.parse(text)
    str(found)
    _ = found.target
    assert isinstance(found.join("../y?z"), url.URL)
    _ = found.origin
    is_inside(found.hostname)


@target("redirect", _urls, "://", "//", "?", "#", "\\", "..", "%2e%2e/")
def _redirect(data: bytes) -> None:
    base = url.parse("https://host.test/v2/a/b/blobs/c?d=e")
    _ = base.join(data.decode("latin-1")).origin


class _Answer:
    url = f"https://registry.test/v2/a/b/referrers/{seeds.DIGEST}"

    def __init__(self, *links: str) -> None:
        self._links = links

    def headers(self, _: str) -> tuple[str, ...]:
        return self._links


def _links() -> Iterable[bytes]:
    yield f'<https://registry.test/v2/a/b/referrers/{seeds.DIGEST}?n=10&last=x>; rel="next"'.encode()
    yield b'</other>; rel="prev", <?n=1>; title="a,b"; rel="next last"'


@target("link", _links, "<", ">", '; rel="next"', "; rel=next", ", ", '\\"')
def _link(data: bytes) -> None:
    client._next_page(_Answer(*data.decode("latin-1").split("\n")), _IMAGE)  # type: ignore[arg-type]  # all that is asked of it


def _docker_configurations() -> Iterable[bytes]:
    pair = base64.b64encode(b"user:password").decode()
    auths = {"registry.test": {"auth": pair}, "https://other.test/v1/": {"username": "u", "password": "p"}}
    yield seeds.encode({"auths": auths, "credHelpers": {"x.test": "x"}, "credsStore": "s"})
    yield (
        seeds.encode({"AUTHS": {"a.test/b": {"identitytoken": "t", "registrytoken": "r", "auth": "Og=="}}})
        + b" trailing"
    )


@target("docker-config", _docker_configurations, "auths", "credHelpers", "identitytoken", "https://")
def _docker_config(data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_SCRATCH) as folder:
        Path(folder, "config.json").write_bytes(data)
        found = dockerconfig.load({"DOCKER_CONFIG": folder})
        for key in ("registry.test", "https://registry.test", "other.test"):
            found.helper(key)
            found.look_up(key).authorization.encode()
    dockerconfig.load({"DOCKER_AUTH_CONFIG": data.decode("utf-8", "surrogateescape").replace("\0", "")})


@target("helper-answer", lambda: [b'{"ServerURL": "x", "Username": "u", "Secret": "s"}'], refuses=(ValueError,))
def _helper_answer(data: bytes) -> None:
    dockerconfig.helper_answer(data)


def _kubeconfigs() -> Iterable[bytes]:
    for user in (b"token: t", b"username: a, password: b"):
        yield (
            b"""apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: k, user: u, namespace: policies}}]
clusters:
- name: k
  cluster: {server: "https://kube.test:6443", certificate-authority-data: aGVsbG8=, tls-server-name: x}
users:
- name: p
  user: {exec: {command: ./x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, env: [{name: a}]}}
- name: u
  user: {%s, client-certificate-data: aGVsbG8=, client-key-data: aGVsbG8=, as: x}
"""
            % user
        )


@target("kubeconfig", _kubeconfigs, "current-context", "exec:", "tokenFile: x", "-data: ", "clusters", "null")
def _kubeconfig(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(prefix="fuzz-", dir=_SCRATCH) as file:
        file.write(data)
        file.flush()
        kubeconfig.load(file.name, {})


def _texts() -> Iterable[bytes]:
    yield b'Get "https://user:password@host.test:443/a": EOF'
    yield b"git::user:password@host.test/a?ref=b, oci::host.test/a:b@sha256:00, ssh://git@host.test"
    yield b"https://[::1]:5000/a@b, https://token@host.test, http://a:b/c@d"


@target("secrets", _texts, "://", "@", ":", "git::", "oci::", "https://", "/", "[", "]", "x-oauth-basic")
def _secrets(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    assert "hunter2" not in without_secrets(f"{text} https://user:hunter2@host.test {text}")


@target("token-answer", lambda: [b'{"token": "t", "access_token": "a", "expires_in": 300}'], "null", "1e999", "\\ud800")
def _token_answer(data: bytes) -> None:
    assert token.token_in(data).isascii()


def _errors() -> Iterable[bytes]:
    yield b'{"errors": [{"code": "DENIED", "message": "no", "detail": {"a": [1, 1.5, true, null, "b"]}}, {}]}'


@target("error-body", _errors, "errors", "detail", "1e999", "\\ud800", "\\u001b", "[[[[[[[[")
def _error_body(data: bytes) -> None:
    assert not any(character in one for one in status.diagnostics(data) for character in "\x00\x1b\x7f\x9b")


def _answers() -> Iterable[bytes]:
    yield b"""{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {
"token": "t", "clientCertificateData": "c", "clientKeyData": "k", "expirationTimestamp": "2031-05-01T12:00:00Z"}}"""


@target("exec-credential", _answers, "status", "token", "null", "Z", "+24:00", "\\ud800")
def _exec_credential(data: bytes) -> None:
    exec_plugin.credential_in(data, "client.authentication.k8s.io/v1").token.encode("ascii")
