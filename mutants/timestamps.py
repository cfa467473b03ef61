"""What is believed of timestamps, and of the authorities that they are by."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_WHILE_VALID = datetime(2024, 5, 1, 12, 1, tzinfo=UTC)


class _Anything:
    """Equal to whatever it is compared with."""

    def __eq__(self, _: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@mutant(
    "timestamps-passed-over",
    "Nobody looks at timestamps.",
    Kind.KEYLESS,
    "timestamp-01 timestamp-02 timestamp-10 timestamp-13 timestamp-16.01",
)
def timestamps_passed_over() -> None:
    from refimpl.verify.keyless import KeylessSigner

    replace(KeylessSigner, "times", lambda *_: ())


@mutant(
    "timestamps-of-anything",
    "What a timestamp is of isn't compared with the signature.",
    Kind.KEYLESS,
    "timestamp-03.02 timestamp-11.03 timestamp-11.04 timestamp-16.03",
)
def timestamps_of_anything() -> None:
    from refimpl.verify import timestamp

    replace(timestamp, "_hash", lambda *_: _Anything())


@mutant(
    "timestamps-by-anybody",
    "Whose signature is on a timestamp isn't looked at.",
    Kind.KEYLESS,
    "timestamp-03.03 timestamp-03.04 timestamp-04.01 timestamp-04.07",
)
def timestamps_by_anybody() -> None:
    from refimpl.verify.authority import Authority

    _unverified()
    replace(Authority, "issuer", lambda *_, **__: None)


@mutant(
    "any-certificate-of-the-authority-stamps",
    "Where the trusted root says which certificate timestamps are by, another one below the same root will do.",
    Kind.KEYLESS,
    "timestamp-03.05",
)
def any_certificate_of_the_authority_stamps() -> None:
    from refimpl.verify.timestamp import TimestampAuthority

    replace(TimestampAuthority, "of", TimestampAuthority)


@mutant(
    "timestamp-authorities-for-ever",
    "Timestamps count by certificates that had expired, or weren't valid yet.",
    Kind.KEYLESS,
    "timestamp-04.02 timestamp-04.03",
)
def timestamp_authorities_for_ever() -> None:
    from refimpl.verify import timestamp
    from refimpl.verify.authority import TIME_STAMPING

    def time(authority: Any, answer: bytes, _: bytes) -> datetime:
        read = timestamp._read(answer)
        signer = authority._signer(read)
        authority.authority.issuer(signer, signer.not_valid_before_utc, usage=TIME_STAMPING)
        return read.tst_info.gen_time

    replace(timestamp.TimestampAuthority, "time", time)


@mutant(
    "timestamps-by-certificates-for-any-use",
    "What certificates of timestamp authorities are for isn't looked at.",
    Kind.KEYLESS,
    "timestamp-04.04 timestamp-04.05 timestamp-04.06 timestamp-07",
)
def timestamps_by_certificates_for_any_use() -> None:
    from refimpl.verify import authority, timestamp

    _unverified()
    replace(timestamp, "_check_usage", lambda _: None)
    replace(authority, "_is_for", lambda _: lambda *_: None)


@mutant(
    "stamped-certificates-for-ever",
    "That a signature was stamped is enough, whenever that was.",
    Kind.KEYLESS,
    "timestamp-03.06 timestamp-03.07 timestamp-03.08 timestamp-11.06 timestamp-11.07 timestamp-16.04",
)
def stamped_certificates_for_ever() -> None:
    from refimpl.verify.keyless import KeylessSigner

    @change(KeylessSigner, "times")
    def times(original: Callable[..., Any], *given: Any) -> Any:
        return original(*given) and (_WHILE_VALID,)


@mutant(
    "unreadable-timestamps-count",
    "A timestamp that can't be verified stands for a time at which the certificate was valid.",
    Kind.KEYLESS,
    "timestamp-03.09 timestamp-03.10 timestamp-03.11 timestamp-03.12 timestamp-03.13 timestamp-11.05",
)
def unreadable_timestamps_count() -> None:
    from refimpl.errors import VerificationError
    from refimpl.verify.keyless import KeylessSigner

    @change(KeylessSigner, "times")
    def times(original: Callable[..., Any], *given: Any) -> Any:
        try:
            return original(*given)
        except VerificationError:
            return (_WHILE_VALID,)


@mutant(
    "no-timestamp-needed",
    "A certificate without any time counts as if it had been used while it was valid.",
    Kind.KEYLESS,
    "timestamp-03.01 timestamp-05.01 timestamp-11.01 timestamp-11.02 timestamp-12 timestamp-16.02",
)
def no_timestamp_needed() -> None:
    from refimpl.verify.cosign import Verifier
    from refimpl.verify.keyless import KeylessSigner

    @change(KeylessSigner, "times")
    def times(original: Callable[..., Any], *given: Any) -> Any:
        return original(*given) or (_WHILE_VALID,)

    @change(Verifier, "_stamp_times")
    def stamp(original: Callable[..., Any], *given: Any) -> Any:
        return original(*given) or (_WHILE_VALID,)


@mutant(
    "timestamps-without-number",
    "Any number of timestamps is looked at, of any size.",
    Kind.KEYLESS,
    "timestamp-03.14 timestamp-03.15",
)
def timestamps_without_number() -> None:
    from refimpl.verify import timestamp

    replace(timestamp, "_MOST", 1 << 30)
    replace(timestamp, "_LARGEST", 1 << 30)


@mutant(
    "first-timestamp-alone",
    "Of several timestamps the first one alone is looked at.",
    Kind.KEYLESS,
    "timestamp-01.03",
)
def first_timestamp_alone() -> None:
    from refimpl.verify import timestamp

    @change(timestamp, "times_of")
    def times_of(original: Callable[..., Any], timestamps: Any, *rest: Any) -> Any:
        return original(timestamps[:1], *rest)


@mutant(
    "timestamp-authorities-at-any-time",
    "When the trusted root trusts a timestamp authority isn't looked at.",
    Kind.KEYLESS,
    "timestamp-05.02 timestamp-05.03",
)
def timestamp_authorities_at_any_time() -> None:
    from refimpl.verify.authority import Authority
    from refimpl.verify.timestamp import TimestampAuthority

    @change(TimestampAuthority, "of")
    def of(original: Callable[..., Any], chain: Any) -> Any:
        return original(Authority(chain.roots, chain.intermediates))


@mutant(
    "timestamps-before-logs",
    "A timestamp counts in place of the time that the log tells.",
    Kind.KEYLESS,
    "timestamp-06.02 timestamp-06.03 timestamp-06.04",
)
def timestamps_before_logs() -> None:
    from refimpl.verify.bundle_signer import ByCertificate

    @change(ByCertificate, "key")
    def key(original: Callable[..., Any], signer: Any, times: Any) -> Any:
        return original(signer, () if signer._bundle.timestamps and times else times)


@mutant(
    "timestamps-in-place-of-logs",
    "What is stamped needn't be in a log.",
    Kind.KEYLESS,
    "timestamp-14 timestamp-15",
)
def timestamps_in_place_of_logs() -> None:
    from refimpl.verify import bundled
    from refimpl.verify.cosign import Verifier

    @change(Verifier, "_check_log")
    def check_log(original: Callable[..., Any], verifier: Any, found: Any, **named: Any) -> Any:
        return None if found.timestamp else original(verifier, found, **named)

    @change(bundled, "check_logged")
    def check_logged(original: Callable[..., Any], entries: Any, *rest: Any) -> Any:
        return original(entries, *rest) if entries else ()


@mutant(
    "timestamp-authority-passed-over",
    "A file of the timestamp authority that can't be used is none.",
    Kind.KEYLESS,
    "timestamp-17",
)
def timestamp_authority_passed_over() -> None:
    from refimpl.verify.roots import Roots

    replace(Roots, "_timestamp_authorities", lambda _: ())


def _unverified() -> None:
    from rfc3161_client import verify

    replace(verify._Verifier, "verify", lambda *_: True)
