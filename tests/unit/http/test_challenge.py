from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.errors import MalformedError
from refimpl.http.challenge import CHALLENGE_LIMIT, Challenge, challenges, choose

BASIC = ("basic", {"realm": "r"})
BEARER = ("bearer", {"realm": "https://a/t", "service": "s"})


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (['Basic realm="r"'], [BASIC]),
        (['Bearer realm="https://a/t",service="s"'], [BEARER]),
        (['bearer  realm = "https://a/t" ,\t service= s'], [BEARER]),
        (['BEARER REALM="https://a/t", Service="s"'], [BEARER]),
        (['Bearer realm="https://a/t" service="s"'], [BEARER]),
        (['Bearer realm="https://a/t";service="s"'], [BEARER]),
        (["Bearer realm=https://a/t,service=s"], [BEARER]),
        (['Bearer service="s",realm="https://a/t'], [BEARER]),
        ([',, Bearer ,realm="https://a/t",,service="s",'], [BEARER]),
        (["Negotiate", 'Basic realm="r"'], [("negotiate", {}), BASIC]),
        (['Negotiate, Basic realm="r"'], [("negotiate", {}), BASIC]),
        (['Basic realm="r", Negotiate'], [BASIC, ("negotiate", {})]),
        (['Basic realm="r",Bearer realm="https://a/t",service="s"'], [BASIC, BEARER]),
        (['Kerberos realm="k", Basic realm="r"'], [("kerberos", {"realm": "k"}), BASIC]),
        (['Negotiate YIIabc/+def, Basic realm="r"'], [("negotiate", {}), BASIC]),
        (['Negotiate YIIabc==, Basic realm="r"'], [("negotiate", {"yiiabc": "="}), BASIC]),
        ([r'Basic realm="a \"b\", Bearer realm=\\"'], [("basic", {"realm": 'a "b", Bearer realm=\\'})]),
        (['Bearer realm="https://a/?x=1,2",scope="a,b"'], [("bearer", {"realm": "https://a/?x=1,2", "scope": "a,b"})]),
        (['Bearer realm="",service="s"'], [("bearer", {"realm": "", "service": "s"})]),
        (['Basic realm="q", realm="r"'], [BASIC]),
        (['realm="r"', "", '"', "=", ",", "Basic"], [("basic", {})]),
    ],
    ids=str,
)
def test_spellings(fields: list[str], wanted: list[tuple[str, dict[str, str]]]) -> None:
    assert challenges(fields) == [Challenge(scheme, parameters) for scheme, parameters in wanted]


@pytest.mark.parametrize(
    ("fields", "scheme"),
    [
        (['Negotiate, Basic realm="r", Bearer realm="t"'], "basic"),
        (["NTLM", 'Bearer realm="t"', "Basic"], "bearer"),
        (["Negotiate"], "basic"),
        ([], "basic"),
    ],
    ids=str,
)
def test_the_first_that_can_be_met(fields: list[str], scheme: str) -> None:
    assert choose(challenges(fields)).scheme == scheme


def test_a_limit() -> None:
    assert challenges(["a," * (CHALLENGE_LIMIT // 2)])[0].scheme == "a"
    with pytest.raises(MalformedError, match="longer than 65536"):
        challenges(["a" * (CHALLENGE_LIMIT // 2 + 1)] * 2)


@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text()), max_size=5))
def test_quoted_values_come_back(pairs: list[tuple[str, str]]) -> None:
    written = ", ".join(
        f'{name}="{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"' for name, value in pairs
    )
    assert challenges([f"Scheme {written}"]) == [Challenge("scheme", dict(pairs))]


@given(st.lists(st.text(alphabet=' \t,;="\\aB/:', max_size=40), max_size=4))
def test_any_text_can_be_read(fields: list[str]) -> None:
    for challenge in challenges(fields):
        assert challenge.scheme == challenge.scheme.lower() != ""
