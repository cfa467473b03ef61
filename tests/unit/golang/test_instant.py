from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.golang.instant import SECOND, TimeSyntaxError, format_rfc3339, parse, parse_date, parse_rfc3339

LAYOUT = "2006-01-02T15:04:05Z07:00"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("2030-01-01T1:00:00Z", "2030-01-01T01:00:00Z"),
        ("2030-01-01T00:00:00,5Z", "2030-01-01T00:00:00.5Z"),
        ("2030-01-01T00:00:00.123456789123Z", "2030-01-01T00:00:00.123456789Z"),
        ("2030-01-01T00:00:00.500+02:30", "2029-12-31T21:30:00.5Z"),
        ("2030-01-01T00:00:00+24:00", "2029-12-31T00:00:00Z"),
        ("2030-01-01T00:00:00-00:60", "2030-01-01T01:00:00Z"),
        ("2028-02-29", "2028-02-29T00:00:00Z"),
        ("0000-01-01", "0000-01-01T00:00:00Z"),
        ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_times_are_read_and_written(text: str, shown: str) -> None:
    assert format_rfc3339(parse(text)) == shown


# Each pair of lines is what the real command says.
@pytest.mark.parametrize(
    ("text", "as_time", "as_date"),
    [
        (
            "yesterday",
            f' as "{LAYOUT}": cannot parse "yesterday" as "2006"',
            ' as "2006-01-02": cannot parse "yesterday" as "2006"',
        ),
        ("", f' as "{LAYOUT}": cannot parse "" as "2006"', ' as "2006-01-02": cannot parse "" as "2006"'),
        ("203", f' as "{LAYOUT}": cannot parse "203" as "2006"', ' as "2006-01-02": cannot parse "203" as "2006"'),
        ("2030", f' as "{LAYOUT}": cannot parse "" as "-"', ' as "2006-01-02": cannot parse "" as "-"'),
        ("2030-1-1", f' as "{LAYOUT}": cannot parse "1-1" as "01"', ' as "2006-01-02": cannot parse "1-1" as "01"'),
        ("2030-13-01", ": month out of range", ": month out of range"),
        ("2030-02-30", f' as "{LAYOUT}": cannot parse "" as "T"', ": day out of range"),
        ("2030-01-01T24:00:00Z", ": hour out of range", ': extra text: "T24:00:00Z"'),
        ("2030-01-01T23:59:60Z", ": second out of range", ': extra text: "T23:59:60Z"'),
        ("2030-01-01T00:00:00", f' as "{LAYOUT}": cannot parse "" as "Z07:00"', ': extra text: "T00:00:00"'),
        ("2030-01-01T00:00:00.Z", f' as "{LAYOUT}": cannot parse ".Z" as "Z07:00"', ': extra text: "T00:00:00.Z"'),
        ("2030-01-01T00:00:00+25:00", ": time zone offset hour out of range", ': extra text: "T00:00:00+25:00"'),
        ("2030-01-01T00:00:00Zfoo", ': extra text: "foo"', ': extra text: "T00:00:00Zfoo"'),
        ("2030-02-30foo", f' as "{LAYOUT}": cannot parse "foo" as "T"', ': extra text: "foo"'),
    ],
)
def test_what_is_no_time_is_told_twice(text: str, as_time: str, as_date: str) -> None:
    with pytest.raises(TimeSyntaxError) as told:
        parse(text)
    assert str(told.value) == f'parsing time "{text}"{as_time}\nparsing time "{text}"{as_date}'


def test_odd_characters_are_escaped_byte_by_byte() -> None:
    with pytest.raises(TimeSyntaxError) as told:
        parse_date('2030-01-01"é\t')
    assert str(told.value) == r'parsing time "2030-01-01\"\xc3\xa9\x09": extra text: "\"\xc3\xa9\x09"'


def test_other_digits_than_ascii_are_no_digits() -> None:
    with pytest.raises(TimeSyntaxError):
        parse_rfc3339("２０３０-01-01T00:00:00Z")


def test_years_of_five_digits_cannot_be_written() -> None:
    beyond = parse("9999-12-31T23:59:59-23:00")
    with pytest.raises(ValueError, match=r"year outside of range \[0,9999\]"):
        format_rfc3339(beyond)


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001 - UTC is added below
def test_the_calendar_is_that_of_datetime(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    text = f"{moment:%Y}".zfill(4) + f"{moment:-%m-%dT%H:%M:%S.%fZ}"
    assert parse_rfc3339(text) == microseconds * (SECOND // 1_000_000)
    assert parse_rfc3339(format_rfc3339(parse_rfc3339(text))) == parse_rfc3339(text)
