"""The JSON report, byte for byte (24 §3-4)."""

from __future__ import annotations

from reports import KEY, component, render, report, result

from refimpl.golang import jsontext
from refimpl.report.structured import describe_images

_TAIL = (
    '"key":"-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----\\n",'
    '"policy":{"sources":[{"policy":["file::./p"]}],"publicKey":"k.pub"},'
    '"ec-version":"v1","effective-time":"2026-11-23T16:23:42.661020983Z"}'
)


def test_a_report_without_components() -> None:
    assert render("json", report()) == f'{{"success":true,"components":null,{_TAIL}'


def test_the_snapshots_text_is_shown_when_there_is_one() -> None:
    assert render("json", report(snapshot="ns/s")).startswith('{"success":true,"snapshot":"ns/s","components":null,')


def test_a_component_with_everything_in_its_order() -> None:
    full = component(
        source={"git": {"url": "u", "revision": "r"}},
        violations=(result("<b> & é\n", "a.v", term="t", description="d"), result("no code")),
        warnings=(result("w", "a.w"),),
        successes=(result("Pass", "a.s"),),
        signatures=({"keyid": "", "sig": "MEQ="},),
        attestations=({"type": "t", "signatures": [{"keyid": "", "sig": "MEU="}]},),
    )
    assert render("json", report(full, show_successes=True)) == (
        '{"success":false,"components":[{"name":"Unnamed","containerImage":"r/a@sha256:1",'
        '"source":{"git":{"url":"u","revision":"r"}},'
        '"violations":[{"msg":"\\u003cb\\u003e \\u0026 é\\n","metadata":{"code":"a.v","description":"d","term":"t"}},'
        '{"msg":"no code"}],'
        '"warnings":[{"msg":"w","metadata":{"code":"a.w"}}],'
        '"successes":[{"msg":"Pass","metadata":{"code":"a.s"}}],'
        '"success":false,"signatures":[{"keyid":"","sig":"MEQ="}],'
        f'"attestations":[{{"type":"t","signatures":[{{"keyid":"","sig":"MEU="}}]}}]}}],{_TAIL}'
    )


def test_empty_lists_are_left_out_and_successes_need_their_flag() -> None:
    plain = component(successes=(result("Pass", "a.s"),))
    assert render("json", report(plain)) == (
        '{"success":true,"components":[{"name":"Unnamed","containerImage":"r/a@sha256:1","source":{},"success":true}],'
        + _TAIL
    )


def test_numbers_keep_their_spelling() -> None:
    number = jsontext.loads("[1.50, 1e400, 12345678901234567890123]")
    shown = render("json", report(component(warnings=(result("w", "a.w", n=number),))))
    assert '"n":[1.50,1e400,12345678901234567890123]' in shown


def test_the_document_is_the_same_data() -> None:
    made = report(component(violations=(result("v", "a.v"),)))
    assert jsontext.loads(render("json", made)) == describe_images(made)
    assert describe_images(made)["key"] == KEY
