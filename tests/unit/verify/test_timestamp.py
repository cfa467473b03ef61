"""What the scenarios of timestamps can't make (specification 20 §3.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from samples import LOG

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.sigstore.instance import LOGGED, Sigstore
from refimpl.errors import VerificationError
from refimpl.verify.authority import Authority
from refimpl.verify.timestamp import TimestampAuthority, times_of

_SIGSTORE = Sigstore(lambda name: KeyPair.derive("test", name), Log(LOG))
_STAMPS = _SIGSTORE.timestamps
_ROOT = _STAMPS.root.certificate


def _authority(*chain: object) -> TimestampAuthority:
    return TimestampAuthority.of(Authority((chain[-1],), tuple(chain[:-1])))  # type: ignore[arg-type]


def test_the_first_certificate_of_a_chain_stamps_if_it_may_not_certify() -> None:
    assert _authority(_STAMPS.certificate, _ROOT).certificate == _STAMPS.certificate
    assert _authority(_ROOT).certificate is None
    between = _STAMPS.root.subordinate(KeyPair.derive("test", "between")).certificate
    assert _authority(between, _ROOT).certificate is None
    assert _authority(between, _ROOT).authority.intermediates == (between,)


def test_no_root_trusts_nobody() -> None:
    alone = TimestampAuthority(Authority((), ()), _STAMPS.certificate)
    with pytest.raises(VerificationError, match="no root is trusted"):
        alone.time(_STAMPS.stamp(b"signature", LOGGED), b"signature")


def test_of_each_authority_the_first_time_counts() -> None:
    stamps = [_STAMPS.stamp(b"signature", LOGGED + timedelta(minutes=each)) for each in (1, 5)]
    assert times_of(stamps, b"signature", [_authority(_STAMPS.certificate, _ROOT)]) == (LOGGED + timedelta(minutes=1),)


def test_without_timestamps_or_authorities_there_are_no_times() -> None:
    assert times_of([], b"signature", [_authority(_ROOT)]) == ()
    assert times_of([b"junk"], b"signature", []) == ()


@pytest.mark.parametrize("at", [datetime(1950, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)])
def test_times_out_of_all_certificates_are_refused(at: datetime) -> None:
    with pytest.raises(VerificationError, match="was not valid at that time"):
        _authority(_STAMPS.certificate, _ROOT).time(_STAMPS.stamp(b"signature", at), b"signature")


def test_each_changed_byte_is_refused_or_changes_nothing() -> None:
    authority, stamp = _authority(_ROOT), _STAMPS.stamp(b"signature", LOGGED)
    taken = 0
    for place in range(len(stamp)):
        changed = stamp[:place] + bytes([stamp[place] ^ 1]) + stamp[place + 1 :]
        try:
            time = authority.time(changed, b"signature")
        except VerificationError:
            continue
        taken += 1
        assert time == LOGGED, f"byte {place} changes the time"
    assert taken < 12, "hardly a byte isn't signed"
