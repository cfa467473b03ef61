from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from samples import LOG, STRANGE_LOG, public

from ec_acceptance.testbed.rekor.tiled import TiledLog
from refimpl.errors import VerificationError
from refimpl.verify.keys import PublicKey
from refimpl.verify.tiled_checkpoint import host_of, read_checkpoint

if TYPE_CHECKING:
    from ec_acceptance.testbed.signing import KeyPair

_NAME = "log.test"
_ROOT = base64.b64encode(bytes(range(32))).decode()
_HEAD = f"{_NAME}\n7\n{_ROOT}\n"


def _line(name: str, hint: bytes, signature: bytes) -> str:
    return f"\u2014 {name} {base64.b64encode(hint + signature).decode()}\n"


def _sign(head: str = _HEAD, name: str = _NAME, key: KeyPair = LOG) -> str:
    return _line(name, key.fingerprint[:4], key.sign(head.encode()))


def test_a_log_of_the_testbed() -> None:
    log = TiledLog(LOG, _NAME)
    log.add(b"{}")
    assert read_checkpoint(log.checkpoint(), public(LOG), _NAME) == (1, bytes.fromhex(log.root()))


def test_witnesses_may_sign_too() -> None:
    witness = _line("witness.test", b"1234", b"whatever")
    assert read_checkpoint(f"{_HEAD}\n{witness}{_sign()}{witness}", public(LOG), _NAME)[0] == 7
    more = f"{_NAME}\n7\n{_ROOT}\nmore\n"
    assert read_checkpoint(f"{more}\n{_sign(more)}", public(LOG), _NAME)[0] == 7


def test_an_ed25519_key_has_an_id_of_its_own() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    hint = hashlib.sha256(_NAME.encode() + b"\n\x01" + raw).digest()[:4]
    note = f"{_HEAD}\n{_line(_NAME, hint, key.sign(_HEAD.encode()))}"
    assert read_checkpoint(note, PublicKey.from_key(key.public_key()), _NAME)[0] == 7


def test_an_rsa_key_has_an_id_of_its_own() -> None:
    key = rsa.generate_private_key(65537, 2048)
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    hint = hashlib.sha256(_NAME.encode() + b"\n\xffPKIX-RSA-PKCS#1v1.5" + der).digest()[:4]
    signature = key.sign(_HEAD.encode(), padding.PKCS1v15(), SHA256())
    note = f"{_HEAD}\n{_line(_NAME, hint, signature)}"
    assert read_checkpoint(note, PublicKey.from_key(key.public_key()), _NAME)[0] == 7


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("", "malformed note"),
        (_HEAD, "malformed note"),
        (f"{_HEAD}\n{_sign()}"[:-1], "malformed note"),
        (f"{_HEAD}\n{_sign()}junk\n", "malformed note"),
        (f"{_HEAD}\x00\n{_sign()}", "malformed note"),
        (f"{_HEAD}\n{_sign() * 101}", "malformed note"),
        (f"{_HEAD}\n{_sign(key=STRANGE_LOG)}", "note has no verifiable signatures"),
        (f"{_HEAD}\n{_sign(name='other.test')}", "note has no verifiable signatures"),
        (f"{_HEAD}\n{_sign('other')}", "invalid signature when validating ASN.1 encoded signature"),
        (
            f"other.test\n7\n{_ROOT}\n\n{_sign(f'other.test{chr(10)}7{chr(10)}{_ROOT}{chr(10)}')}",
            "got Origin other.test",
        ),
        (f"{_NAME}\n+7\n{_ROOT}\n\n{_sign(f'{_NAME}{chr(10)}+7{chr(10)}{_ROOT}{chr(10)}')}", "size invalid"),
        (f"{_NAME}\n7\n!\n\n{_sign(f'{_NAME}{chr(10)}7{chr(10)}!{chr(10)}')}", "illegal base64"),
    ],
)
def test_what_is_not_the_logs_word(note: str, reason: str) -> None:
    with pytest.raises(VerificationError, match=f"^unverified checkpoint signature: .*{reason}"):
        read_checkpoint(note, public(LOG), _NAME)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://log.test", "log.test"),
        ("https://log.test:8080/a/b?c", "log.test"),
        ("https://user:word@log.test/", "log.test"),
        ("https://[::1]:80/", "::1"),
        ("log.test", ""),
        ("", ""),
    ],
)
def test_the_name_of_a_log_is_its_host(url: str, host: str) -> None:
    assert host_of(url) == host
