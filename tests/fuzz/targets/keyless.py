"""Trusted roots, and certificates that signers bring: of those none counts that was changed."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.sigstore.ca import pem
from ec_acceptance.testbed.sigstore.instance import ISSUER, SUBJECT, Sigstore
from fuzz.target import target
from refimpl.policy.config import Identity
from refimpl.verify.certificate import parse_certificates
from refimpl.verify.keyless import KeylessSigner
from refimpl.verify.trusted_root import TrustedRoot

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIME, _NAME = b'"2020-01-01T00:00:00Z"', b"certificateAuthorities"


@cache
def _sigstore() -> Sigstore:
    return Sigstore(lambda name: KeyPair.derived("fuzz", name), Log(KeyPair.derived("fuzz", "log")))


@cache
def _signer() -> KeylessSigner:
    root = TrustedRoot.parse(_sigstore().trusted_root.encoded())
    return KeylessSigner(Identity(subject=SUBJECT, issuer=ISSUER), root.authorities, root.certificate_logs)


@cache
def _leaf() -> bytes:
    return base64.b64decode("".join(pem(_sigstore().signer().certificate).splitlines()[1:-1]))


def _roots() -> Iterable[bytes]:
    yield _sigstore().trusted_root.encoded()


def _leaves() -> Iterable[bytes]:
    yield _leaf()


@target("trusted-root", _roots, _TIME, _NAME, b'"validFor"', b'"rawBytes"', b"null", b"[]")
def _trusted_root(data: bytes) -> None:
    TrustedRoot.parse(data)


@target("keyless-certificate", _leaves, b"\x30\x82", b"\x06\x0a", b"\x04\x7a", b"\xff\xff")
def _certificate(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    certificate = parse_certificates(f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")[0]
    _signer().key(certificate, ())
    assert data == _leaf(), "a certificate that was changed counts"
