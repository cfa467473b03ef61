from __future__ import annotations

import pytest

from refimpl.evaluation.dates import parse_date_or_time, parse_utc

NEW_YEAR = 1_893_456_000_000_000_000  # 2030-01-01T00:00:00Z


def test_utc_reads_nine_digits() -> None:
    assert parse_utc("2030-01-01T00:00:00.123456789Z") == NEW_YEAR + 123_456_789


@pytest.mark.parametrize("text", ["2030-01-01", "2030-01-01T00:00:00+00:00", "2030-02-30T00:00:00Z", "x", "", "Z"])
def test_utc_refuses_all_else(text: str) -> None:
    assert parse_utc(text) is None


def test_waivers_may_have_dates_and_offsets() -> None:
    assert parse_date_or_time("2030-01-01") == NEW_YEAR
    assert parse_date_or_time("2030-01-01T02:00:00+02:00") == NEW_YEAR
    assert parse_date_or_time("2030/01/01") is None
