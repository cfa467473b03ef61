from __future__ import annotations

import pytest

from refimpl.verify.formats import is_date_time, is_uri


@pytest.mark.parametrize(
    "text",
    [
        "a:b",
        "a:",
        "mailto:x y",
        "git+https://x@y:9/z?q=%zz",
        "http://a/b c",
        "http://[::1]:80/",
        "http://[fe80::1%25eth0]/",
        "http://é/%C3",
        "file:///x",
        "http://%C3%A9/",
        "http://a:/",
        "http://a]b/",
    ],
)
def test_these_are_uris(text: str) -> None:
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nouri",
        "/a:b",
        ":a",
        "1a:b",
        "a b:c",
        "http://a b/c",
        "http://a/%zz",
        "http://a:x/",
        "http://[::1/",
        "http://[zz]/",
        "http://[::1]x/",
        "http://a/\x01",
        "a:b#%zz",
        "http://a[b@c/",
        "http://a:1:2/",
        "http://%41/",
        "http://a[b/",
    ],
)
def test_these_are_none(text: str) -> None:
    assert not is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-03T04:05:06Z",
        "2021-02-03t04:05:06.123456789123z",
        "2021-02-03T04:05:06+23:59",
        "2020-02-29T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "2017-01-01T00:59:60+01:00",
    ],
)
def test_these_are_times(text: str) -> None:
    assert is_date_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-03",
        "2021-02-03 04:05:06Z",
        "2021-02-03T04:05:06",
        "2021-02-03T4:05:06Z",
        "2021-02-03T04:05:06,5Z",
        "2021-02-03T04:05:06.Z",
        "2021-02-03T04:05:06+24:00",
        "2021-02-03T04:05:06+0100",
        "2021-02-30T00:00:00Z",
        "2021-13-01T00:00:00Z",
        "2021-02-03T24:00:00Z",
        "2016-12-31T22:59:60Z",
        "2021-02-03T04:05:06Z\n",
    ],
)
def test_these_are_no_times(text: str) -> None:
    assert not is_date_time(text)
