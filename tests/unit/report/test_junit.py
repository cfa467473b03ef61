"""JUnit XML (24 §10); texts recorded from the real command."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from reports import component, report, result

from refimpl.golang import jsontext
from refimpl.report import junit

if TYPE_CHECKING:
    from refimpl.result import Result


def _case(violation: Result) -> ET.Element:
    shown = junit.render(report(component(violations=(violation,))))
    [case] = ET.fromstring(shown)[0][1:]
    return case


def test_no_component_no_suite() -> None:
    assert junit.render(report()) == "<testsuites></testsuites>"


def test_a_suite_with_every_kind_of_result() -> None:
    full = component(
        "r/a@sha256:1",
        "n & <x>",
        violations=(result("no code"), result('say "x"', "p.v", term=["t1", "t2"], title="T")),
        warnings=(result("w", "p.w", term="x"),),
        successes=(result("Pass", "p.s"),),
        signatures=({"keyid": "ab", "sig": "MEQ=", "metadata": {"Subject": "s", "Issuer": "i"}},),
    )
    assert junit.render(report(full, show_successes=True)) == (
        '<testsuites tests="4" failures="2" skipped="1">'
        '<testsuite name="n &amp; &lt;x&gt; (r/a@sha256:1)" tests="4" failures="2" errors="0" id="0" skipped="1" '
        'time="" timestamp="2026-11-23T16:24:45Z">'
        '<properties><property name="image" value="r/a@sha256:1"></property>'
        '<property name="key" value="-----BEGIN PUBLIC KEY-----&#xA;MFkw&#xA;-----END PUBLIC KEY-----&#xA;"></property>'
        '<property name="success" value="false"></property>'
        '<property name="keyId" value="ab"></property><property name="signature" value="MEQ="></property>'
        '<property name="metadata.Issuer" value="i"></property><property name="metadata.Subject" value="s"></property>'
        "</properties>"
        '<testcase name="p.s: Pass" classname="p.s: Pass"></testcase>'
        '<testcase name="no code" classname="no code">'
        '<failure message="no code"><![CDATA[no code]]></failure></testcase>'
        '<testcase name="p.v: say &#34;x&#34; [term=[t1 t2], title=T]" '
        'classname="p.v: say &#34;x&#34; [term=[t1 t2], title=T]">'
        '<failure message="say &#34;x&#34;"><![CDATA[say "x"]]></failure></testcase>'
        '<testcase name="p.w: w [term=x]" classname="p.w: w [term=x]">'
        '<skipped message="w"><![CDATA[w]]></skipped></testcase>'
        "</testsuite></testsuites>"
    )


def test_sums_and_skipped_are_left_out_when_zero() -> None:
    assert junit.render(report(component(successes=(result("Pass", "p.s"),)))).startswith(
        '<testsuites><testsuite name="Unnamed (r/a@sha256:1)" tests="0" failures="0" errors="0" id="0" time="" '
    )


def test_metadata_is_printed_in_words_sorted_with_its_values() -> None:
    metadata = jsontext.loads(
        '{"flt":"1e3","flt2":"1.5","n":null,"num":1.50,"b":true,"nested":[[1,[2]],{"a":{"b":[{"c":1}]}}],"obj":{}}',
    )
    case = _case(result("m", "p.r", **metadata))
    assert case.get("name") == (
        "p.r: m [b=true, flt2=1.5, flt=1e3, n=<nil>, nested=[[1 [2]] map[a:map[b:[map[c:1]]]]], num=1.50, obj=map[]]"
    )


def test_a_code_that_is_no_text_counts_as_none() -> None:
    shown = junit.render(report(component(violations=(result("m", 5), result("l", ["a.b"])))))
    assert '<testcase name="m" classname="m">' in shown
    assert '<testcase name="l" classname="l">' in shown


def test_whatever_a_message_holds_the_xml_can_be_read() -> None:
    message = "tab\t]]> \x01 \ufffe \r\n <&>\"' 😀"
    case = _case(result(message))
    assert case[0].get("message") == message.replace("\x01", "\ufffd").replace("\ufffe", "\ufffd")
    assert case[0].text == message.replace("\x01", "\ufffd").replace("\ufffe", "\ufffd").replace("\r\n", "\n")


def test_an_empty_message_has_no_text() -> None:
    assert '<failure message=""></failure>' in junit.render(report(component(violations=(result("", "p.r"),))))
