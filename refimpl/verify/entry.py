"""What transparency logs record: the bodies of entries (specification 20 §4.3, 30 §6).

Of the kinds of entries that Rekor knows only those are read that tell of a signature of the contract's, by a key or
certificate: anybody may log anything, and an entry of kind ``rekord``, say, isn't even verified when it is read.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from refimpl.errors import KeyMaterialError, MalformedError, VerificationError
from refimpl.golang import base64text
from refimpl.golang.document import FEW_VALUES, DocumentError, parse
from refimpl.golang.members import ANYTHING, TEXT, Nested, canonicalise
from refimpl.record import record
from refimpl.verify import pem
from refimpl.verify.keys import PublicKey, parse_public_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PRE_HASHED = {"sha256": 32, "sha384": 48, "sha512": 64}
#: What else Rekor 1.5 has entries for; none of them tells of an image's signature.
_OTHER_KINDS = frozenset({"alpine", "cose", "helm", "jar", "rekord", "rfc3161", "rpm", "tuf"})
_MOST_CERTIFICATES = 10
#: Keys that were read once needn't be read again: this many, from texts of at most so many characters.
_KNOWN, _SHORT = 32, 1 << 14
_UNSUPPORTED = "unsupported type"
#: Of an entry; which ones it has, and what is in them, depends on its kind.
_ENTRY = Nested({"kind": TEXT, "apiVersion": TEXT, "spec": ANYTHING})


class UnsupportedKindError(VerificationError):
    """An entry of a kind that tells of no image's signature; `kind` is its name."""

    def __init__(self, kind: str) -> None:
        super().__init__(_UNSUPPORTED)
        self.kind = kind


@record
class Entry:
    """One entry.

    Attributes:
        version: of the kind.
        digest: SHA-256 of what was logged, in hexadecimal: an image signature's payload, an attestation's envelope.
        signatures: base64 in its one usual form; None for kinds that log none.
        verifiers: PEM of the keys or certificates that belong to the signatures.
    """

    kind: str
    version: str
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
            document = parse(body, most_values=FEW_VALUES).value
        except DocumentError as error:
            raise VerificationError(str(error)) from None
        try:
            members = canonicalise(document, _ENTRY) if isinstance(document, dict) else {}
        except MalformedError as error:
            raise VerificationError(str(error)) from None
        kind = members.get("kind")
        if not kind:
            raise VerificationError("kind in body is required")
        if kind in _OTHER_KINDS:
            raise UnsupportedKindError(kind)
        versions = _READERS.get(kind)
        if versions is None:
            raise VerificationError(f'invalid kind value: "{kind}"')
        version = members.get("apiVersion")
        if version is None:
            raise VerificationError("api version cannot be nil")
        reader = versions.get(version)
        if reader is None:
            raise VerificationError(
                f"{kind} implementation for version '{version}' not found: unable to locate entry for version {version}"
            )
        entry = reader(_Members(members.get("spec")))
        if verify and kind == "hashedrekord":
            _verify_hashed(entry, members["spec"]["data"]["hash"]["algorithm"])
        return entry

    @property
    def signature(self) -> str:
        """The one signature.

        Raises:
            VerificationError: there are several, or this kind has none.
        """
        if self.signatures is None:
            raise VerificationError(_UNSUPPORTED)
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
    return _known_key(text) if len(text) <= _SHORT else _read_key(text)


def _read_key(text: str) -> PublicKey:
    blocks, _ = pem.split(text)
    if not blocks:
        raise VerificationError("invalid public key: failure decoding PEM")
    if len(blocks) > _MOST_CERTIFICATES:
        raise VerificationError("too many certificates specified in PEM block")
    if blocks[0].label == "CERTIFICATE":
        from refimpl.verify.certificate import parse_certificates  # logs of key-made signatures hold none

        return parse_certificates(text)[0].key
    if blocks[0].label != "PUBLIC KEY":
        raise VerificationError(f"invalid public key: cannot handle type {blocks[0].label}")
    try:
        return parse_public_key(text)
    except KeyMaterialError as error:
        raise VerificationError(f"invalid public key: {error}") from None


_known_key = lru_cache(_KNOWN)(_read_key)


def _one(texts: tuple[str, ...]) -> str:
    if len(texts) != 1:
        raise VerificationError("multiple signatures on DSSE envelopes are not currently supported")
    return texts[0]


class _Members:
    """The members of an entry's ``spec``, by path."""

    def __init__(self, spec: Any) -> None:
        self._spec = spec

    def has(self, *path: str) -> bool:
        return self._at(path) is not None

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

    def decode(self, *path: str) -> bytes:
        """What a text is the base64 of."""
        try:
            return base64text.decode(self.text(*path))
        except base64text.Base64Error as error:
            raise VerificationError(str(error)) from None

    def signature(self, *path: str) -> str:
        """A text that is base64, in its one usual form, so that texts can be compared."""
        return base64.b64encode(self.decode(*path)).decode()

    def verifier(self, *path: str) -> str:
        """A text that is the base64 of PEM."""
        return self.decode(*path).decode("utf-8", "replace")

    def _at(self, path: tuple[str, ...]) -> Any:
        value = self._spec
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def _missing(self, path: tuple[str, ...]) -> VerificationError:
        return VerificationError(f"validation failure list:\n{path[0]} in body is required")


def _verify_hashed(entry: Entry, algorithm: str) -> None:
    try:
        hashed = base64text.decode_hexadecimal(entry.digest)
    except base64text.HexadecimalError:
        hashed = b""
    if len(hashed) != _PRE_HASHED[algorithm]:
        raise VerificationError("invalid value for hash")
    key, signature = key_of(entry.verifier), base64.b64decode(entry.signature)
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
    return Entry(
        "hashedrekord",
        "0.0.1",
        spec.text("data", "hash", "value"),
        (spec.signature("signature", "content"),),
        (spec.verifier("signature", "publicKey", "content"),),
    )


def _dsse(spec: _Members) -> Entry:
    logged = [spec.has(name) for name in ("envelopeHash", "payloadHash", "signatures")]
    if spec.has("proposedContent") or not all(logged):  # what somebody wants to have logged isn't what a log says
        also = " but not both" if any(logged) and spec.has("proposedContent") else ""
        raise VerificationError(
            f"either proposedContent or envelopeHash, payloadHash, and signatures must be present{also}"
        )
    spec.text("payloadHash", "value")
    signatures = spec.items("signatures")
    return Entry(
        "dsse",
        "0.0.1",
        spec.text("envelopeHash", "value"),
        tuple(item.signature("signature") for item in signatures),
        tuple(item.verifier("verifier") for item in signatures),
    )


def _intoto(spec: _Members) -> Entry:
    verifier = spec.verifier("publicKey")
    key_of(verifier)
    return Entry("intoto", "0.0.1", spec.text("content", "hash", "value"), None, (verifier,))


def _intoto_2(spec: _Members) -> Entry:
    signatures = spec.items("content", "envelope", "signatures")
    return Entry(
        "intoto",
        "0.0.2",
        spec.text("content", "hash", "value"),
        tuple(item.verifier("sig") for item in signatures),  # base64 of base64
        tuple(item.verifier("publicKey") for item in signatures),
    )


_READERS: Mapping[str, Mapping[str, Callable[[_Members], Entry]]] = {
    "hashedrekord": {"0.0.1": _hashedrekord},
    "dsse": {"0.0.1": _dsse},
    "intoto": {"0.0.1": _intoto, "0.0.2": _intoto_2},
}
