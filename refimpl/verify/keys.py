"""Public keys and where they come from (specification 20 §3.2, 26 §3)."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.errors import KeyMaterialError, NotSupportedError, VerificationError
from refimpl.golang.oserrors import describe
from refimpl.record import field, record
from refimpl.verify import pem
from refimpl.verify.asn1 import is_signature
from refimpl.verify.refusal import raising

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.deadline import Deadline

_PKIX, _PKCS1 = "PUBLIC KEY", "RSA PUBLIC KEY"
_NO_KEY = "asn1: structure error: the block is not a public key"
_INLINE = "-----BEGIN PUBLIC KEY-----"
_LARGEST_P1363 = 132
_LARGEST_FILE = 1 << 20
_CURVES = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})
#: The fewest bits of an RSA modulus. The contract's tool takes 1024; NIST SP 800-131A disallows such since 2014.
_FEWEST_RSA_BITS = 2048
_FEWEST_RSA_BITS_OF_CONTRACT = 1024
_LARGEST_RSA_EXPONENT = (1 << 31) - 1
# A key on P-256 in PKIX form is this and the point's two coordinates (RFC 5480 §2).
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_P256_COORDINATES = 64


class Secrets(Protocol):
    """What a cluster gives."""

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """The data of a Secret, decoded."""
        ...


@record
class PublicKey:
    """A key that verifies signatures, always over SHA-256 (Ed25519 hashes by itself).

    Attributes:
        der: PKIX form.
        pem: PKIX form as text with a newline at the end, as the report shows it.
    """

    der: bytes
    pem: str
    _key: Any = field(repr=False, compare=False)

    @classmethod
    def from_key(cls, key: Any) -> PublicKey:
        """Wrap a public key of the `cryptography` package.

        Raises:
            KeyMaterialError: a kind or curve that signs nothing here.
        """
        from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        if isinstance(key, (ed448.Ed448PublicKey, x448.X448PublicKey)):
            raise KeyMaterialError("x509: unknown public key algorithm")
        if not isinstance(key, (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey, rsa.RSAPublicKey)):
            raise KeyMaterialError("unsupported public key type")
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
            raise KeyMaterialError("x509: unsupported elliptic curve")
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(der, pem.encode(_PKIX, der), key)

    @property
    def is_ecdsa(self) -> bool:
        """Whether this is a key on an elliptic curve of NIST's."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return isinstance(self._key, ec.EllipticCurvePublicKey)

    @property
    def ssh_fingerprint(self) -> str:
        """``SHA256:…``, as ``ssh-keygen -l`` shows it; empty for keys that SSH doesn't have."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        try:
            with raising(KeyMaterialError("no key of SSH's")):
                encoded = self._key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
        except KeyMaterialError:
            return ""
        hashed = hashlib.sha256(base64.b64decode(encoded)).digest()
        return "SHA256:" + base64.b64encode(hashed).decode().rstrip("=")

    def verify(self, signature: bytes, data: bytes, *, hashed: bool = False) -> None:
        """Check a signature over `data`, or over what has the SHA-256 `data` when it is `hashed` (not for Ed25519).

        ECDSA takes ASN.1 DER, and failing that two integers of equal length (IEEE P1363); RSA takes PKCS #1 v1.5.

        Raises:
            VerificationError: it isn't this key's, or not in a known form.
        """
        from cryptography.hazmat.primitives.asymmetric import ec

        if isinstance(self._key, ec.EllipticCurvePublicKey):
            signature, form = _ecdsa_form(signature)
            with raising(VerificationError(f"invalid signature when validating {form} encoded signature")):
                self._key.verify(signature, data, _ecdsa(hashed=hashed))
            return
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

        digest = utils.Prehashed(hashes.SHA256()) if hashed else hashes.SHA256()

        if isinstance(self._key, rsa.RSAPublicKey):
            _check_strength(self._key)
            with raising(VerificationError("crypto/rsa: verification error")):
                self._key.verify(signature, data, padding.PKCS1v15(), digest)
            return
        with raising(VerificationError("failed to verify signature")):
            if hashed:
                raise VerificationError("failed to verify signature")
            self._key.verify(signature, data)

    def verify_asn1(self, signature: bytes, data: bytes) -> None:
        """Like `verify`, of a key on an elliptic curve, whose signature must be in ASN.1 DER.

        Raises:
            VerificationError: it isn't this key's, or in another form.
        """
        if not is_signature(signature):
            raise VerificationError("invalid signature when validating ASN.1 encoded signature")
        self.verify(signature, data)

    def accepts(self, signature: bytes, data: bytes) -> bool:
        """Whether `verify` finds nothing wrong."""
        try:
            self.verify(signature, data)
        except VerificationError:
            return False
        return True


@cache
def _ecdsa(*, hashed: bool) -> Any:
    """ECDSA over SHA-256, without `ECDSA`'s constructor: it loads all of RSA and ciphers, which takes 5 ms."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    class Sha256(ec.ECDSA):
        algorithm = utils.Prehashed(hashes.SHA256()) if hashed else hashes.SHA256()

        def __init__(self) -> None:
            pass

    return Sha256()


def _check_strength(key: Any) -> None:
    """Check that an RSA key is one that can be trusted.

    Raises:
        VerificationError: its modulus is too short, or its exponent out of the usual range.
    """
    bits = key.key_size
    if bits < _FEWEST_RSA_BITS_OF_CONTRACT:
        hint = "https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size"
        raise VerificationError(f"crypto/rsa: {bits}-bit keys are insecure (see {hint})")
    if bits < _FEWEST_RSA_BITS:
        raise VerificationError(f"RSA keys of fewer than {_FEWEST_RSA_BITS} bits are not trusted: this one has {bits}")
    if key.public_numbers().e > _LARGEST_RSA_EXPONENT:
        raise VerificationError("crypto/rsa: public exponent too large")


def _ecdsa_form(signature: bytes) -> tuple[bytes, str]:
    """The signature in DER, and the name of the form it came in."""
    if is_signature(signature):
        return signature, "ASN.1"
    half, odd = divmod(len(signature), 2)
    if odd or not 0 < len(signature) <= _LARGEST_P1363:
        raise VerificationError("ecdsa: Invalid IEEE_P1363 encoded bytes")
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    return encode_dss_signature(r, s), "IEEE_P1363"


def parse_public_key(text: str) -> PublicKey:
    """The first PEM block of `text` as a key: ``PUBLIC KEY`` (PKIX) or ``RSA PUBLIC KEY`` (PKCS #1).

    Raises:
        KeyMaterialError: no PEM, another kind of block, or not a key.
    """
    block = pem.first(text)
    if block is None:
        raise KeyMaterialError("PEM decoding failed")
    if block.label not in (_PKIX, _PKCS1):
        raise KeyMaterialError(
            f"unknown Public key PEM file type: {block.label}. Are you passing the correct public key?"
        )
    if block.label == _PKIX and block.der.startswith(_P256) and len(block.der) == len(_P256) + _P256_COORDINATES:
        return _p256(block.der)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    no_key = KeyMaterialError(_NO_KEY)
    with raising(no_key):
        try:
            loaded = load_der_public_key(block.der)
        except UnsupportedAlgorithm:
            raise KeyMaterialError("x509: unknown public key algorithm") from None
        key = PublicKey.from_key(loaded)
        # The package reads either form under either label, and other encodings than DER.
        form = PublicFormat.PKCS1 if block.label == _PKCS1 else PublicFormat.SubjectPublicKeyInfo
        if loaded.public_bytes(Encoding.DER, form) != block.der:
            raise no_key
    return key


def _p256(der: bytes) -> PublicKey:
    """The key that nearly everybody has, without the package's reader of all kinds, which takes 5 ms to load."""
    from cryptography.hazmat.primitives.asymmetric import ec

    with raising(KeyMaterialError(_NO_KEY)):
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), der[len(_P256) - 1 :])
    return PublicKey(der, pem.encode(_PKIX, der), key)


def load_public_key(
    reference: str,
    *,
    environ: Mapping[str, str],
    cluster: Secrets | None = None,
    deadline: Deadline | None = None,
) -> PublicKey:
    """The key that a policy or ``--public-key`` names.

    Args:
        reference: PEM text, a path, ``env://NAME``, ``k8s://namespace/secret`` or a URL.
        environ: for ``env://`` and the TLS roots of ``https://``.
        cluster: for ``k8s://``.
        deadline: bounds a download.

    Raises:
        KeyMaterialError: it cannot be had, or isn't a public key.
        NotSupportedError: a kind of reference that isn't carried out.
    """
    if _INLINE in reference:
        return parse_public_key(reference)
    if reference.startswith("k8s://"):
        return _from_secret(reference, cluster)
    if reference.startswith("gitlab://"):
        if not environ.get("GITLAB_TOKEN"):
            raise KeyMaterialError('could not find "GITLAB_TOKEN"')
        raise NotSupportedError("public keys from GitLab are not supported")
    if reference.startswith("pkcs11:"):
        raise NotSupportedError("public keys on PKCS #11 tokens are not supported")
    text = _text(reference, environ, deadline)
    try:
        return parse_public_key(text)
    except KeyMaterialError as error:
        if str(error) == "unsupported public key type":
            raise
        raise KeyMaterialError(f"pem to public key: {error}") from None


def _text(reference: str, environ: Mapping[str, str], deadline: Deadline | None) -> str:
    scheme, separator, rest = reference.partition("://")
    if not separator:
        return read_file(reference).decode("utf-8", "replace")
    if scheme == "env":
        if rest not in environ:
            raise KeyMaterialError(f"loading URL: env var ${rest} not found")
        return environ[rest]
    if scheme in ("http", "https"):
        from refimpl.verify.key_download import download  # keys by URL are rare, and this imports an HTTP client

        return download(reference, environ=environ, deadline=deadline).decode("utf-8", "replace")
    raise KeyMaterialError(f"loading URL: unrecognized scheme: {scheme}://")


def _from_secret(reference: str, cluster: Secrets | None) -> PublicKey:
    parts = reference.removeprefix("k8s://").split("/")
    if len(parts) != 2 or not all(parts):
        raise KeyMaterialError("kubernetes specification should be in the format k8s://<namespace>/<secret>")
    if cluster is None:
        raise KeyMaterialError(
            "new for config: error creating REST client config in-cluster: unable to load in-cluster configuration, "
            "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"
        )
    return parse_public_key(cluster.secret(*parts).get("cosign.pub", b"").decode("utf-8", "replace"))


def read_file(path: str) -> bytes:
    """A file's content, of at most 1 MiB.

    Raises:
        KeyMaterialError: it cannot be read, or is larger; text as ``open PATH: no such file or directory``.
    """
    action = "open"
    try:
        with Path(path).open("rb") as file:
            action = "read"
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        action = "read" if isinstance(error, IsADirectoryError) else action
        raise KeyMaterialError(describe(action, path, error)) from None
    except ValueError:  # a NUL in the path
        raise KeyMaterialError(f"open {path}: invalid argument") from None
    if len(content) > _LARGEST_FILE:
        raise KeyMaterialError(f"read {path}: more than {_LARGEST_FILE} bytes, which no key has")
    return content
