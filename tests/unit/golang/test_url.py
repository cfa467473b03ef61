"""What is accepted, and how it is read, was compared with Go's net/url 1.26."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.golang.url import UnreadableURLError, parse


@pytest.mark.parametrize(
    ("text", "origin", "target"),
    [
        ("https://u:p@h:5/x y/é?q=a b&é", ("https", "h", 5), "/x%20y/%C3%A9?q=a%20b&%C3%A9"),
        ("HTTP://Host", ("http", "host", 80), "/"),
        ("https://h:", ("https", "h", 443), "/"),
        ("https://h:0443/?", ("https", "h", 443), "/?"),
        ("http://h#f?x", ("http", "h", 80), "/"),
        ("http://h/a/../b/./c", ("http", "h", 80), "/a/../b/./c"),
        ("http://h/[x]!*'()%2F", ("http", "h", 80), "/[x]!*'()%2F"),
        ("http://h/{x}%2f[y]", ("http", "h", 80), "/%7Bx%7D/%5By%5D"),
        ("http://h/\udce9\ud800", ("http", "h", 80), "/%E9%EF%BF%BD"),
        ("http://é.example/", ("http", "xn--9ca.example", 80), "/"),
        ("http://%C3%A9.example/", ("http", "xn--9ca.example", 80), "/"),
        ("http://registry.example./", ("http", "registry.example.", 80), "/"),
        ("http://[fe80::1%25eth0]:80/", ("http", "fe80::1%eth0", 80), "/"),
        ("http://a_b/", ("http", "a_b", 80), "/"),
    ],
)
def test_reads(text: str, origin: tuple[str, str, int], target: str) -> None:
    url = parse(text)
    assert url.origin == origin
    assert url.target == target


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://[", "missing ']' in host"),
        ("http://x[::1]/", "invalid IP-literal"),
        ("http://[1.2.3.4]/", "invalid IP-literal"),
        ("http://[::1]x/", 'invalid port "x" after host'),
        ("http://h:port/", 'invalid port ":port" after host'),
        ("http://h:5:6/", 'invalid port ":5:6" after host'),
        ("http://h:²/", 'invalid port ":²" after host'),
        ("http://a b/", 'invalid character " " in host name'),
        ("http://a%20b/", 'invalid URL escape "%20"'),
        ("http://h/%zz", 'invalid URL escape "%zz"'),
        ("http://h/\n", "net/url: invalid control character in URL"),
        ("http://u p@h/", "net/url: invalid userinfo"),
        (":x", "missing protocol scheme"),
        ("1x://h", "first path segment in URL cannot contain colon"),
    ],
)
def test_refuses(text: str, reason: str) -> None:
    with pytest.raises(UnreadableURLError) as caught:
        parse(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/x",
        "x:y",
        "ftp://h/",
        "http:///x",
        "http://h:99999/",
        f"http://h:{'9' * 5000}/",
        f"http://é{'x' * 70}/",
        "http://a..é/",
        "http://℀.example/",
    ],
)
def test_no_request_goes_there(text: str) -> None:
    with pytest.raises(UnreadableURLError):
        _ = parse(text).origin


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("", "https://a/b/c?q#f"),
        ("x", "https://a/b/x"),
        ("/x", "https://a/x"),
        ("../../x", "https://a/x"),
        ("?z", "https://a/b/c?z"),
        ("#g", "https://a/b/c?q#g"),
        ("//h/y/../z", "https://h/z"),
        ("http://o/./x", "http://o/x"),
        ("./a:b", "https://a/b/a:b"),
        ("é é", "https://a/b/%C3%A9%20%C3%A9"),
    ],
)
def test_follows_references(reference: str, url: str) -> None:
    assert str(parse("https://a/b/c?q#f").join(reference)) == url


def test_errors_show_no_password() -> None:
    with pytest.raises(UnreadableURLError) as caught:
        parse("https://user:secret word@h:x/")
    assert "secret" not in str(caught.value)
    with pytest.raises(UnreadableURLError) as caught:
        _ = parse("ftp://user:secret@h/").origin
    assert "secret" not in str(caught.value)


def test_user_information_becomes_a_header() -> None:
    assert parse("https://u%40:p:q@h/").authorization == "Basic dUA6cDpx"
    assert parse("https://h/").authorization == ""


@given(st.text() | st.text(alphabet="htp:/[]@%?#.é\ud800 \x00").map("http://".__add__))
def test_whatever_it_is_it_is_read_or_refused(text: str) -> None:
    try:
        url = parse(text)
        url.join(text)
        assert url.target.isascii()
        _ = url.origin
    except UnreadableURLError as error:
        assert str(error).startswith("parse ")  # noqa: PT017 - most are read
