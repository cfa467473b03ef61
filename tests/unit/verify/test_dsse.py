"""Envelopes that several ask for are read and verified once, and each gets an answer of its own."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from refimpl.errors import VerificationError
from refimpl.golang.document import DocumentError
from refimpl.verify.dsse import IN_TOTO, Envelope, pae, read_envelope
from refimpl.verify.keys import PublicKey

if TYPE_CHECKING:
    from collections.abc import Callable

_PRIVATE, _OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def _envelope(payload: bytes, *signers: ec.EllipticCurvePrivateKey) -> bytes:
    signatures = [signer.sign(pae(IN_TOTO, payload), ec.ECDSA(hashes.SHA256())) for signer in signers]
    members = {
        "payloadType": IN_TOTO,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"sig": base64.b64encode(signature).decode()} for signature in signatures],
    }
    return json.dumps(members).encode()


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    verifications = []
    verify = PublicKey.verify

    def counted(self: PublicKey, signature: bytes, data: bytes, *, hashed: bool = False) -> None:
        verifications.append(data)
        verify(self, signature, data, hashed=hashed)

    monkeypatch.setattr(PublicKey, "verify", counted)
    return lambda: len(verifications)


@pytest.mark.parametrize(("size", "times"), [(100, 1), (100_000, 2)])
def test_a_small_envelope_is_verified_once(size: int, times: int, count: Callable[[], int]) -> None:
    data = _envelope(bytes(size), _PRIVATE)
    key = PublicKey.from_key(_PRIVATE.public_key())
    read_envelope(data).check_proposable(key)
    assert read_envelope(data).verify(key) == bytes(size)
    assert count() == times


def test_what_one_key_accepted_isnt_what_another_accepts() -> None:
    data = _envelope(b"statement", _PRIVATE)
    assert read_envelope(data).verify(PublicKey.from_key(_PRIVATE.public_key())) == b"statement"
    with pytest.raises(VerificationError, match="do not match threshold"):
        read_envelope(data).verify(PublicKey.from_key(_OTHER.public_key()))


def test_a_changed_payload_isnt_the_one_that_was_verified() -> None:
    key = PublicKey.from_key(_PRIVATE.public_key())
    members = json.loads(_envelope(b"statement", _PRIVATE))
    assert read_envelope(json.dumps(members).encode()).verify(key) == b"statement"
    members["payload"] = base64.b64encode(b"statemenu").decode()
    with pytest.raises(VerificationError, match="do not match threshold"):
        read_envelope(json.dumps(members).encode()).verify(key)


def test_all_signatures_count_for_the_log_and_one_for_the_check() -> None:
    envelope = read_envelope(_envelope(b"statement", _OTHER, _PRIVATE))
    key = PublicKey.from_key(_PRIVATE.public_key())
    assert envelope.verify(key) == b"statement"
    with pytest.raises(VerificationError, match="all signatures must have a key"):
        envelope.check_proposable(key)


def test_texts_name_what_was_asked_for() -> None:
    data = b'{"payload": 1}'
    for verifying, name in ((True, "Envelope"), (False, "AttestationPayload")):
        for _ in range(2):
            with pytest.raises(DocumentError, match=rf"Go struct field {name}\.payload of type string"):
                Envelope.parse(data, verifying=verifying)
