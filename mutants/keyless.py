"""What is believed of certificates, of the authorities and logs behind them, and of the identities in them."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacing import changed, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cryptography import x509

__all__: list[str] = []


@mutant(
    "identity-by-substring",
    "A certificate is the wanted subject's if its name contains the wanted one.",
    Kind.KEYLESS,
    "keyless-04.02 keyless-05.01",
)
def identity_by_substring() -> None:
    from refimpl.verify import identity

    @changed(identity, "_matches")
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

    @changed(identity, "_matches")
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

    @changed(identity, "_matches")
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

    @changed(identity, "_matches")
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

    @changed(identity, "_matches")
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

    @changed(identity, "_matches")
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

    @changed(Policy, "overridden")
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

    @changed(identity, "_matches")
    def matches(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except VerificationError:
            return True


@mutant(
    "any-authority",
    "A certificate counts whoever issued it.",
    Kind.KEYLESS,
    "keyless-20.01 keyless-12.02",
)
def any_authority() -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify.authority import Authority

    @changed(Authority, "issuer")
    def issuer(original: Callable[..., Any], authority: Any, leaf: Any, time: Any, brought: Any = ()) -> Any:
        try:
            return original(authority, leaf, time, brought)
        except VerificationError:
            return brought[0] if brought else authority.roots[0]


@mutant(
    "roots-by-name",
    "A path ends where a certificate has the name of a root.",
    Kind.KEYLESS,
    "keyless-20.01",
)
def roots_by_name() -> None:
    _walking("root")


@mutant(
    "powerless-authorities",
    "Whoever has a certificate may issue others, if their key is for certificates.",
    Kind.KEYLESS,
    "keyless-20.03",
)
def powerless_authorities() -> None:
    _walking("ca")


@mutant(
    "authorities-with-any-key",
    "What an authority's key may be used for isn't looked at.",
    Kind.KEYLESS,
    "keyless-20.04",
)
def authorities_with_any_key() -> None:
    from refimpl.verify import authority

    replace(authority, "_signs_certificates", lambda *_: None)


@mutant(
    "leaves-play-authorities",
    "A signer's certificate serves to issue others.",
    Kind.KEYLESS,
    "keyless-20.05",
)
def leaves_play_authorities() -> None:
    _walking("ca", "usage", "length")


@mutant(
    "paths-of-any-length",
    "An authority below one that allows none may issue certificates.",
    Kind.KEYLESS,
    "keyless-20.06",
)
def paths_of_any_length() -> None:
    _walking("length")


@mutant(
    "names-unconstrained",
    "An authority may issue certificates for all names.",
    Kind.KEYLESS,
    "keyless-20.07 keyless-20.08",
)
def names_unconstrained() -> None:
    _walking("names")


@mutant(
    "authorities-for-ever",
    "Authorities may issue certificates before and after their time.",
    Kind.KEYLESS,
    "keyless-20.09 keyless-20.10",
)
def authorities_for_ever() -> None:
    _walking("validity")


@mutant(
    "certificates-for-any-use",
    "What certificates may be used for isn't looked at.",
    Kind.KEYLESS,
    "keyless-20.11 keyless-20.12",
)
def certificates_for_any_use() -> None:
    from refimpl.verify import authority

    replace(authority, "_signs_code", lambda *_: None)


@mutant(
    "critical-extensions-passed-over",
    "Critical extensions that nobody knows are passed over.",
    Kind.KEYLESS,
    "keyless-20.13",
)
def critical_extensions_passed_over() -> None:
    _walking("critical")


@mutant(
    "chains-judged-now",
    "Certificates are judged by today's time.",
    Kind.KEYLESS,
    "keyless-01 keyless-02 keyless-21",
)
def chains_judged_now() -> None:
    from datetime import UTC, datetime

    from refimpl.verify.authority import Authority

    @changed(Authority, "issuer")
    def issuer(original: Callable[..., Any], authority: Any, leaf: Any, _: Any, brought: Any = ()) -> Any:
        return original(authority, leaf, datetime.now(UTC), brought)


@mutant(
    "brought-intermediates-count",
    "Authorities that come with a signature count beside those that are known.",
    Kind.KEYLESS,
    "keyless-22.01 keyless-22.02",
)
def brought_intermediates_count() -> None:
    from refimpl.verify.keyless import KeylessSigner

    def issuer(signer: Any, leaf: Any, brought: Sequence[Any]) -> Any:
        from refimpl.verify.authority import Authority

        [first] = signer.authorities
        return Authority(first.roots, (*first.intermediates, *brought)).issuer(leaf, leaf.not_valid_before_utc)

    replace(KeylessSigner, "_issuer", issuer)


@mutant(
    "unlogged-certificates",
    "A certificate needs no log's promise.",
    Kind.KEYLESS,
    "keyless-23.01 keyless-24.01 keyless-12.03",
)
def unlogged_certificates() -> None:
    from refimpl.verify import keyless

    @changed(keyless, "check_promises")
    def check_promises(original: Callable[..., Any], leaf: Any, *rest: Any) -> None:
        from refimpl.verify import sct

        if sct._promises(leaf):
            original(leaf, *rest)


@mutant(
    "promises-by-any-log",
    "A certificate log's promise counts whether the log is trusted or not.",
    Kind.KEYLESS,
    "keyless-23.02 keyless-24.02",
)
def promises_by_any_log() -> None:
    from refimpl.verify import sct

    @changed(sct, "_check")
    def check(original: Callable[..., Any], promise: Any, leaf: Any, issuer: Any, logs: Any) -> None:
        if logs.get(promise.log_id.hex()) is not None:
            original(promise, leaf, issuer, logs)


@mutant(
    "promises-unverified",
    "A promise counts when it names a trusted log.",
    Kind.KEYLESS,
    "keyless-23.03 keyless-24.03",
)
def promises_unverified() -> None:
    from refimpl.verify import sct

    replace(sct, "_verify", lambda *_: None)


@mutant(
    "one-promise-suffices",
    "One good promise suffices where each must hold.",
    Kind.KEYLESS,
    "keyless-23.04",
)
def one_promise_suffices() -> None:
    _promises_held(any)


@mutant(
    "every-promise-must-hold",
    "Each promise must hold where one suffices.",
    Kind.KEYLESS,
    "keyless-25",
)
def every_promise_must_hold() -> None:
    _promises_held(all)


def _promises_held(enough: Callable[..., bool]) -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify import keyless, sct

    def check_promises(leaf: Any, issuer: Any, logs: Any) -> None:
        def holds(promise: Any) -> bool:
            try:
                sct._check(promise, leaf, issuer, logs)
            except VerificationError:
                return False
            return True

        if not enough(map(holds, sct._promises(leaf))):
            raise VerificationError("no promise")

    replace(keyless, "check_promises", check_promises)


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
    from refimpl.verify.transparency_log import Promise

    @changed(Promise, "check_by")
    def check_by(original: Callable[..., Any], promise: Any, logs: Any) -> None:
        if logs.get(promise.log_id) is not None:
            original(promise, logs)


@mutant(
    "replayed-entries",
    "A log entry counts that is about another signature.",
    Kind.KEYLESS,
    "keyless-27.05",
)
def replayed_entries() -> None:
    from refimpl.verify.transparency_log import TransparencyLog

    def offline(log: Any, _: Any, promise: Any) -> Any:
        promise.check_by(log.keys)
        return promise.time

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


def _walking(*unlooked: str) -> None:
    """Go up from the signer to a root by names and signatures, and don't look at what is named."""
    from refimpl.errors import VerificationError
    from refimpl.verify.authority import Authority

    def issuer(
        authority: Any, leaf: x509.Certificate, time: datetime, brought: Sequence[x509.Certificate] = ()
    ) -> x509.Certificate:
        known = [*(authority.intermediates or brought), *authority.roots]
        path, end = [leaf], len(authority.intermediates or brought) + 1
        while path[-1] not in authority.roots:
            above = [one for one in known if _issued(path[-1], one, by_name="root" in unlooked)]
            if not above or len(path) > end:
                raise VerificationError("no path")
            path.append(above[0])
        if trouble := _troubles(path, time) - set(unlooked):
            raise VerificationError(", ".join(sorted(trouble)))
        return path[1]

    replace(Authority, "issuer", issuer)


def _issued(certificate: x509.Certificate, candidate: x509.Certificate, *, by_name: bool) -> bool:
    from cryptography.exceptions import InvalidSignature

    if certificate.issuer != candidate.subject:
        return False
    if by_name:
        return True
    try:
        certificate.verify_directly_issued_by(candidate)
    except (InvalidSignature, ValueError):
        return False
    return True


def _troubles(path: Sequence[x509.Certificate], time: datetime) -> set[str]:
    """What is wrong with a path, as far as the scenarios go."""
    from cryptography import x509

    def found(certificate: x509.Certificate, kind: Any) -> Any:
        return next((one.value for one in certificate.extensions if isinstance(one.value, kind)), None)

    wrong = set()
    for below, each in enumerate(path[1:]):
        constraints, usage = found(each, x509.BasicConstraints), found(each, x509.KeyUsage)
        if constraints is None or not constraints.ca:
            wrong.add("ca")
        elif constraints.path_length is not None and below > constraints.path_length:
            wrong.add("length")
        if usage is not None and not usage.key_cert_sign:
            wrong.add("usage")
        if (limits := found(each, x509.NameConstraints)) and not _permitted(path[0], limits):
            wrong.add("names")
    if not all(each.not_valid_before_utc <= time <= each.not_valid_after_utc for each in path):
        wrong.add("validity")
    if any(one.critical and isinstance(one.value, x509.UnrecognizedExtension) for one in path[0].extensions):
        wrong.add("critical")
    for each in path:
        usages = found(each, x509.ExtendedKeyUsage)
        if usages is not None and x509.oid.ExtendedKeyUsageOID.CODE_SIGNING not in usages:
            wrong.add("use")
    return wrong


def _permitted(leaf: x509.Certificate, limits: x509.NameConstraints) -> bool:
    from cryptography import x509

    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = [name.rpartition("@")[2] for name in names.get_values_for_type(x509.RFC822Name)]
    permitted, excluded = (
        [one.value for one in some or ()] for some in (limits.permitted_subtrees, limits.excluded_subtrees)
    )
    return all(host not in excluded and (not permitted or host in permitted) for host in hosts)
