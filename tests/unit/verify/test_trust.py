from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from samples import LOG, OTHER

from refimpl.deadline import Deadline
from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.verify import pem
from refimpl.verify.roots import Roots
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from pathlib import Path


def _keys(path: object) -> LogKeys:
    return Roots({"SIGSTORE_REKOR_PUBLIC_KEY": str(path)}, Deadline(None)).logs()


def test_the_first_key_of_the_file_is_the_logs(tmp_path: Path) -> None:
    path = tmp_path / "log.pub"
    path.write_text(LOG.public_pem + OTHER.public_pem)
    key = _keys(path).get(LOG.fingerprint.hex())
    assert key is not None
    assert key.der == LOG.public_der
    assert _keys(path).get(OTHER.fingerprint.hex()) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("junk", "AddRekorPubKey: PEM decoding failed"),
        (
            pem.encode("PRIVATE KEY", b"x"),
            "AddRekorPubKey: unknown Public key PEM file type: PRIVATE KEY. Are you passing the correct public key?",
        ),
    ],
)
def test_a_file_without_key_is_told(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "log.pub"
    path.write_text(text)
    with pytest.raises(KeyMaterialError) as caught:
        _keys(path)
    assert str(caught.value) == f"{reason} (SIGSTORE_REKOR_PUBLIC_KEY: {path})"


def test_a_missing_file_and_a_directory_are_told(tmp_path: Path) -> None:
    prefix = "error reading alternate Rekor public key file: "
    for path, reason in (
        (tmp_path / "no", f"open {tmp_path}/no: no such file or directory"),
        (tmp_path, f"read {tmp_path}: is a directory"),
    ):
        with pytest.raises(KeyMaterialError) as caught:
            _keys(path)
        assert str(caught.value) == prefix + reason


@pytest.mark.parametrize("environ", [{}, {"SIGSTORE_REKOR_PUBLIC_KEY": ""}, {"TUF_MIRROR": "http://x"}])
def test_without_a_file_the_way_out_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(KeyMaterialError, match=r"TUF_ROOT_JSON.*sigstore initialize"):
        Roots({**environ, "TUF_ROOT": str(tmp_path)}, Deadline(None)).logs()


def test_logs_have_ecdsa_keys() -> None:
    key = rsa.generate_private_key(65537, 2048).public_key()
    keys = LogKeys.from_pem(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
    with pytest.raises(VerificationError, match=r"rekor Public key for LogID [0-9a-f]{64} is not type ecdsa.PublicKey"):
        keys.get("00")
