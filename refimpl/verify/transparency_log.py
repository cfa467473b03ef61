"""Transparency log checks: by the bundle beside a signature, or by asking the log (specification 20 §3.4, §4.3, §7)."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.errors import VerificationError
from refimpl.golang import base64text
from refimpl.golang.document import FEW_VALUES, DocumentError, parse
from refimpl.golang.typed import ANY, BYTES, INTEGER, STRING, Struct, decode
from refimpl.record import record
from refimpl.verify import merkle
from refimpl.verify.entry import Entry, key_of

if TYPE_CHECKING:
    from refimpl.verify.keys import PublicKey
    from refimpl.verify.trust import LogKeys

_LEAF = 64
_NAME = re.compile("(?:[0-9a-fA-F]{16})?[0-9a-fA-F]{64}")

UNKNOWN_LOG = "rekor log public key not found for payload"
_PAYLOAD = Struct.of("bundle.RekorPayload", body=ANY, integratedTime=INTEGER, logIndex=INTEGER, logID=STRING)
_BUNDLE = Struct.of("bundle.RekorBundle", SignedEntryTimestamp=BYTES, Payload=_PAYLOAD)


@record
class SignedEntryTimestamp:
    """A log's signed entry timestamp (SET, also "inclusion promise"): that it has taken an entry.

    Attributes:
        body: of the entry, base64.
        integrated_time: seconds since the epoch.
        log_id: hexadecimal.
        signed_timestamp: the log's signature over the canonical form of the four others.
    """

    body: str
    integrated_time: int
    log_index: int
    log_id: str
    signed_timestamp: bytes

    @classmethod
    def parse(cls, annotation: str) -> SignedEntryTimestamp | None:
        """Read a layer's annotation; None for ``null``.

        Raises:
            VerificationError: not JSON, or a member of the wrong type.
        """
        encoded = annotation.encode("utf-8", "replace")
        try:
            document: Any = decode(parse(encoded, most_values=FEW_VALUES), _BUNDLE)
        except DocumentError as error:
            raise VerificationError(f"unmarshaling bundle: {error}") from None
        if document is None:
            return None
        payload = document.get("Payload") or {}
        body = payload.get("body", "")
        return cls(
            body if isinstance(body, str) else "",
            payload.get("integratedTime", 0),
            payload.get("logIndex", 0),
            payload.get("logID", ""),
            document.get("SignedEntryTimestamp") or b"",
        )

    @property
    def time(self) -> datetime:
        """When the log took the entry.

        Raises:
            VerificationError: beyond what the calendar has.
        """
        try:
            return datetime.fromtimestamp(self.integrated_time, UTC)
        except (ValueError, OverflowError, OSError):
            raise VerificationError(f"invalid integrated time {self.integrated_time}") from None

    def check(self, key: PublicKey) -> None:
        """Check the log's signature.

        Raises:
            VerificationError: it isn't by `key`.
        """
        signed = {
            "body": self.body,
            "integratedTime": self.integrated_time,
            "logID": self.log_id,
            "logIndex": self.log_index,
        }
        canonical = json.dumps(signed, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            key.verify_asn1(self.signed_timestamp, canonical)
        except VerificationError:
            raise VerificationError("unable to verify SET") from None

    def check_by(self, logs: LogKeys) -> None:
        """Check that a log which was trusted at its time made it.

        Raises:
            VerificationError: the log is unknown, wasn't trusted then, or it isn't that log's own.
        """
        log_id = self.log_id.lower() if logs.of_trusted_root else self.log_id
        key = logs.get(log_id)
        if key is None:
            raise VerificationError(UNKNOWN_LOG)
        if logs.at(log_id, self.time) is None:
            raise VerificationError("rekor log public key not valid at payload integrated time")
        self.check(key)


@record
class Evidence:
    """What a log entry must speak of.

    Attributes:
        payload: the signed bytes of an image signature, the envelope of an attestation.
        signature: base64, as annotated; empty for most attestations.
        verifier: PEM of the key, or of the certificate when there is one.
        key: the key that signatures are verified with; None where only a certificate would tell, and there is none.
        certified: the key of the certificate, when there is one.
    """

    payload: bytes
    signature: str
    verifier: str
    key: PublicKey | None
    certified: PublicKey | None
    is_attestation: bool

    @property
    def signer(self) -> PublicKey:
        """The key that signatures are verified with.

        Raises:
            VerificationError: there is none.
        """
        if self.key is None:
            raise VerificationError("empty key")
        return self.key

    @property
    def digest(self) -> str:
        """SHA-256 of the payload in hexadecimal."""
        return hashlib.sha256(self.payload).hexdigest()

    def check_certificate(self) -> None:
        """Check that there is a key, and that a certificate beside the signature certifies it.

        Raises:
            VerificationError: there is none, or it certifies another one.
        """
        key = self.signer
        if self.certified is not None and self.certified.der != key.der:
            raise VerificationError("both public key and certificate were provided but did not match")


@record
class InclusionProof:
    """An audit path from a leaf to a root."""

    log_index: int
    tree_size: int
    hashes: tuple[bytes, ...]
    root: bytes


@record
class LoggedEntry:
    """An entry as the server gave it.

    Attributes:
        uuid: its name: a tree id, maybe, and the leaf's hash.
        body: decoded; empty when it isn't base64.
        proof: None when there is none.
    """

    uuid: str
    body: bytes
    entry_timestamp: SignedEntryTimestamp
    proof: InclusionProof | None

    @property
    def is_named_after_body(self) -> bool:
        """Whether the name ends with the hash of the body, as it must."""
        return bool(_NAME.fullmatch(self.uuid)) and self.uuid[-_LEAF:].lower() == merkle.leaf_hash(self.body).hex()


class LogClient(Protocol):
    """What finds entries in a log: `refimpl.verify.rekor.RekorClient`."""

    def find(self, evidence: Evidence) -> tuple[LoggedEntry, ...]:
        """The log's entries about a signature; `VerificationError` when it can't be asked."""
        ...


class TransparencyLog:
    """The log checks of a run.

    Args:
        keys: of the trusted logs.
        client: asks a log; None when none is configured.
    """

    def __init__(self, keys: LogKeys, client: LogClient | None = None) -> None:
        self.keys = keys
        self._client = client

    def check(self, evidence: Evidence, entry_timestamp: SignedEntryTimestamp | None) -> datetime:
        """When the signature was logged: by its signed entry timestamp if it has one, else the log is asked.

        Raises:
            VerificationError: there is no valid entry about it.
        """
        if entry_timestamp is not None:
            try:
                return self._offline(evidence, entry_timestamp)
            except VerificationError as error:
                raise VerificationError(f"error verifying bundle: {error}") from None
        if self._client is None:
            raise VerificationError("rekor client not provided for online verification")
        return self._online(evidence, self._client)

    def _offline(self, evidence: Evidence, entry_timestamp: SignedEntryTimestamp) -> datetime:
        what = "signature" if evidence.signature else "key"
        try:
            entry = _entry(base64text.decode(entry_timestamp.body), evidence)
            signature = entry.signature if evidence.signature else ""
            verifier = entry.verifier if not evidence.signature else ""
        except (VerificationError, base64text.Base64Error) as error:
            raise VerificationError(f"failed to extract {what} from bundle: {error}") from None
        if signature != evidence.signature:
            raise VerificationError("signature in bundle does not match signature being verified")
        evidence.check_certificate()
        _check_verifier(verifier or entry.verifier, evidence)
        if entry.digest != evidence.digest:
            raise VerificationError(f'matching bundle to payload: bundle="{entry.digest}", payload="{evidence.digest}"')
        try:
            entry_timestamp.check_by(self.keys)
        except VerificationError as error:
            raise VerificationError(f"{self._offline_prefix(str(error))}{error}") from None
        return entry_timestamp.time

    def _offline_prefix(self, reason: str) -> str:
        if self.keys.of_trusted_root:
            return "verifying bundle with trusted root: "
        return "verifying bundle: " if reason == UNKNOWN_LOG else ""

    def _online_reason(self, reason: str) -> str:
        if self.keys.of_trusted_root:
            return f"verifying SET offline: {reason}"
        if reason == UNKNOWN_LOG:
            return (
                f"{reason}. Check your TUF root (see cosign initialize) "
                "or set a custom key with env var SIGSTORE_REKOR_PUBLIC_KEY"
            )
        return f"verifying signedEntryTimestamp: {reason}"

    def _online(self, evidence: Evidence, client: LogClient) -> datetime:
        evidence.check_certificate()
        entries = client.find(evidence)
        if not entries:
            raise VerificationError("signature not found in transparency log")
        times: list[datetime] = []
        reasons: list[str] = []
        for entry in entries:
            if not entry.is_named_after_body:
                continue
            try:
                times.append(self._check_logged(entry, evidence))
            except VerificationError as error:
                reasons.append(str(error))
        if times:
            return min(times)
        raise VerificationError("no valid tlog entries found " + (", ".join(reasons) or "with proposed entry"))

    def _check_logged(self, entry: LoggedEntry, evidence: Evidence) -> datetime:
        proof = entry.proof
        if proof is None:
            raise VerificationError("inclusion proof not provided")
        try:
            merkle.check_inclusion(
                merkle.leaf_hash(entry.body), proof.log_index, proof.tree_size, proof.hashes, proof.root
            )
        except VerificationError as error:
            raise VerificationError(f"verifying inclusion proof: {error}") from None
        try:
            entry.entry_timestamp.check_by(self.keys)
        except VerificationError as error:
            raise VerificationError(self._online_reason(str(error))) from None
        _check_content(entry.body, evidence)
        return entry.entry_timestamp.time


def _entry(body: bytes, evidence: Evidence, *, verify: bool = True) -> Entry:
    """Read an entry of a kind that tells of such a signature: an image's is logged as its payload's, no envelope's."""
    entry = Entry.parse(body, verify=verify)
    if (entry.kind == "hashedrekord") == evidence.is_attestation:
        raise VerificationError("unsupported type")
    return entry


def _check_verifier(text: str, evidence: Evidence) -> None:
    if not _is_verifier(text, evidence):
        raise VerificationError(f"comparing public key PEMs, expected {evidence.verifier}, got {text}")


def _is_verifier(text: str, evidence: Evidence) -> bool:
    """Whether a logged PEM text is the evidence's key or certificate, whatever its spelling."""
    from refimpl.verify import pem

    found, rest = pem.split(text)
    if len(found) != 1 or rest:
        raise VerificationError(f"unexpected PEM block: {rest if found else text}")
    wanted = pem.first(evidence.verifier)
    return wanted is not None and found[0].der == wanted.der


def _check_content(body: bytes, evidence: Evidence) -> None:
    """Check that an entry which the log gave speaks of this signature.

    The contract leaves this out, so that any entry of the log would do; a log may hold anybody's entries.
    """
    entry = _entry(body, evidence, verify=False)  # the caller verifies the signature itself
    if entry.digest != evidence.digest:
        raise VerificationError(f'matching entry to payload: entry="{entry.digest}", payload="{evidence.digest}"')
    if not evidence.is_attestation and entry.signatures is not None and evidence.signature not in entry.signatures:
        raise VerificationError("signature in entry does not match signature being verified")
    if not any(key_of(verifier).der == evidence.signer.der for verifier in entry.verifiers):
        raise VerificationError("public key in entry does not match the verifier's")
