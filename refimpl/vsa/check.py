"""Whether a VSA stands for a validation: signed, about the image, young enough, passed, by the policy (24 §16)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.golang import base64text, instant
from refimpl.golang.document import FEW_VALUES, DocumentError, parse
from refimpl.golang.typed import ANY, STRING, Struct, decode_struct
from refimpl.policy.config import Policy
from refimpl.policy.schema import POLICY
from refimpl.policy.schema import decode as decode_policy
from refimpl.record import record
from refimpl.verify.dsse import IN_TOTO
from refimpl.verify.statement import check_claim
from refimpl.vsa.comparison import Differences, Judged, compare
from refimpl.vsa.statement import PREDICATE_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from refimpl.verify.dsse import Envelope
    from refimpl.verify.keys import PublicKey

PASSED = "passed"
_DAY = 24 * 3600 * instant.SECOND
_AHEAD = 300 * instant.SECOND
"""How far clocks may be apart."""

_PREDICATE = Struct.of("vsa.Predicate", policy=ANY, timestamp=STRING, status=STRING, publicKey=STRING, verifier=STRING)
_STATEMENT = Struct.of("vsa.InTotoStatement", _type=STRING, predicateType=STRING, subject=ANY, predicate=_PREDICATE)


class Retriever(Protocol):
    """Where VSAs are: a log, or files."""

    def retrieve(self, identifier: str) -> Sequence[Envelope]:
        """Those that may be the identifier's, the newest first; `VerificationError` if there is none."""
        ...


@record
class Summary:
    """What a VSA says, once it is read.

    Attributes:
        made: nanoseconds since 1970.
        status: ``passed`` or ``failed``, as a rule.
        policy: that the image was judged by.
        public_key: PEM of the key that the image had to be signed by.
    """

    made: int
    status: str
    policy: Policy
    public_key: str

    @property
    def rank(self) -> tuple[int, bool]:
        """Of several the highest counts: the newest, and in a second the one that failed, whichever was logged last."""
        return self.made, self.status != PASSED


@record
class Finding:
    """What came of looking for a VSA that stands for a validation.

    Attributes:
        passed: whether one does.
        message: why, or why not.
        reason: ``policy_mismatch``, ``predicate_failed``, ``expired``, or empty.
        status: what the VSA says.
        differences: of the policies, if that is the reason.
    """

    passed: bool
    message: str
    reason: str = ""
    status: str = ""
    verified: bool = False
    differences: Differences | None = None


@record
class Check:
    """How VSAs are judged. Thread-safe.

    Attributes:
        retriever: where they are.
        key: of who signs them, or why there is none; None leaves signatures alone.
        longest: how old one may be, in seconds; zero for any age.
        policy: that is asked for; without sources any rules will do.
        image_key: PEM of the key that images must be signed by, empty where it is an identity; None for any signer.
        clock: nanoseconds since 1970.
        effective_time: at which policies are compared, in nanoseconds.
    """

    retriever: Retriever
    key: PublicKey | KeyMaterialError | None
    longest: float
    policy: Policy
    image_key: str | None
    clock: Callable[[], int]
    effective_time: int

    def find(self, identifier: str, *, digest: str, image: str, component: str) -> Finding:
        """Look for a VSA.

        Args:
            identifier: what the retriever finds it by.
            digest: of the image that it must be about; empty if that isn't known.
            image: its reference, for criteria that are for some images only.
            component: its name, likewise.

        Raises:
            VerificationError: there is none that is signed and about the image, or it can't be looked for.
        """
        try:
            summary = self._newest(identifier, digest)
        except VerificationError as error:
            raise VerificationError(f"failed to check existing VSA: {error}") from None
        return self._judge(summary, Judged(image, component, self.effective_time))

    def _newest(self, identifier: str, digest: str) -> Summary:
        """The one made last of those that are signed and about the image: others may have been added by anybody."""
        try:
            envelopes = self.retriever.retrieve(identifier)
        except VerificationError as error:
            raise VerificationError(f"failed to retrieve VSA envelope: {error}") from None
        found: list[Summary] = []
        first: VerificationError | None = None
        for envelope in envelopes:
            try:
                found.append(read_summary(envelope, self.key, digest))
            except VerificationError as error:
                first = first or error
        if not found:
            raise first or VerificationError("failed to retrieve VSA envelope: there is none")
        return max(found, key=lambda summary: summary.rank)

    def _judge(self, summary: Summary, judged: Judged) -> Finding:
        def refuse(message: str, reason: str = "", differences: Differences | None = None) -> Finding:
            return Finding(
                passed=False,
                message=message,
                reason=reason,
                status=summary.status,
                verified=self.key is not None,
                differences=differences,
            )

        now = self.clock()
        if summary.made > now + _AHEAD:
            return refuse("VSA is from the future", "expired")
        if self.longest and now - summary.made > self.longest * instant.SECOND:
            return refuse(f"VSA expired {math.ceil((now - summary.made) / _DAY)} day(s) ago", "expired")
        if summary.status != PASSED:
            return refuse(f"VSA predicate status is '{summary.status}' (not 'passed')", "predicate_failed")
        if not summary.policy.sources:
            return refuse("VSA predicate does not contain policy sources")
        try:
            differences = self._differences(summary, judged)
        except VerificationError as error:
            return refuse(f"policy comparison failed: {error}")
        if differences:
            counts = f"{differences.added} added, {differences.removed} removed, {differences.changed} changed"
            return refuse(f"Policy mismatch detected: {counts}", "policy_mismatch", differences)
        return Finding(passed=True, message="Policy matches", status=summary.status, verified=self.key is not None)

    def _differences(self, summary: Summary, judged: Judged) -> Differences:
        found = compare(summary.policy, self.policy, judged) if self.policy.sources else Differences()
        if self.image_key is not None and self._has_another_signer(summary):
            return Differences(found.added, found.removed, found.changed + 1)
        return found

    def _has_another_signer(self, summary: Summary) -> bool:
        return summary.public_key != self.image_key or summary.policy.identity != self.policy.identity


def read_summary(envelope: Envelope, key: PublicKey | KeyMaterialError | None, digest: str) -> Summary:
    """What an envelope says, once its signature is verified.

    Args:
        envelope: as it was found.
        key: that must have signed it; None for any, or none.
        digest: of the image that it must be about; empty for any.

    Raises:
        VerificationError: it isn't signed by the key, is no VSA, or about another image.
    """
    try:
        payload = _payload(envelope, key)
    except (VerificationError, KeyMaterialError) as error:
        raise VerificationError(f"VSA signature verification failed: {error}") from None
    failed = "failed to extract predicate from VSA envelope"
    try:
        document = parse(payload, most_values=FEW_VALUES)
        statement = decode_struct(document, _STATEMENT)
    except DocumentError as error:
        raise VerificationError(f"{failed}: failed to parse VSA predicate from DSSE payload: {error}") from None
    if envelope.payload_type != IN_TOTO:
        raise VerificationError(f"{failed}: the payload is of the type {envelope.payload_type}, not {IN_TOTO}")
    if statement.get("predicateType") != PREDICATE_TYPE:
        kind = statement.get("predicateType", "")
        raise VerificationError(f"{failed}: the predicate is of the type '{kind}', not {PREDICATE_TYPE}")
    if digest:
        try:
            check_claim(document, digest)
        except VerificationError:
            raise VerificationError(f"{failed}: it is about another image than {digest}") from None
    predicate = statement.get("predicate") or {}
    try:
        made = instant.parse_rfc3339(predicate.get("timestamp", ""))
    except instant.TimeSyntaxError as error:
        raise VerificationError(f"failed to parse VSA timestamp: {error}") from None
    return Summary(made, predicate.get("status", ""), _policy(predicate.get("policy")), predicate.get("publicKey", ""))


def _payload(envelope: Envelope, key: PublicKey | KeyMaterialError | None) -> bytes:
    """The payload, verified unless there is no key."""
    if key is None:
        try:
            return base64text.decode_either(envelope.payload)
        except base64text.Base64Error as error:
            raise VerificationError(str(error)) from None
    if not envelope.signatures:
        raise VerificationError("envelope contains no signatures")
    if isinstance(key, KeyMaterialError):
        raise VerificationError(f"failed to load public key: {key}")
    try:
        return envelope.verify(key)
    except VerificationError as error:
        raise VerificationError(f"signature verification failed: {error}") from None


def _policy(document: Any) -> Policy:
    try:
        return Policy.from_json(decode_policy(POLICY, document or {}))
    except DocumentError as error:
        raise VerificationError(
            f"failed to extract predicate from VSA envelope: failed to parse VSA predicate from DSSE payload: {error}"
        ) from None
