"""The private key that signs VSAs, and the form it is kept in: under a password, by cosign (specification 24 §14)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from refimpl.errors import KeyMaterialError, NotSupportedError
from refimpl.golang.document import DocumentError, parse
from refimpl.golang.quoting import quote
from refimpl.golang.typed import INTEGER, STRING, Bytes, Struct, decode_struct
from refimpl.record import field, record
from refimpl.verify import pem
from refimpl.verify.keys import PublicKey, read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.verify.keys import Secrets

_LABELS = frozenset({"ENCRYPTED COSIGN PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY"})
_CLUSTER = "k8s://"
_KEY_FIELD, _PASSWORD_FIELD = "cosign.key", "cosign.password"
_KEY_BYTES, _NONCE_BYTES = 32, 24
#: The costs that are taken: N, r and p. Others are whatever an attacker chose, up to all memory there is.
_SCRYPT = frozenset({(1 << 15, 8, 1), (1 << 16, 8, 1), (1 << 17, 8, 1)})
_SCRYPT_MEMORY = 256 << 20
_CURVE = "secp256r1"

_BYTES = Bytes("[]byte")
_PARAMETERS = Struct.of("encrypted.scryptParams", N=INTEGER, r=INTEGER, p=INTEGER)
_FORM = Struct.of(
    "encrypted.data",
    kdf=Struct.of("encrypted.scryptKDF", name=STRING, params=_PARAMETERS, salt=_BYTES),
    cipher=Struct.of("encrypted.secretBoxCipher", name=STRING, nonce=_BYTES),
    ciphertext=_BYTES,
)


@record
class SigningKey:
    """Signs over SHA-256, by ECDSA on P-256 or RSA with PKCS #1 v1.5; `public` verifies it."""

    public: PublicKey
    _private: Any = field(repr=False, compare=False)

    def sign(self, data: bytes) -> bytes:
        """The signature, ECDSA in ASN.1 DER."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding

        if self.public.is_ecdsa:
            signature = self._private.sign(data, ec.ECDSA(hashes.SHA256()))
        else:
            signature = self._private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return bytes(signature)


def load_signing_key(reference: str, *, environ: Mapping[str, str], cluster: Secrets) -> SigningKey:
    """The key of ``--vsa-signing-key``.

    Args:
        reference: a path, or ``k8s://namespace/secret[/field]``, whose field is ``cosign.key`` by default.
        environ: the variable that is called like the path holds the password of a key file.
        cluster: has the password of its keys in the secret's field ``cosign.password``.

    Raises:
        KeyMaterialError: it cannot be had, is kept in another form, or the password is wrong.
        NotSupportedError: a key whose signatures nobody could verify.
    """
    try:
        content, password = _material(reference, environ, cluster)
    except KeyMaterialError as error:
        raise KeyMaterialError(f"resolve private key {quote(reference)}: {error}") from None
    try:
        return _parse(content.decode("utf-8", "replace"), password)
    except KeyMaterialError as error:
        raise KeyMaterialError(f"load private key {quote(reference)}: {error}") from None


def _material(reference: str, environ: Mapping[str, str], cluster: Secrets) -> tuple[bytes, bytes]:
    """The key as it is kept, and its password."""
    if not reference.startswith(_CLUSTER):
        try:
            content = read_file(reference)
        except KeyMaterialError as error:
            raise KeyMaterialError(f"read key from file {quote(reference)}: {error}") from None
        return content, environ.get(reference, "").encode(errors="surrogateescape")
    parts = reference.removeprefix(_CLUSTER).split("/")
    forms = "expected k8s://namespace/secret-name or k8s://namespace/secret-name/key-field"
    if not 2 <= len(parts) <= 3:
        raise KeyMaterialError(f"invalid k8s key reference format {quote(reference)}, {forms}")
    namespace, name, *chosen = parts
    if not (namespace and name):
        raise KeyMaterialError(
            f"invalid k8s key reference {quote(reference)}: namespace and secret name must be specified"
        )
    member = chosen[0] if chosen else _KEY_FIELD
    data = cluster.secret(namespace, name)
    if member not in data:
        raise KeyMaterialError(f"key field {quote(member)} not found in secret {namespace}/{name}")
    return data[member], data.get(_PASSWORD_FIELD, b"")


def _parse(text: str, password: bytes) -> SigningKey:
    block = pem.first(text)
    if block is None:
        raise KeyMaterialError("invalid pem block")
    if block.label not in _LABELS:
        raise KeyMaterialError(f"unsupported pem type: {block.label}")
    try:
        plain = _decrypt(block.der, password)
    except DocumentError as error:
        raise KeyMaterialError(f"decrypt: {error}") from None
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        private = load_der_private_key(plain, password=None)
    except Exception:  # noqa: BLE001 - of several kinds, and their words differ
        raise KeyMaterialError("parsing private key: it isn't in PKCS #8") from None
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == _CURVE:
        return SigningKey(PublicKey.from_key(private.public_key()), private)
    if isinstance(private, rsa.RSAPrivateKey):
        return SigningKey(PublicKey.from_key(private.public_key()), private)
    raise NotSupportedError("VSA signing keys other than ECDSA on P-256 and RSA are not supported")


def _decrypt(data: bytes, password: bytes) -> bytes:
    """What is under the password.

    Raises:
        DocumentError: another form, or another password.
    """
    form = decode_struct(parse(data), _FORM)
    kdf, cipher = form.get("kdf") or {}, form.get("cipher") or {}
    if kdf.get("name") != "scrypt":
        raise DocumentError(f"encrypted: unknown kdf name {quote(kdf.get('name', ''))}")
    if cipher.get("name") != "nacl/secretbox":
        raise DocumentError(f"encrypted: unknown cipher name {quote(cipher.get('name', ''))}")
    parameters = kdf.get("params") or {}
    costs = (parameters.get("N", 0), parameters.get("r", 0), parameters.get("p", 0))
    if costs not in _SCRYPT:
        raise DocumentError("unsupported scrypt parameters")
    nonce = cipher.get("nonce") or b""
    if len(nonce) != _NONCE_BYTES:
        raise DocumentError("encrypted: incorrect nonce size")
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    count, block, parallel = costs
    secret = hashlib.scrypt(
        password,
        salt=kdf.get("salt") or b"",
        n=count,
        r=block,
        p=parallel,
        maxmem=_SCRYPT_MEMORY,
        dklen=_KEY_BYTES,
    )
    try:
        return SecretBox(secret).decrypt(form.get("ciphertext") or b"", nonce)
    except (CryptoError, ValueError):
        raise DocumentError("encrypted: decryption failed") from None
