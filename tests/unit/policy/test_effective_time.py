from __future__ import annotations

import pytest

from refimpl.errors import PolicyError
from refimpl.golang.instant import SECOND, parse
from refimpl.policy.effective_time import EffectiveTime

NOW = parse("2030-06-01T12:00:00.75Z")
LATER = NOW + 5 * SECOND


def test_now_in_any_spelling_is_read_once() -> None:
    for text in ("now", "NOW"):
        chosen = EffectiveTime.choose(text, now=NOW)
        assert chosen.read(lambda: LATER) == NOW


def test_attestation_is_open_and_reads_the_clock_until_it_is_fixed() -> None:
    chosen = EffectiveTime.choose("attestation", now=NOW)
    assert chosen.nanoseconds is None
    assert chosen.read(lambda: LATER) == LATER
    fixed = chosen.after(["2021-01-01T00:00:00Z", "garbage", "2022-01-01T00:00:00Z", "2021-06-01T00:00:00Z"])
    assert fixed.read(lambda: LATER) == parse("2022-01-01")


def test_attestations_that_say_nothing_leave_the_time_open() -> None:
    chosen = EffectiveTime.choose("attestation", now=NOW)
    assert chosen.after(["2021-01-01"]) == chosen
    assert chosen.after([]) == chosen


def test_times_whose_year_no_report_can_show_are_skipped() -> None:
    """The offset leads out of the years 0 to 9999: one image's attestation would cost all others their report."""
    attested = EffectiveTime.choose("attestation", now=NOW)
    beyond = ["9999-12-31T23:59:40-23:59", "0000-01-01T00:00:00+00:01"]
    assert attested.after(beyond).nanoseconds is None
    assert attested.after([*beyond, "2030-01-01T00:00:00Z"]).nanoseconds == parse("2030-01-01")


def test_only_the_exact_spelling_follows_attestations() -> None:
    chosen = EffectiveTime.choose("Attestation", now=NOW)
    assert chosen.after(["2021-01-01T00:00:00Z"]).read(lambda: LATER) == LATER


def test_a_fixed_time_doesnt_follow_attestations() -> None:
    chosen = EffectiveTime.choose("2031-01-01", now=NOW)
    assert chosen.after(["2021-01-01T00:00:00Z"]).nanoseconds == parse("2031-01-01")


def test_the_past_must_be_allowed() -> None:
    with pytest.raises(PolicyError) as told:
        EffectiveTime.choose("2020-01-01T00:00:00.5Z", now=NOW)
    assert str(told.value) == (
        "effective time 2020-01-01T00:00:00Z is in the past; use --allow-past-effective-time to override"
    )
    assert EffectiveTime.choose("2020-01-01", now=NOW, allow_past=True).nanoseconds == parse("2020-01-01")


def test_two_seconds_are_no_past() -> None:
    assert EffectiveTime.choose("2030-06-01T11:59:58.75Z", now=NOW).nanoseconds == NOW - 2 * SECOND
    with pytest.raises(PolicyError):
        EffectiveTime.choose("2030-06-01T11:59:58.749999999Z", now=NOW)


def test_what_is_no_time_is_an_invalid_argument() -> None:
    with pytest.raises(PolicyError, match=r'invalid policy time argument: parsing time "x" as .*\n.* as "2006"'):
        EffectiveTime.choose("x", now=NOW)
    with pytest.raises(PolicyError, match="year outside of range"):
        EffectiveTime.choose("9999-12-31T23:59:59-23:00", now=NOW)
