"""Bundles of one image, verified (specification 20 §6.2, §6.3)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from refimpl.errors import VerificationError
from refimpl.golang import base64text
from refimpl.golang.document import Document, DocumentError, parse
from refimpl.record import record
from refimpl.verify.attestation import Attestation
from refimpl.verify.bundle import MessageSignature
from refimpl.verify.bundle_log import check_logged
from refimpl.verify.bundle_signer import ByCertificate, ByKey, signer_of
from refimpl.verify.dsse import IN_TOTO, pae
from refimpl.verify.protojson import BYTES, STRING, STRINGS, STRUCT, Message, read_message
from refimpl.verify.refusal import NoMatchingError, failing, shorten
from refimpl.verify.signature import Signature
from refimpl.verify.statement import check_claim, read_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from refimpl.verify.bundle import Bundle, BundleEnvelope
    from refimpl.verify.keyless import KeylessSigner
    from refimpl.verify.keys import PublicKey
    from refimpl.verify.trust import LogKeys

_SIGNS = "https://sigstore.dev/cosign/sign/v1"
_TYPES = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")
_MOST_SUBJECTS, _MOST_DIGESTS = 1024, 32

# https://github.com/in-toto/attestation, protos/in_toto_attestation/v1.
_DESCRIPTOR = Message(
    {
        "name": STRING,
        "uri": STRING,
        "digest": STRINGS,
        "content": BYTES,
        "downloadLocation": STRING,
        "mediaType": STRING,
        "annotations": STRUCT,
    }
)
_STATEMENT = Message(
    {"_type": STRING, "subject": [_DESCRIPTOR], "predicateType": STRING, "predicate": STRUCT},
    declared=(("_type", "type"),),
)


@record
class Bundled:
    """A verified bundle: its statement and signature."""

    statement: bytes
    document: Document
    predicate_type: str
    signature: Signature

    @property
    def signs(self) -> bool:
        """Whether it is an image signature rather than an attestation."""
        return self.predicate_type == _SIGNS

    def attestation(self) -> Attestation:
        """The attestation; SLSA predicates aren't looked into, hence there is no build type.

        Raises:
            VerificationError: the statement's ``_type`` is none of in-toto's.
        """
        try:
            header = read_header(self.document)
        except DocumentError as error:
            raise VerificationError(f"malformed bundle attestation: {error}") from None
        if header.statement_type not in _TYPES:
            raise VerificationError(f"unsupported attestation type: {header.statement_type}")
        return Attestation(self.statement, header.predicate_type, "", (self.signature,), self.document)


def verify(
    bundles: Iterable[Bundle],
    digest: str,
    signer: PublicKey | KeylessSigner,
    logs: LogKeys | None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Bundled, ...] | None:
    """The bundles that verify, in their order, at least one; None when there are no bundles.

    Args:
        bundles: of the image; none is kept that doesn't verify.
        digest: of the image.
        signer: whom they must be by.
        logs: one of these must have logged each; None asks for no log entry.
        now: the clock that certificates are held against when no log is asked for.

    Raises:
        NoMatchingError: none verifies.
    """
    kept, reasons = [], []
    for bundle in bundles:
        try:
            kept.append(_verify(bundle, digest, signer_of(bundle, signer, now()), logs))
        except VerificationError as error:
            reasons.append(shorten(error))
    if reasons and not kept:
        raise NoMatchingError("attestations", "\n".join(reasons))
    return tuple(kept) or None


def _verify(bundle: Bundle, digest: str, signer: ByKey | ByCertificate, logs: LogKeys | None) -> Bundled:
    times = None
    if logs is not None:
        with failing("failed to verify log inclusion"):
            _check_content(bundle)
            signer.read()
            times = check_logged(bundle.entries, bundle.signature, signer, logs)
    key = signer.key(times)
    with failing("failed to fetch signature content"):
        _check_content(bundle)
    if isinstance(bundle.content, MessageSignature):
        with failing("failed to verify signature"):
            _check_message(bundle.content, digest, key)
        signer.check_identity()
        raise VerificationError("bundle does not contain a DSSE envelope")
    with failing("failed to verify signature"):
        signature = _check_envelope(bundle.content, key)
        statement, document = _statement(bundle.content)
        _check_subjects(statement, digest)
    signer.check_identity()
    check_claim(document, digest)
    # By its name in JSON alone: the other spelling, which protobuf takes, is none of in-toto's.
    return Bundled(bundle.content.payload, document, document.value.get("predicateType") or "", signature)


def _check_content(bundle: Bundle) -> None:
    if isinstance(bundle.content, MessageSignature):
        if bundle.content.digest is None:
            raise VerificationError("validation error: missing verification material")
    elif not bundle.content.payload:
        raise VerificationError("validation error: invalid attestation: missing valid envelope")


def _check_message(message: MessageSignature, digest: str, key: PublicKey) -> None:
    image = bytes.fromhex(digest.partition(":")[2])
    if message.digest != image:
        raise VerificationError("artifact does not match digest")
    with failing("could not verify message"):
        key.verify(message.signature, image, hashed=True)


def _check_envelope(envelope: BundleEnvelope, key: PublicKey) -> Signature:
    if len(envelope.signatures) != 1:
        raise VerificationError("exactly one signature is required")
    (signature,) = envelope.signatures
    # A key has the id that SSH gives it, and an envelope that names another one names another key.
    is_named = not signature.keyid or key.ssh_fingerprint in ("", signature.keyid)
    if not is_named or not key.accepts(signature.sig, pae(envelope.payload_type, envelope.payload)):
        raise VerificationError(
            "could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1"
        )
    return Signature(signature.keyid, base64.b64encode(signature.sig).decode())


def _statement(envelope: BundleEnvelope) -> tuple[dict[str, Any], Document]:
    with failing("could not verify artifact: unable to extract statement from envelope: validation error"):
        if envelope.payload_type != IN_TOTO:
            raise VerificationError("unsupported media type")
        try:
            document = parse(envelope.payload)
            return read_message(document, _STATEMENT), document
        except DocumentError:
            raise VerificationError("invalid attestation: decoding json") from None


def _check_subjects(statement: dict[str, Any], digest: str) -> None:
    algorithm, _, encoded = digest.partition(":")
    subjects = statement.get("subject", [])
    if len(subjects) > _MOST_SUBJECTS:
        raise VerificationError(f"too many subjects: {len(subjects)} > {_MOST_SUBJECTS}")
    most = max((len(subject.get("digest", {})) for subject in subjects), default=0)
    if most > _MOST_DIGESTS:
        raise VerificationError(f"too many digests: {most} > {_MOST_DIGESTS}")
    found = []
    try:
        for subject in subjects:
            decoded = {name: base64text.decode_hexadecimal(text) for name, text in subject.get("digest", {}).items()}
            found += [decoded[algorithm]] if algorithm in decoded else []
    except base64text.HexadecimalError:
        raise VerificationError("could not verify artifact: unable to decode subject digest") from None
    if not found:
        raise VerificationError("provided artifact digests does not match digests in statement")
    if bytes.fromhex(encoded) not in found:
        raise VerificationError("provided artifact digest does not match any digest in statement")
