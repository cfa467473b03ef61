"""What transparency logs record: the bodies of entries (specification 20 §4.3, 30 §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.record import record
from refimpl.verify import encoding, pem
from refimpl.verify.document import DocumentError, parse
from refimpl.verify.keys import PublicKey, parse_public_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Entry", "key_of"]

_PRE_HASHED = {"sha256": 32, "sha384": 48, "sha512": 64}


@record
class Entry:
    """One entry.

    Attributes:
        digest: SHA-256 of what was logged, in hexadecimal: an image signature's payload, an attestation's envelope.
        signatures: base64, as logged; None for kinds that log none.
        verifiers: PEM of the keys or certificates that belong to the signatures.
    """

    kind: str
    digest: str
    signatures: tuple[str, ...] | None
    verifiers: tuple[str, ...]

    @classmethod
    def parse(cls, body: bytes, *, verify: bool = True) -> Entry:
        """Read a body; the signature that a ``hashedrekord`` records is verified unless told not to.

        Raises:
            VerificationError: not an entry of a known kind, or its signature isn't right.
        """
        try:
            document = parse(body).value
        except DocumentError as error:
            raise VerificationError(str(error)) from None
        kind = document.get("kind") if isinstance(document, dict) else None
        if not isinstance(kind, str) or not kind:
            raise VerificationError("kind in body is required")
        versions = _READERS.get(kind)
        if versions is None:
            raise VerificationError(f'invalid kind value: "{kind}"')
        version = document.get("apiVersion")
        reader = versions.get(version) if isinstance(version, str) else None
        if reader is None:
            raise VerificationError(
                f"{kind} implementation for version '{version}' not found: unable to locate entry for version {version}"
            )
        entry = reader(_Members(document.get("spec")))
        if verify and kind == "hashedrekord":
            _verify_hashed(entry, document["spec"]["data"]["hash"]["algorithm"])
        return entry

    @property
    def signature(self) -> str:
        """The one signature.

        Raises:
            VerificationError: there are several, or this kind has none.
        """
        if self.signatures is None:
            raise VerificationError("unsupported type")
        return _one(self.signatures)

    @property
    def verifier(self) -> str:
        """The one verifier.

        Raises:
            VerificationError: there are several.
        """
        return _one(self.verifiers)


def key_of(text: str) -> PublicKey:
    """The key in a verifier's PEM text, which is a public key or a certificate.

    Raises:
        VerificationError: it is neither.
    """
    block = pem.first(text)
    if block is not None and block.label == "CERTIFICATE":
        from refimpl.verify.certificate import parse_certificates  # logs of key-made signatures hold none

        return parse_certificates(text)[0].key
    try:
        return parse_public_key(text)
    except KeyMaterialError as error:
        reason = str(error) if block else "failure decoding PEM"
        raise VerificationError(f"invalid public key: {reason}") from None


def _one(texts: tuple[str, ...]) -> str:
    if len(texts) != 1:
        raise VerificationError("multiple signatures on DSSE envelopes are not currently supported")
    return texts[0]


class _Members:
    """The members of an entry's ``spec``, by path."""

    def __init__(self, spec: Any) -> None:
        self._spec = spec

    def text(self, *path: str) -> str:
        value = self._at(path)
        if not isinstance(value, str) or not value:
            raise self._missing(path)
        return value

    def items(self, *path: str) -> list[_Members]:
        value = self._at(path)
        if not isinstance(value, list) or not value:
            raise self._missing(path)
        return [_Members(item) for item in value]

    def decoded(self, *path: str) -> str:
        """A text that is base64."""
        try:
            return encoding.decode(self.text(*path)).decode("utf-8", "replace")
        except encoding.Base64Error as error:
            raise VerificationError(str(error)) from None

    def _at(self, path: tuple[str, ...]) -> Any:
        value = self._spec
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def _missing(self, path: tuple[str, ...]) -> VerificationError:
        return VerificationError(f"validation failure list:\n{path[0]} in body is required")


def _verify_hashed(entry: Entry, algorithm: str) -> None:
    try:
        hashed = bytes.fromhex(entry.digest)
    except ValueError:
        hashed = b""
    if len(hashed) != _PRE_HASHED[algorithm]:
        raise VerificationError("invalid value for hash")
    try:
        key, signature = key_of(entry.verifier), encoding.decode(entry.signature)
    except encoding.Base64Error as error:
        raise VerificationError(str(error)) from None
    if algorithm != "sha256":  # keys are only ever used with SHA-256 here
        raise VerificationError("verifying signature: invalid signature when validating ASN.1 encoded signature")
    try:
        key.verify(signature, hashed, hashed=True)
    except VerificationError as error:
        raise VerificationError(f"verifying signature: {error}") from None


def _hashedrekord(spec: _Members) -> Entry:
    if spec.text("data", "hash", "algorithm") not in _PRE_HASHED:
        raise VerificationError(
            "validation failure list:\n"
            "data.data.hash.data.hash.algorithm in body should be one of [sha256 sha384 sha512]"
        )
    return _rekord(spec, "hashedrekord")


def _rekord(spec: _Members, kind: str = "rekord") -> Entry:
    signature, verifier = spec.text("signature", "content"), spec.decoded("signature", "publicKey", "content")
    return Entry(kind, spec.text("data", "hash", "value"), (signature,), (verifier,))


def _dsse(spec: _Members) -> Entry:
    signatures = spec.items("signatures")
    return Entry(
        "dsse",
        spec.text("envelopeHash", "value"),
        tuple(item.text("signature") for item in signatures),
        tuple(item.decoded("verifier") for item in signatures),
    )


def _intoto(spec: _Members) -> Entry:
    verifier = spec.decoded("publicKey")
    key_of(verifier)
    return Entry("intoto", spec.text("content", "hash", "value"), None, (verifier,))


def _intoto_2(spec: _Members) -> Entry:
    signatures = spec.items("content", "envelope", "signatures")
    return Entry(
        "intoto",
        spec.text("content", "hash", "value"),
        tuple(item.decoded("sig") for item in signatures),
        tuple(item.decoded("publicKey") for item in signatures),
    )


_READERS: Mapping[str, Mapping[str, Callable[[_Members], Entry]]] = {
    "hashedrekord": {"0.0.1": _hashedrekord},
    "rekord": {"0.0.1": _rekord},
    "dsse": {"0.0.1": _dsse},
    "intoto": {"0.0.1": _intoto, "0.0.2": _intoto_2},
}
