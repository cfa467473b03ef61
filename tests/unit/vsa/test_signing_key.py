"""Signing keys: the form that cosign keeps them in, and what is wrong with others (specification 24 §14)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.signing.encrypted import encrypt_pem
from refimpl.errors import Error, KeyMaterialError
from refimpl.vsa.signing_key import load_signing_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

_PAIR = KeyPair.derive("tests", "vsa")


class _Cluster:
    def __init__(self, **fields: str) -> None:
        self.fields = fields

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes]:
        if (namespace, name) != ("ns", "signer"):
            raise KeyMaterialError(f"fetch secret {namespace}/{name}: not found")
        return {name.replace("_", "."): text.encode() for name, text in self.fields.items()}


def _load(reference: str, environ: Mapping[str, str] | None = None, **fields: str) -> Any:
    return load_signing_key(reference, environ=environ or {}, cluster=_Cluster(**fields))


@pytest.mark.parametrize("label", ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"])
def test_a_file_under_the_empty_password(tmp_path: Path, label: str) -> None:
    path = tmp_path / "vsa.key"
    path.write_text(encrypt_pem(_PAIR, "", label=label))
    key = _load(str(path))
    assert key.public.pem == _PAIR.public_pem
    assert key.public.accepts(key.sign(b"data"), b"data")


def test_the_password_is_in_the_variable_named_after_the_path(tmp_path: Path) -> None:
    path = str(tmp_path / "vsa.key")
    (tmp_path / "vsa.key").write_text(encrypt_pem(_PAIR, "secret"))
    assert _load(path, {path: "secret"}).public.pem == _PAIR.public_pem
    with pytest.raises(KeyMaterialError, match=f'^load private key "{path}": decrypt: encrypted: decryption failed$'):
        _load(path, {"COSIGN_PASSWORD": "secret"})


@pytest.mark.parametrize("reference", ["k8s://ns/signer", "k8s://ns/signer/cosign.key"])
def test_the_cluster_has_key_and_password(reference: str) -> None:
    assert (
        _load(reference, cosign_key=encrypt_pem(_PAIR, "secret"), cosign_password="secret").public.pem
        == _PAIR.public_pem
    )


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("k8s://ns", "invalid k8s key reference format"),
        ("k8s://ns/a/b/c", "invalid k8s key reference format"),
        ("k8s:///signer", "namespace and secret name must be specified"),
        ("k8s://ns/other", "fetch secret ns/other: not found"),
        ("k8s://ns/signer/x", 'key field "x" not found in secret ns/signer'),
    ],
)
def test_what_the_cluster_does_not_have(reference: str, text: str) -> None:
    with pytest.raises(KeyMaterialError, match=r"^resolve private key ") as caught:
        _load(reference, cosign_key="")
    assert text in str(caught.value)


def _change(change: Callable[[Any], None]) -> str:
    document = json.loads(base64.b64decode("".join(encrypt_pem(_PAIR, "").splitlines()[1:-1])))
    change(document)
    body = base64.b64encode(json.dumps(document).encode()).decode()
    return f"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n{body}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: d["kdf"].update(name="pbkdf2"), 'encrypted: unknown kdf name "pbkdf2"'),
        (lambda d: d["cipher"].update(name="aes"), 'encrypted: unknown cipher name "aes"'),
        (lambda d: d["kdf"]["params"].update(N=1 << 30), "unsupported scrypt parameters"),
        (lambda d: d["cipher"].update(nonce="AAAA"), "encrypted: incorrect nonce size"),
        (lambda d: d.update(ciphertext="AAAA"), "encrypted: decryption failed"),
        (lambda d: d.clear(), 'encrypted: unknown kdf name ""'),
    ],
)
def test_other_forms_are_refused(tmp_path: Path, change: Callable[[Any], None], text: str) -> None:
    path = tmp_path / "vsa.key"
    path.write_text(_change(change))
    with pytest.raises(KeyMaterialError) as caught:
        _load(str(path))
    assert str(caught.value) == f'load private key "{path}": decrypt: {text}'


def test_a_file_that_is_no_pem(tmp_path: Path) -> None:
    (tmp_path / "vsa.key").write_text("nothing")
    with pytest.raises(KeyMaterialError, match="invalid pem block"):
        _load(str(tmp_path / "vsa.key"))


@given(content=st.binary(max_size=200), label=st.sampled_from(["ENCRYPTED COSIGN PRIVATE KEY", "PRIVATE KEY"]))
def test_whatever_a_secret_holds_there_is_one_line(content: bytes, label: str) -> None:
    body = base64.b64encode(content).decode()
    with pytest.raises(Error) as caught:
        _load("k8s://ns/signer", cosign_key=f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    assert str(caught.value).startswith('load private key "k8s://ns/signer": ')
