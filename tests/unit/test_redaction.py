from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.errors import InputError, join_errors
from refimpl.redaction import without_credentials, without_secrets, without_secrets_in
from refimpl.system.log import Formatter


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:secret@host/x", "https://user:***@host/x"),
        ('Get "https://user:se:cr@et@host:8/x?y": EOF', 'Get "https://user:***@host:8/x?y": EOF'),
        ("git::https://user:secret@host//x?ref=y", "git::https://user:***@host//x?ref=y"),
        ("a http://u:p@a b socks5://u:p@b", "a http://u:***@a b socks5://u:***@b"),
        ("http://a/?next=https://u:p@b/c", "http://a/?next=https://u:***@b/c"),
        ("https://[::1]:5000/a@b https://u:p@c", "https://[::1]:5000/a@b https://u:***@c"),
        ("https://token@host", "https://***@host"),
        ("https://token:x-oauth-basic@host", "https://***@host"),
        ("https://token:@host", "https://***@host"),
        ("https://:secret@host", "https://:***@host"),
        ("git::user:secret@host/x?ref=1", "git::user:***@host/x?ref=1"),
        ("git::token@host/x?ref=1", "git::***@host/x?ref=1"),
        ("oci::user:secret@host/x@sha256:ab", "oci::user:***@host/x@sha256:ab"),
        ("git::git@host:x/y", "git::git@host:x/y"),
        ("git::ssh://git@host/x", "git::ssh://git@host/x"),
        ("oci::host/x:v1@sha256:ab", "oci::host/x:v1@sha256:ab"),
        ("[2001:db8::a:b]/x@sha256:ab", "[2001:db8::a:b]/x@sha256:ab"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("https://user:sec/ret@host/x", "https://user:***@host/x"),
        ("https://user:sec?r#et@host/x", "https://user:***@host/x"),
        ("oci://host:5000/x@sha256:ab", "oci://host:5000/x@sha256:ab"),
        ("oci://host/x@sha256:ab", "oci://host/x@sha256:ab"),
        ("https://[::1]:5000/x@sha256:ab", "https://[::1]:5000/x@sha256:ab"),
        ("https://host/user:x@y", "https://host/user:x@y"),
        ("https://user:se cr\net@host/x y", "https://user:***@host/x y"),
        ("git::https://user:se\"cr' et@host//x", "git::https://user:***@host//x"),
        ("https://user:se/cr et@host/x", "https://user:***@host/x"),
        ("https://host:80/a b https://u:p@c", "https://host:80/a b https://u:***@c"),
        ("mail@host", "mail@host"),
        ("://@", "://@"),
    ],
)
def test_secrets_are_cut_out(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("you sent Basic dXNlcjpzZWNyZXQveA==", "you sent Basic ***"),
        ("is secret/x your password, user?", "is *** your password, user?"),
        ("password=secret%2Fx", "password=***"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_what_a_server_repeats_is_cut_out(said: str, shown: str) -> None:
    assert without_credentials(said, "Basic dXNlcjpzZWNyZXQveA==") == shown


def test_tokens_that_a_server_repeats_are_cut_out() -> None:
    assert without_credentials("T0KEN and FRESH", "Bearer T0KEN", b"a=b&refresh_token=FRESH") == "*** and ***"
    assert without_credentials("as is", "") == "as is"
    assert without_credentials("no base64", "Basic !") == "no base64"


def test_secrets_that_any_word_may_hold_stay() -> None:
    assert without_credentials("an error", "Basic dTpy") == "an error"  # u:r


def test_json_values() -> None:
    value = {"a https://u:p@h": ["https://u:p@h", 1, None], "b": ({"c": "https://t@h"},)}
    assert without_secrets_in(value) == {
        "a https://u:***@h": ["https://u:***@h", 1, None],
        "b": [{"c": "https://***@h"}],
    }


def test_errors_and_log_lines_have_no_passwords_in_them() -> None:
    error = InputError("Get https://user:secret@host/x: EOF")
    assert str(error) == "Get https://user:***@host/x: EOF"
    assert str(join_errors([error, error])).count("***") == 2
    record = logging.LogRecord("x", logging.DEBUG, "", 0, "asking %s", ("https://user:secret@host",), None)
    record.fields = {"url": "https://user:secret@host"}
    line = Formatter().format(record)
    assert line.count("https://user:***@host") == 2
    assert "secret" not in line


def test_many_urls_without_blanks_are_read_once() -> None:
    text = "https://a:b/" * 20_000 + "@"
    assert "b/" not in without_secrets(text)


@given(st.text(alphabet=':/@ab"[]1 ?#', max_size=60))
def test_nothing_more_is_cut_the_second_time(text: str) -> None:
    once = without_secrets(f"https://{text}")
    assert without_secrets(once) == once
