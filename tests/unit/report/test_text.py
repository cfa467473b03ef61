"""The report for people (24 §9); texts recorded from the real command."""

from __future__ import annotations

from typing import Any

import pytest
from reports import component, render, report, result

from refimpl.golang import jsontext
from refimpl.report.text import wrap

_GOOD = result("Pass", "a.s")


def _body(*results: Any) -> str:
    shown = render("text", report(component(violations=results)))
    return shown.partition("Results:\n")[2]


def test_the_sample_of_the_specification() -> None:
    made = report(
        component(
            "REG/good@DIG",
            violations=(result("Denied a", "main.on_demand", term="a"), result("Denied b", "main.on_demand", term="b")),
            warnings=(result("Warned about x", "main.warn_x", term="x"),),
            successes=(_GOOD,) * 4,
        )
    )
    assert render("text", made) == (
        "Success: false\nResult: FAILURE\nViolations: 2, Warnings: 1, Successes: 4\n"
        "Component: Unnamed\nImageRef: REG/good@DIG\n\nResults:\n"
        "✕ [Violation] main.on_demand\n  ImageRef: REG/good@DIG\n  Reason: Denied a\n  Term: a\n\n"
        "✕ [Violation] main.on_demand\n  ImageRef: REG/good@DIG\n  Reason: Denied b\n  Term: b\n\n"
        "› [Warning] main.warn_x\n  ImageRef: REG/good@DIG\n  Reason: Warned about x\n  Term: x\n\n"
    )


def test_without_components_it_ends_after_the_third_line() -> None:
    assert render("text", report()) == "Success: true\nResult: SKIPPED\nViolations: 0, Warnings: 0, Successes: 0\n"


def test_several_components_are_listed_and_blocks_go_by_kind() -> None:
    made = report(
        component("r/a", "A", violations=(result("va", "p.v"),), warnings=(result("wa", "p.w"),), successes=(_GOOD,)),
        component("r/b", "B", violations=(result("vb", "p.v"),), successes=(_GOOD,)),
        show_successes=True,
    )
    assert render("text", made, show_successes=True) == (
        "Success: false\nResult: FAILURE\nViolations: 2, Warnings: 1, Successes: 2\n"
        "\nComponents:\n"
        "- Name: B\n  ImageRef: r/b\n  Violations: 1, Warnings: 0, Successes: 1\n\n"
        "- Name: A\n  ImageRef: r/a\n  Violations: 1, Warnings: 1, Successes: 1\n\n"
        "Results:\n"
        "✕ [Violation] p.v\n  ImageRef: r/b\n  Reason: vb\n\n"
        "✕ [Violation] p.v\n  ImageRef: r/a\n  Reason: va\n\n"
        "› [Warning] p.w\n  ImageRef: r/a\n  Reason: wa\n\n"
        "✓ [Success] a.s\n  ImageRef: r/b\n\n"
        "✓ [Success] a.s\n  ImageRef: r/a\n\n"
    )


def test_titles_descriptions_and_solutions_where_they_are_known() -> None:
    info = {"title": "T", "description": "D", "solution": "S", "term": "t"}
    made = report(component(violations=(result("m", "p.v", **info),), successes=(result("Pass", "p.s", **info),)))
    shown = render("text", report(*made.components, show_successes=True), show_successes=True)
    assert "  Reason: m\n  Term: t\n  Title: T\n  Description: D\n  Solution: S\n\n" in shown
    assert "✓ [Success] p.s\n  ImageRef: r/a@sha256:1\n  Term: t\n  Title: T\n  Description: D\n\n" in shown


def test_warnings_and_successes_are_shown_or_not() -> None:
    warned = report(component(warnings=(result("w", "p.w"),)))
    assert "Warning]" not in render("text", warned, show_warnings=False)
    assert "Results:" not in render("text", warned, show_warnings=False)
    passed = component(successes=(_GOOD,))
    assert "Results:" not in render("text", report(passed, show_successes=True))
    # The report itself has no successes then: all that the target's option gives is the heading.
    assert render("text", report(passed), show_successes=True).endswith("\n\nResults:\n")


@pytest.mark.parametrize(
    ("results", "shown"), [({}, False), ({"violations": (_GOOD,)}, True), ({"warnings": (_GOOD,)}, True)]
)
def test_the_link_comes_last_if_there_is_something_to_explain(results: dict[str, Any], *, shown: bool) -> None:
    rendered = render("text", report(component(**results)), show_policy_docs_link=True)
    link = "For more information about policy issues, see the policy documentation: https://conforma.dev/docs/policy/\n"
    assert rendered.endswith(link) is shown


def test_warnings_that_are_not_shown_need_no_link() -> None:
    made = report(component(warnings=(_GOOD,)))
    assert "http" not in render("text", made, show_policy_docs_link=True, show_warnings=False)


@pytest.mark.parametrize(
    ("metadata", "lines"),
    [
        ({}, "%!s(<nil>)\n"),
        ({"code": 5}, "5\n"),
        ({"code": ["a.b", "a.c"]}, "[a.b a.c]\n"),
        ({"code": "p.r", "term": ""}, "p.r\n"),
        ({"code": "p.r", "term": []}, "p.r\n"),
        ({"code": "p.r", "term": ["one"]}, "p.r\n  Terms: one\n"),
        ({"code": "p.r", "term": ["t1", "t2"]}, "p.r\n  Terms: t1, t2\n"),
        # The real command fails on the next two.
        ({"code": "p.r", "term": ["t1", 5]}, "p.r\n  Terms: t1, 5\n"),
        ({"code": "p.r", "term": jsontext.loads("1.50")}, "p.r\n  Term: 1.50\n"),
        (
            {"code": "p.r", "title": 0, "description": ["x", "y"], "solution": {"b": [1], "a": None}},
            "p.r\n  Title: 0\n  Description: [x y]\n  Solution: map[a:<nil> b:[1]]\n",
        ),
    ],
)
def test_metadata_of_any_kind_is_shown(metadata: dict[str, Any], lines: str) -> None:
    code, _, rest = lines.partition("\n")
    assert _body(result("", **metadata)) == f"✕ [Violation] {code}\n  ImageRef: r/a@sha256:1\n{rest}\n"


def test_long_lines_are_wrapped_and_indented() -> None:
    reason = (
        "No image attestations found matching the given public key. Verify the correct public key was provided, "
        "and one or more attestations were created. Error: no matching attestations: "
    )
    assert (
        "  Reason: No image attestations found matching the given public key. Verify the correct public key was "
        "provided, and one or more\n  attestations were created. Error: no matching attestations: \n"
    ) in _body(result(reason, "p.r"))
    assert "  Reason:   lead\n  \n    second   \n\n" in _body(result("  lead\n\n  second   ", "p.r"))


def test_marks_and_headings_are_coloured_when_asked() -> None:
    made = report(
        component(violations=(result("v", "p.v"),), warnings=(result("w", "p.w"),), successes=(_GOOD,)),
        show_successes=True,
    )
    shown = render("text", made, show_successes=True, color=True)
    assert "\x1b[31m✕\x1b[0m \x1b[31m[Violation] p.v\x1b[0m\n" in shown
    assert "\x1b[33m›\x1b[0m \x1b[33m[Warning] p.w\x1b[0m\n" in shown
    assert "\x1b[32m✓\x1b[0m \x1b[32m[Success] a.s\x1b[0m\n" in shown
    assert shown.count("\x1b[") == 12


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("aaa bbb", "aaa bbb"),
        ("aaaaa bbbbb", "aaaaa\nbbbbb"),
        ("aaaa bbbbb", "aaaa bbbbb"),
        ("aaaaa     b", "aaaaa\nb"),
        ("a aaaaaaaaaa", "a\naaaaaaaaaa"),
        ("aaaaaaaaaaaaaaa b", "aaaaaaaaaaaaaaa\nb"),
        ("aaaaaaaaa bbbbbbbbbbbbbbb", "aaaaaaaaa\nbbbbbbbbbbbbbbb"),
        ("aaa\nbbb ccc ddd", "aaa\nbbb ccc\nddd"),
        ("aaaaaaa    ", "aaaaaaa"),
        ("aaaaaaa   ", "aaaaaaa   "),
        ("aaaaaaa    \nb", "aaaaaaa\nb"),
        ("a\u00a0aaaaaaaa b", "a\u00a0aaaaaaaa\nb"),
        ("a\tb\u2003c", "a\tb\u2003c"),
    ],
)
def test_words_that_would_end_beyond_the_width_move_down(given: str, expected: str) -> None:
    assert wrap(given, 10) == expected
