"""DSSE envelopes (https://github.com/secure-systems-lab/dsse, protocol 1.0.2; specification 20 §5.2)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.golang.base64text import Base64Error, decode_either
from refimpl.golang.document import FEW_VALUES, DocumentError, parse
from refimpl.golang.typed import STRING, Items, Struct, decode_struct
from refimpl.record import record

if TYPE_CHECKING:
    from refimpl.verify.keys import PublicKey

IN_TOTO = "application/vnd.in-toto+json"
#: Each costs a verification, and nobody has verified the envelope before.
MOST_SIGNATURES = 100
#: Small envelopes are read and verified once for all who ask for it: this many are kept, of at most so many bytes.
_KEPT, _SMALL = 64, 1 << 16


def _envelope_type(envelope: str, signature: str) -> Struct:
    signatures = Items(f"[]{signature}", Struct.of(signature, keyid=STRING, sig=STRING))
    return Struct.of(envelope, payloadType=STRING, payload=STRING, signatures=signatures)


_VERIFIED = _envelope_type("dsse.Envelope", "dsse.Signature")
_PARSED = _envelope_type("cosign.AttestationPayload", "cosign.Signatures")


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: ``DSSEv1 <len> <type> <len> <payload>`` with lengths in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@record
class EnvelopeSignature:
    """One signature of an envelope, as written: `sig` is base64."""

    keyid: str
    sig: str


@record
class Envelope:
    """A signed payload; `payload` is base64 as written."""

    payload_type: str
    payload: str
    signatures: tuple[EnvelopeSignature, ...]

    @classmethod
    def parse(cls, data: bytes, *, verifying: bool = False) -> Envelope:
        """Read one; missing members are empty. Error texts name other types while `verifying`.

        Raises:
            DocumentError: not JSON, or a member of the wrong type, or too many of them.
        """
        return (_small if len(data) <= _SMALL else cls._read)(data, verifying)

    @classmethod
    def _read(cls, data: bytes, verifying: bool) -> Envelope:  # noqa: FBT001 - cached by position
        members = decode_struct(parse(data, most_values=FEW_VALUES), _VERIFIED if verifying else _PARSED)
        listed = members.get("signatures") or ()
        if len(listed) > MOST_SIGNATURES:
            raise DocumentError(f"more than {MOST_SIGNATURES} signatures")
        signatures = tuple(
            EnvelopeSignature((item or {}).get("keyid", ""), (item or {}).get("sig", "")) for item in listed
        )
        return cls(members.get("payloadType", ""), members.get("payload", ""), signatures)

    def verify(self, key: PublicKey) -> bytes:
        """The payload, once a signature over it by `key` is found. Key ids are hints and aren't looked at.

        Raises:
            VerificationError: no signature, none by `key`, or something that isn't base64.
        """
        if not self.signatures:
            raise VerificationError("no signature found")
        try:
            payload = decode_either(self.payload)
            signatures = [decode_either(signature.sig) for signature in self.signatures]
        except Base64Error as error:
            raise VerificationError(str(error)) from None
        if any(_accept(key, pae(self.payload_type, payload), tuple(signatures))):
            return payload
        raise VerificationError("accepted signatures do not match threshold, Found: 0, Expected 1")

    def check_proposable(self, key: PublicKey) -> None:
        """Check that a log would take it: each signature, if there are any, is by `key`.

        Raises:
            VerificationError: none of them is, not all of them are, or something isn't base64.
        """
        if not self.signatures:
            return
        try:
            signed = pae(self.payload_type, decode_either(self.payload))
            signatures = [decode_either(signature.sig) for signature in self.signatures]
        except Base64Error:
            reason = "unable to base64 decode payload (is payload in the right format?)"
            raise VerificationError(f"could not verify envelope: {reason}") from None
        accepted = _accept(key, signed, tuple(signatures))
        if not any(accepted):
            reason = "accepted signatures do not match threshold, Found: 0, Expected 1"
            raise VerificationError(f"could not verify envelope: {reason}")
        if not all(accepted):
            raise VerificationError("all signatures must have a key that verifies it")


_small = lru_cache(_KEPT)(Envelope._read)  # noqa: SLF001 - of this module


def _accept(key: PublicKey, signed: bytes, signatures: tuple[bytes, ...]) -> tuple[bool, ...]:
    """Which signatures are by the key. The log's question needs to know, and then the check itself."""
    return _verify(key, signed, signatures) if len(signed) <= _SMALL else _verify.__wrapped__(key, signed, signatures)


@lru_cache(_KEPT)
def _verify(key: PublicKey, signed: bytes, signatures: tuple[bytes, ...]) -> tuple[bool, ...]:
    return tuple(key.accepts(signature, signed) for signature in signatures)


def read_envelope(data: bytes) -> Envelope:
    """An envelope of an in-toto statement.

    Raises:
        VerificationError: not an envelope, or of another payload type.
    """
    try:
        envelope = Envelope.parse(data, verifying=True)
    except DocumentError as error:
        raise VerificationError(str(error)) from None
    if envelope.payload_type != IN_TOTO:
        raise VerificationError(f"invalid payloadType {envelope.payload_type} on envelope. Expected {IN_TOTO}")
    return envelope
