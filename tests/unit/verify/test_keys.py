from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from samples import KNOWN, OTHER, public

from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.deadline import Deadline
from refimpl.errors import KeyMaterialError, NotSupportedError, VerificationError
from refimpl.verify import pem
from refimpl.verify.keys import PublicKey, load_public_key, parse_public_key

if TYPE_CHECKING:
    from pathlib import Path

_WRONG_TYPE = "unknown Public key PEM file type: {}. Are you passing the correct public key?"
_NO_KEY = "asn1: structure error: the block is not a public key"
_DATA = b"what is signed"
_RSA = rsa.generate_private_key(65537, 2048)
_ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
_P384 = ec.derive_private_key(5, ec.SECP384R1())


def _refused(key: PublicKey, signature: bytes) -> str:
    with pytest.raises(VerificationError) as caught:
        key.verify(signature, _DATA)
    return str(caught.value)


def _p1363(der: bytes, width: int) -> bytes:
    return b"".join(number.to_bytes(width, "big") for number in decode_dss_signature(der))


def _pem(key: Any, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_key().public_bytes(Encoding.PEM, form).decode()  # type: ignore[no-any-return]  # any kind of key


def test_ecdsa_takes_der_and_plain_integers() -> None:
    signature = KNOWN.sign(_DATA)
    public(KNOWN).verify(signature, _DATA)
    public(KNOWN).verify(_p1363(signature, 32), _DATA)
    public(KNOWN).verify(_p1363(signature, 40), _DATA)


def test_p384_is_used_with_sha256_only() -> None:
    key = parse_public_key(_pem(_P384))
    key.verify(_P384.sign(_DATA, ec.ECDSA(hashes.SHA256())), _DATA)
    assert "ASN.1" in _refused(key, _P384.sign(_DATA, ec.ECDSA(hashes.SHA384())))


def test_rsa_takes_pkcs1_only() -> None:
    key = parse_public_key(_pem(_RSA))
    key.verify(_RSA.sign(_DATA, padding.PKCS1v15(), hashes.SHA256()), _DATA)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    assert _refused(key, _RSA.sign(_DATA, pss, hashes.SHA256())) == "crypto/rsa: verification error"


@pytest.mark.parametrize("bits", [1024, 1536, 2047])
def test_rsa_keys_must_be_long_enough(bits: int) -> None:
    private = rsa.generate_private_key(65537, bits)
    reason = _refused(parse_public_key(_pem(private)), private.sign(_DATA, padding.PKCS1v15(), hashes.SHA256()))
    assert reason == f"RSA keys of fewer than 2048 bits are not trusted: this one has {bits}"


def _rsa(bits: int, exponent: int) -> str:
    """A key that nobody has the other half of."""
    numbers = rsa.RSAPublicNumbers(exponent, (1 << bits - 1) + 1)
    return numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_rsa_keys_that_the_contracts_tool_refuses_are_refused_in_its_words() -> None:
    reason = "crypto/rsa: 512-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"
    assert _refused(parse_public_key(_rsa(512, 65537)), bytes(64)) == reason
    assert _refused(parse_public_key(_rsa(2048, (1 << 31) + 1)), bytes(256)) == "crypto/rsa: public exponent too large"
    assert _refused(parse_public_key(_rsa(1 << 17, 65537)), bytes(1 << 14)) == "crypto/rsa: verification error"


_R, _S = decode_dss_signature(KNOWN.sign(_DATA))
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def _der(*integers: bytes, form: int = 0x30, tail: bytes = b"") -> bytes:
    content = b"".join(bytes([2, len(integer)]) + integer for integer in integers) + tail
    return bytes([form, len(content)]) + content


def _integer(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


@pytest.mark.parametrize(
    "signature",
    [
        _der(_integer(_R), _integer(_S), tail=b"\x02\x01\x00"),
        _der(_integer(_R), _integer(_S), tail=b"\x00"),
        _der(_integer(_R - (1 << 256)), _integer(_S)) if _R >> 255 else _der(b"\x80", _integer(_S)),
        _der(b"\0", _integer(_S)),
        _der(_integer(_R), b"\0"),
        _der(_integer(_R + _ORDER), _integer(_S)),
        _der(b"\xff", b"\xff"),
    ],
)
def test_integers_in_asn1_must_be_just_the_two(signature: bytes) -> None:
    assert _refused(public(KNOWN), signature) == "invalid signature when validating ASN.1 encoded signature"


@pytest.mark.parametrize(
    "signature",
    [
        _der(b"\0" + _integer(_R), _integer(_S)),  # not in its shortest form
        b"\x30\x81" + _der(_integer(_R), _integer(_S))[1:],
        b"\x30\x80" + _der(_integer(_R), _integer(_S))[2:] + b"\0\0",
        _der(_integer(_R), _integer(_S), form=0x31),
        _der(_integer(_R), _integer(_S))[:-1],
        _der(_integer(_R)),
        _der(_integer(_R), b""),
    ],
)
def test_what_is_not_der_is_not_asn1(signature: bytes) -> None:
    assert "ASN.1" not in _refused(public(KNOWN), signature)
    with pytest.raises(VerificationError, match=r"ASN\.1"):
        public(KNOWN).verify_asn1(signature, _DATA)


def test_either_of_the_two_s_will_do_as_it_does_for_the_contract() -> None:
    public(KNOWN).verify(_der(_integer(_R), _integer(_ORDER - _S)), _DATA)


def test_where_asn1_is_asked_for_plain_integers_are_refused() -> None:
    public(KNOWN).verify_asn1(KNOWN.sign(_DATA), _DATA)
    with pytest.raises(VerificationError, match=r"ASN\.1"):
        public(KNOWN).verify_asn1(_p1363(KNOWN.sign(_DATA), 32), _DATA)


def test_ed25519_signs_the_data_itself() -> None:
    key = parse_public_key(_pem(_ED25519))
    key.verify(_ED25519.sign(_DATA), _DATA)
    assert _refused(key, _ED25519.sign(b"other")) == "failed to verify signature"
    with pytest.raises(VerificationError):
        key.verify(_ED25519.sign(_DATA), _DATA, hashed=True)


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (OTHER.sign(_DATA), "invalid signature when validating ASN.1 encoded signature"),
        (KNOWN.sign(b"other"), "invalid signature when validating ASN.1 encoded signature"),
        (KNOWN.sign(_DATA) + b"\0", "invalid signature when validating ASN.1 encoded signature"),
        (_p1363(OTHER.sign(_DATA), 32), "invalid signature when validating IEEE_P1363 encoded signature"),
        (_p1363(KNOWN.sign(_DATA), 80), "ecdsa: Invalid IEEE_P1363 encoded bytes"),
        (b"", "ecdsa: Invalid IEEE_P1363 encoded bytes"),
        (b"hello", "ecdsa: Invalid IEEE_P1363 encoded bytes"),
        (b"\0" * 64, "invalid signature when validating IEEE_P1363 encoded signature"),
    ],
)
def test_wrong_ecdsa_signatures_are_told_by_form(signature: bytes, reason: str) -> None:
    assert _refused(public(KNOWN), signature) == reason


def test_a_key_of_pkcs1_is_shown_as_pkix() -> None:
    key = parse_public_key(_pem(_RSA, PublicFormat.PKCS1))
    assert key.pem == _pem(_RSA)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello", "PEM decoding failed"),
        ("", "PEM decoding failed"),
        (pem.encode("PRIVATE KEY", b"x") + KNOWN.public_pem, _WRONG_TYPE.format("PRIVATE KEY")),
        (pem.encode("CERTIFICATE", b"x"), _WRONG_TYPE.format("CERTIFICATE")),
        (pem.encode("PUBLIC KEY", b"\0\0\0"), _NO_KEY),
        (pem.encode("PUBLIC KEY", KNOWN.public_der + b"\0"), _NO_KEY),
        (_pem(_RSA).replace("PUBLIC KEY", "RSA PUBLIC KEY"), _NO_KEY),
        (_pem(_RSA, PublicFormat.PKCS1).replace("RSA PUBLIC KEY", "PUBLIC KEY"), _NO_KEY),
        (_pem(ec.derive_private_key(5, ec.BrainpoolP256R1())), "x509: unsupported elliptic curve"),
        (_pem(ec.derive_private_key(5, ec.SECP256K1())), "x509: unsupported elliptic curve"),
        (_pem(x25519.X25519PrivateKey.generate()), "unsupported public key type"),
        (_pem(x448.X448PrivateKey.generate()), "x509: unknown public key algorithm"),
        (_pem(ed448.Ed448PrivateKey.generate()), "x509: unknown public key algorithm"),
    ],
)
def test_what_is_no_key_is_refused(text: str, reason: str) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        parse_public_key(text)
    assert str(caught.value) == reason


class _Secrets:
    def secret(self, namespace: str, name: str) -> dict[str, bytes]:
        assert namespace == "ns"
        if name == "nope":
            raise KeyMaterialError('checking if secret exists: secrets "nope" not found')
        return {"cosign.pub": KNOWN.public_pem.encode()} if name == "good" else {}


def _load(reference: str, **environ: str) -> PublicKey:
    return load_public_key(reference, environ=environ, cluster=_Secrets(), deadline=Deadline(30))


def test_keys_come_as_text_file_variable_and_secret(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    path.write_text(f"words\n{KNOWN.public_pem}{OTHER.public_pem}")
    for reference in (KNOWN.public_pem, f"words\n{KNOWN.public_pem}", str(path), "env://KEY", "k8s://ns/good"):
        assert _load(reference, KEY=KNOWN.public_pem).pem == KNOWN.public_pem


def test_keys_come_by_url_also_after_a_redirect() -> None:
    def answer(request: Request) -> Response:
        if request.path == "/moved":
            return Response(302, (("Location", "/key"),))
        if request.path == "/key":
            return Response(200, (), KNOWN.public_pem.encode())
        return Response(404, (), KNOWN.public_pem.encode())

    with Server(answer) as server:
        assert _load(f"{server.url}/moved").pem == KNOWN.public_pem
        with pytest.raises(KeyMaterialError) as absent:
            _load(f"{server.url}/absent")
        assert str(absent.value) == f"GET {server.url}/absent: unexpected status code 404"
    with pytest.raises(KeyMaterialError) as caught:
        _load(f"{server.url}/key")
    assert str(caught.value) == f'Get "{server.url}/key": dial tcp {server.address}: connect: connection refused'


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("no/file", "open no/file: no such file or directory"),
        ("foo:bar", "open foo:bar: no such file or directory"),
        ("a\0b", "open a\0b: invalid argument"),
        ("env://NOPE", "loading URL: env var $NOPE not found"),
        ("env://EMPTY", "pem to public key: PEM decoding failed"),
        ("awskms://x", "loading URL: unrecognized scheme: awskms://"),
        ("file:///x", "loading URL: unrecognized scheme: file://"),
        ("gitlab://x", 'could not find "GITLAB_TOKEN"'),
        ("k8s://ns", "kubernetes specification should be in the format k8s://<namespace>/<secret>"),
        ("k8s://a/b/c", "kubernetes specification should be in the format k8s://<namespace>/<secret>"),
        ("k8s://ns/nope", 'checking if secret exists: secrets "nope" not found'),
        ("k8s://ns/empty", "PEM decoding failed"),
        ("-----BEGIN PUBLIC KEY-----\n", "PEM decoding failed"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", _NO_KEY),
    ],
)
def test_references_that_lead_nowhere_are_told(reference: str, reason: str) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        _load(reference, EMPTY="")
    assert str(caught.value) == reason


def test_a_directory_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        _load(str(tmp_path))
    assert str(caught.value) == f"read {tmp_path}: is a directory"


@pytest.mark.parametrize("reference", ["gitlab://x", "pkcs11:token=x"])
def test_what_is_not_carried_out_says_so(reference: str) -> None:
    with pytest.raises(NotSupportedError, match="not supported"):
        _load(reference, GITLAB_TOKEN="x")


def test_secrets_need_a_cluster() -> None:
    with pytest.raises(KeyMaterialError, match="KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"):
        load_public_key("k8s://ns/good", environ={})


def test_the_report_shows_64_columns() -> None:
    key = public(KNOWN)
    assert base64.b64decode("".join(key.pem.splitlines()[1:-1])) == KNOWN.public_der == key.der


def test_a_file_without_end_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(KeyMaterialError, match="more than 1048576 bytes"):
        _load(str(path))
