"""What is believed of authorities that issue certificates, and of logs that say they have seen them."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cryptography import x509

__all__: list[str] = []


@mutant(
    "any-authority",
    "A certificate counts whoever issued it.",
    Kind.KEYLESS,
    "keyless-20.01 keyless-12.02",
)
def any_authority() -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify.authority import Authority

    @change(Authority, "issuer")
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

    replace(authority, "_is_for", lambda _: lambda *_: None)


@mutant(
    "critical-extensions-passed-over",
    "Critical extensions that nobody knows are passed over.",
    Kind.KEYLESS,
    "keyless-20.13",
)
def critical_extensions_passed_over() -> None:
    _walking("critical")


@mutant(
    "brought-intermediates-count",
    "Authorities that come with a signature count beside those that are known.",
    Kind.KEYLESS,
    "keyless-22.01 keyless-22.02",
)
def brought_intermediates_count() -> None:
    from refimpl.verify.keyless import KeylessSigner

    def issuer(signer: Any, leaf: Any, time: Any, brought: Sequence[Any]) -> Any:
        from refimpl.verify.authority import Authority

        [first] = signer.authorities
        return Authority(first.roots, (*first.intermediates, *brought)).issuer(leaf, time)

    replace(KeylessSigner, "_issuer", issuer)


@mutant(
    "unlogged-certificates",
    "A certificate needs no log's timestamp (SCT).",
    Kind.KEYLESS,
    "keyless-23.01 keyless-24.01 keyless-12.03",
)
def unlogged_certificates() -> None:
    from refimpl.verify import keyless

    @change(keyless, "check_scts")
    def check_scts(original: Callable[..., Any], leaf: Any, *rest: Any) -> None:
        from refimpl.verify import sct

        if sct._embedded_scts(leaf):
            original(leaf, *rest)


@mutant(
    "scts-by-any-log",
    "A timestamp (SCT) counts whether its log is trusted or not.",
    Kind.KEYLESS,
    "keyless-23.02 keyless-24.02",
)
def scts_by_any_log() -> None:
    from refimpl.verify import sct

    @change(sct, "_check")
    def check(original: Callable[..., Any], timestamp: Any, leaf: Any, issuer: Any, logs: Any) -> None:
        if logs.get(timestamp.log_id.hex()) is not None:
            original(timestamp, leaf, issuer, logs)


@mutant(
    "scts-unverified",
    "A timestamp (SCT) counts when it names a trusted log.",
    Kind.KEYLESS,
    "keyless-23.03 keyless-24.03",
)
def scts_unverified() -> None:
    from refimpl.verify import sct

    replace(sct, "_verify", lambda *_: None)


@mutant(
    "one-sct-suffices",
    "One good timestamp (SCT) suffices where each must hold.",
    Kind.KEYLESS,
    "keyless-23.04",
)
def one_sct_suffices() -> None:
    _accept_scts(any)


@mutant(
    "every-sct-must-hold",
    "Each timestamp (SCT) must hold where one suffices.",
    Kind.KEYLESS,
    "keyless-25",
)
def every_sct_must_hold() -> None:
    _accept_scts(all)


def _accept_scts(enough: Callable[..., bool]) -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify import keyless, sct

    def check_scts(leaf: Any, issuer: Any, logs: Any) -> None:
        def holds(timestamp: Any) -> bool:
            try:
                sct._check(timestamp, leaf, issuer, logs)
            except VerificationError:
                return False
            return True

        if not enough(map(holds, sct._embedded_scts(leaf))):
            raise VerificationError("no SCT")

    replace(keyless, "check_scts", check_scts)


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
            above = [one for one in known if _is_issued(path[-1], one, by_name="root" in unlooked)]
            if not above or len(path) > end:
                raise VerificationError("no path")
            path.append(above[0])
        if trouble := _troubles(path, time) - set(unlooked):
            raise VerificationError(", ".join(sorted(trouble)))
        return path[1]

    replace(Authority, "issuer", issuer)


def _is_issued(certificate: x509.Certificate, candidate: x509.Certificate, *, by_name: bool) -> bool:
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

    def find(certificate: x509.Certificate, kind: Any) -> Any:
        return next((one.value for one in certificate.extensions if isinstance(one.value, kind)), None)

    wrong = set()
    for below, each in enumerate(path[1:]):
        constraints, usage = find(each, x509.BasicConstraints), find(each, x509.KeyUsage)
        if constraints is None or not constraints.ca:
            wrong.add("ca")
        elif constraints.path_length is not None and below > constraints.path_length:
            wrong.add("length")
        if usage is not None and not usage.key_cert_sign:
            wrong.add("usage")
        if (limits := find(each, x509.NameConstraints)) and not _is_permitted(path[0], limits):
            wrong.add("names")
    if not all(each.not_valid_before_utc <= time <= each.not_valid_after_utc for each in path):
        wrong.add("validity")
    if any(one.critical and isinstance(one.value, x509.UnrecognizedExtension) for one in path[0].extensions):
        wrong.add("critical")
    for each in path:
        usages = find(each, x509.ExtendedKeyUsage)
        if usages is not None and x509.oid.ExtendedKeyUsageOID.CODE_SIGNING not in usages:
            wrong.add("use")
    return wrong


def _is_permitted(leaf: x509.Certificate, limits: x509.NameConstraints) -> bool:
    from cryptography import x509

    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = [name.rpartition("@")[2] for name in names.get_values_for_type(x509.RFC822Name)]
    permitted, excluded = (
        [one.value for one in some or ()] for some in (limits.permitted_subtrees, limits.excluded_subtrees)
    )
    return all(host not in excluded and (not permitted or host in permitted) for host in hosts)
