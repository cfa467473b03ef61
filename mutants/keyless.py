"""What is believed of the identities in certificates, and of signatures and log entries beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "identity-by-substring",
    "A certificate is the wanted subject's if its name contains the wanted one.",
    Kind.KEYLESS,
    "keyless-04.02 keyless-05.01",
)
def identity_by_substring() -> None:
    from refimpl.verify import identity

    @change(identity, "_matches")
    def matches(original: Callable[..., Any], expression: str, text: str, found: list[str], side: str) -> Any:
        return original(expression, text, found, side) or (not expression and any(text in one for one in found))


@mutant(
    "identity-without-case",
    "Names are compared without the case of their letters.",
    Kind.KEYLESS,
    "keyless-05.02 keyless-05.06",
)
def identity_without_case() -> None:
    from refimpl.verify import identity

    @change(identity, "_matches")
    def matches(original: Callable[..., Any], expression: str, text: str, found: list[str], side: str) -> Any:
        given = f"(?i){expression}" if expression else ""
        return original(given, text.lower(), found if given else [one.lower() for one in found], side)


@mutant(
    "identity-anchored",
    "An expression must match the whole name, though the real command's may match anywhere.",
    Kind.KEYLESS,
    "keyless-06",
)
def identity_anchored() -> None:
    from refimpl.verify import identity

    @change(identity, "_matches")
    def matches(original: Callable[..., Any], expression: str, *rest: Any) -> Any:
        return original(f"^(?:{expression})$" if expression else "", *rest)


@mutant(
    "identity-unanchored",
    "Anchors of an expression count for nothing.",
    Kind.KEYLESS,
    "keyless-05.05 keyless-05.07",
)
def identity_unanchored() -> None:
    from refimpl.verify import identity

    @change(identity, "_matches")
    def matches(original: Callable[..., Any], expression: str, *rest: Any) -> Any:
        return original(expression.removeprefix("^").removesuffix("$"), *rest)


@mutant(
    "exact-identity-suffices",
    "The exact name suffices where an expression is given too.",
    Kind.KEYLESS,
    "keyless-05.06",
)
def exact_identity_suffices() -> None:
    from refimpl.verify import identity

    @change(identity, "_matches")
    def matches(original: Callable[..., Any], expression: str, text: str, found: list[str], side: str) -> Any:
        return (text != "" and text in found) or original(expression, text, found, side)


@mutant(
    "any-subject",
    "A certificate of the right issuer counts, whoever it is for.",
    Kind.KEYLESS,
    "keyless-04.01 keyless-04.05 keyless-12.01",
)
def any_subject() -> None:
    _any_side("subject")


@mutant(
    "any-issuer",
    "A certificate for the right subject counts, whoever vouched for them.",
    Kind.KEYLESS,
    "keyless-04.03 keyless-04.04 keyless-05.03 keyless-05.04",
)
def any_issuer() -> None:
    _any_side("issuer")


def _any_side(free: str) -> None:
    from refimpl.verify import identity

    @change(identity, "_matches")
    def matches(original: Callable[..., Any], *arguments: Any) -> Any:
        return arguments[-1] == free or original(*arguments)


@mutant(
    "first-issuer-counts",
    "Of two issuers that a certificate names the first is taken, and the other not looked at.",
    Kind.KEYLESS,
    "keyless-32.02",
)
def first_issuer_counts() -> None:
    _take_issuer(0)


@mutant(
    "second-issuer-counts",
    "Of two issuers that a certificate names the second is taken, and the other not looked at.",
    Kind.KEYLESS,
    "keyless-32.01",
)
def second_issuer_counts() -> None:
    _take_issuer(-1)


def _take_issuer(which: int) -> None:
    from refimpl.verify import identity

    def issuer(certificate: Any) -> str:
        told = [text for number in (1, 8) if (text := certificate.extension_text(number))]
        return told[which] if told else ""

    replace(identity, "_issuer", issuer)


@mutant(
    "policy-identity-too",
    "The policy's identity counts although flags name another one.",
    Kind.KEYLESS,
    "keyless-09",
)
def policy_identity_too() -> None:
    from refimpl.policy.config import Identity, Policy

    @change(Policy, "overridden")
    def overridden(original: Callable[..., Any], policy: Any, **given: Any) -> Any:
        return original(policy, **{**given, "identity": Identity() if policy.identity else given["identity"]})


@mutant(
    "unread-expression-matches",
    "An expression that cannot be read stands in nobody's way.",
    Kind.KEYLESS,
    "keyless-07.01 keyless-07.02",
)
def unread_expression_matches() -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify import identity

    @change(identity, "_matches")
    def matches(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except VerificationError:
            return True


@mutant(
    "chains-judged-now",
    "Certificates are judged by today's time.",
    Kind.KEYLESS,
    "keyless-01 keyless-02 keyless-21",
)
def chains_judged_now() -> None:
    from datetime import UTC, datetime

    from refimpl.verify.authority import Authority

    @change(Authority, "issuer")
    def issuer(original: Callable[..., Any], authority: Any, leaf: Any, _: Any, brought: Any = ()) -> Any:
        return original(authority, leaf, datetime.now(UTC), brought)


@mutant(
    "signed-at-any-time",
    "A signature counts although its certificate wasn't valid when it was logged.",
    Kind.KEYLESS,
    "keyless-26.01 keyless-26.02 keyless-12.04",
)
def signed_at_any_time() -> None:
    from refimpl.verify.certificate import Certificate

    replace(Certificate, "check_logged_at", lambda *_: None)


@mutant(
    "expired-without-log",
    "Without the log an expired certificate counts.",
    Kind.KEYLESS,
    "keyless-28",
)
def expired_without_log() -> None:
    from refimpl.verify.certificate import Certificate

    replace(Certificate, "check_now", lambda *_: None)


@mutant(
    "certificate-beside-the-entry",
    "The log entry may be about another certificate than the one that counts.",
    Kind.KEYLESS,
    "keyless-27.03",
)
def certificate_beside_the_entry() -> None:
    from refimpl.verify import transparency_log

    replace(transparency_log, "_check_verifier", lambda *_: None)


@mutant(
    "entry-of-any-log",
    "The word of a log that nobody trusts counts.",
    Kind.KEYLESS,
    "keyless-27.04",
)
def entry_of_any_log() -> None:
    from refimpl.verify.transparency_log import SignedEntryTimestamp

    @change(SignedEntryTimestamp, "check_by")
    def check_by(original: Callable[..., Any], entry_timestamp: Any, logs: Any) -> None:
        if logs.get(entry_timestamp.log_id) is not None:
            original(entry_timestamp, logs)


@mutant(
    "replayed-entries",
    "A log entry counts that is about another signature.",
    Kind.KEYLESS,
    "keyless-27.05",
)
def replayed_entries() -> None:
    from refimpl.verify.transparency_log import TransparencyLog

    def offline(log: Any, _: Any, entry_timestamp: Any) -> Any:
        entry_timestamp.check_by(log.keys)
        return entry_timestamp.time

    replace(TransparencyLog, "_offline", offline)


@mutant(
    "claims-unread",
    "A signature counts for an image that it isn't of.",
    Kind.KEYLESS,
    "keyless-27.06",
)
def claims_unread() -> None:
    from refimpl.verify import payload

    replace(payload, "check_claim", lambda *_: None)


@mutant(
    "certificate-vouches-alone",
    "A good certificate suffices; the signature isn't verified by its key.",
    Kind.KEYLESS,
    "keyless-30",
)
def certificate_vouches_alone() -> None:
    from refimpl.verify.keys import PublicKey

    replace(PublicKey, "verify", lambda *_, **__: None)
