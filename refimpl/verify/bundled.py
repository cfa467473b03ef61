"""Bundles of one image, verified by key (specification 20 §6.2, §6.3)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from refimpl.errors import VerificationError
from refimpl.golang import base64text
from refimpl.golang.document import Document, DocumentError, Members, parse, protobuf_error
from refimpl.record import record
from refimpl.verify import merkle
from refimpl.verify.attestation import Attestation
from refimpl.verify.checkpoint import check_checkpoint
from refimpl.verify.dsse import IN_TOTO, pae
from refimpl.verify.entry import Entry, key_of
from refimpl.verify.refusal import NoMatchingError, shortened
from refimpl.verify.signature import Signature
from refimpl.verify.statement import check_claim, read_header
from refimpl.verify.transparency_log import Promise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refimpl.verify.bundle import Bundle, Checkpointed
    from refimpl.verify.keys import PublicKey
    from refimpl.verify.trust import LogKeys

__all__ = ["Bundled", "verified"]

_SIGNS = "https://sigstore.dev/cosign/sign/v1"
_TYPES = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")

_DESCRIPTOR = {
    "name": "string",
    "uri": "string",
    "digest": "digests",
    "content": "string",
    "downloadLocation": "string",
    "mediaType": "string",
    "annotations": "struct",
}
_STATEMENT = {"_type": "string", "subject": "subjects", "predicateType": "string", "predicate": "struct"}
_DECODING = (
    "failed to verify signature: could not verify artifact: unable to extract statement from envelope: "
    "validation error: invalid attestation: decoding json"
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
        prefix = "unable to parse bundle attestation"
        try:
            header = read_header(self.document)
        except DocumentError as error:
            raise VerificationError(f"{prefix}: malformed bundle attestation: {error}") from None
        if header.statement_type not in _TYPES:
            raise VerificationError(f"{prefix}: unsupported attestation type: {header.statement_type}")
        return Attestation(self.statement, header.predicate_type, "", (self.signature,), self.document)


def verified(
    bundles: Iterable[Bundle], digest: str, key: PublicKey, logs: LogKeys | None
) -> tuple[Bundled, ...] | None:
    """The bundles that verify, in their order, at least one; None when there are no bundles.

    Args:
        bundles: of the image; none is kept that doesn't verify.
        digest: of the image.
        key: of the signer.
        logs: one of these must have logged each; None asks for no log entry.

    Raises:
        NoMatchingError: none verifies.
    """
    kept, reasons = [], []
    for bundle in bundles:
        try:
            kept.append(_verified(bundle, digest, key, logs))
        except VerificationError as error:
            reasons.append(shortened(error))
    if reasons and not kept:
        raise NoMatchingError("attestations", "\n".join(reasons))
    return tuple(kept) or None


def _verified(bundle: Bundle, digest: str, key: PublicKey, logs: LogKeys | None) -> Bundled:
    if not bundle.has_envelope:
        raise VerificationError("bundle does not contain a DSSE envelope")
    if not bundle.payload:
        raise VerificationError(
            "failed to fetch signature content: validation error: invalid attestation: missing valid envelope"
        )
    if bundle.has_certificate:
        raise VerificationError("expected key signature, not certificate")
    if logs is not None:
        _check_logged(bundle, key, logs)
    failed = "failed to verify signature"
    if len(bundle.signatures) != 1:
        raise VerificationError(f"{failed}: exactly one signature is required")
    signature = bundle.signatures[0]
    # A key given by hand has no id, and here ids are compared.
    if signature.keyid or not key.accepts(signature.sig, pae(bundle.payload_type, bundle.payload)):
        raise VerificationError(
            f"{failed}: could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1"
        )
    if bundle.payload_type != IN_TOTO:
        raise VerificationError(
            f"{failed}: could not verify artifact: unable to extract statement from envelope: "
            "validation error: unsupported media type"
        )
    document = _statement(bundle.payload)
    _check_subjects(document.value, digest)
    check_claim(document, digest)
    predicate_type = document.value.get("predicateType") or ""
    sig = base64.b64encode(signature.sig).decode()
    return Bundled(bundle.payload, document, predicate_type, Signature("", sig))


def _statement(payload: bytes) -> Document:
    """Read a statement as strictly as protobuf does: nothing unknown, nothing twice."""
    try:
        document = parse(payload)
    except DocumentError:
        raise VerificationError(_DECODING) from None
    if not _is_message(document.value, _STATEMENT, garbled=document.garbled):
        raise VerificationError(_DECODING)
    return document


def _is_message(value: Any, members: dict[str, str], *, garbled: bool) -> bool:
    if not isinstance(value, dict) or isinstance(value, Members):
        return False
    known = {**members, "type": "string", "predicate_type": "string"} if "_type" in members else members
    return all(name in known and _is(member, known[name], garbled=garbled) for name, member in value.items())


def _is(value: Any, wanted: str, *, garbled: bool) -> bool:
    if value is None:
        return True
    if wanted == "struct":
        return protobuf_error(value, garbled=garbled) is None
    if wanted == "digests":
        return isinstance(value, dict) and all(type(text) is str for text in value.values())
    if wanted == "subjects":
        return isinstance(value, list) and all(_is_message(item, _DESCRIPTOR, garbled=garbled) for item in value)
    return type(value) is str


def _check_subjects(statement: dict[str, Any], digest: str) -> None:
    algorithm, _, encoded = digest.partition(":")
    failed = "failed to verify signature"
    found = [
        subject["digest"][algorithm]
        for subject in statement.get("subject") or ()
        if algorithm in (subject.get("digest") or {})
    ]
    try:
        decoded = [base64text.decode_hexadecimal(text) for text in found]
    except base64text.HexadecimalError:
        raise VerificationError(f"{failed}: could not verify artifact: unable to decode subject digest") from None
    if not decoded:
        raise VerificationError(f"{failed}: provided artifact digests does not match digests in statement")
    if bytes.fromhex(encoded) not in decoded:
        raise VerificationError(f"{failed}: provided artifact digest does not match any digest in statement")


def _check_logged(bundle: Bundle, key: PublicKey, logs: LogKeys) -> None:
    """Check that a trusted log has an entry about this very signature, by promise and by inclusion."""
    count = 0
    for entry in bundle.entries:
        log_key = logs.get(entry.log_id)
        if log_key is None:
            continue
        try:
            _check_entry(entry, log_key)
        except VerificationError as error:
            if "checkpoint" in str(error):
                raise VerificationError(f"failed to verify log inclusion: {error}") from None
            continue
        if _is_about(entry, bundle, key):
            count += 1
    if not count:
        raise VerificationError(
            "failed to verify log inclusion: not enough verified log entries from transparency log: 0 < 1"
        )


def _check_entry(entry: Checkpointed, key: PublicKey) -> None:
    body = base64.b64encode(entry.body).decode()
    Promise(body, entry.integrated_time, entry.index, entry.log_id, entry.signed_timestamp).check(key)
    merkle.check_inclusion(merkle.leaf_hash(entry.body), entry.leaf_index, entry.tree_size, entry.hashes, entry.root)
    check_checkpoint(entry.checkpoint, key, size=entry.tree_size, root=entry.root)


def _is_about(entry: Checkpointed, bundle: Bundle, key: PublicKey) -> bool:
    try:
        logged = Entry.parse(entry.body)
        if (entry.kind or logged.kind, entry.version or logged.version) != (logged.kind, logged.version):
            return False
        sigs = {base64.b64encode(signature.sig).decode() for signature in bundle.signatures}
        return logged.signature in sigs and key_of(logged.verifier).der == key.der
    except VerificationError:
        return False
