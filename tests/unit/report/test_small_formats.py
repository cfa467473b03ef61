"""appstudio, summary, summary-markdown, attestation, policy-input and vsa (24 §6-8, §11-13)."""

from __future__ import annotations

import json

from reports import KEY, component, render, report, result

from refimpl.report.formats import FORMATS
from refimpl.report.model import TextOptions
from refimpl.report.vsa import component_predicate

_GOOD = result("Pass", "a.s")
_MIXED = report(
    component(
        "r/b",
        "B",
        violations=(result("Denied a", "p.d"), result("Denied b", "p.d"), result("none"), result("list", ["x.y", "z"])),
        warnings=(result("w", "p.w"),),
        successes=(_GOOD,) * 3,
        statements=(b'{\n "b": 1}', b"{}"),
        policy_input=b'{"a":1}',
    ),
    component("r/a", "A", successes=(_GOOD,), statements=(b"[]",), policy_input=b'{"b":2}\n'),
    component("r/0", "0", violations=(result("gone", "builtin.image.accessible"),)),
)


def test_appstudio_has_sums_and_the_time_as_text() -> None:
    assert render("appstudio", _MIXED) == (
        '{"timestamp":"1795451085","namespace":"","successes":4,"failures":5,"warnings":1,"result":"FAILURE"}'
    )
    assert json.loads(render("appstudio", report()))["result"] == "SKIPPED"


def test_the_summary_condenses_messages_by_code() -> None:
    document = json.loads(render("summary", _MIXED))
    assert list(document) == ["components", "success", "key"]
    assert document["components"][0] == {
        "name": "B",
        "success": False,
        "violations": {"[x.y z]": ["list"], "p.d": ["Denied a", 'There are 1 more "p.d" messages']},
        "warnings": {"p.w": ["w"]},
        "successes": {},
        "total_violations": 4,
        "total_warnings": 1,
        "total_successes": 3,
    }
    assert list(document["components"][0]["violations"]) == ["[x.y z]", "p.d"]


def test_the_summary_lists_successes_with_their_flag_and_is_never_successful() -> None:
    document = json.loads(render("summary", report(*_MIXED.components[1:2], show_successes=True, snapshot="s")))
    assert list(document) == ["snapshot", "components", "success", "key"]
    assert document["components"][0]["successes"] == {"a.s": ["Pass"]}
    assert document["success"] is False
    assert render("summary", report()).startswith('{"components":null,"success":false,"key":"')


def test_the_markdown_table() -> None:
    assert render("summary-markdown", _MIXED) == (
        "| Field     | Value |Status|\n|-----------|-------|-------|\n"
        "| Time | 2026-11-23 16:24:45 |  |\n"
        "| Successes | 4 | :x: |\n| Failures | 5 | :x: |\n| Warnings | 1 | :x: |\n| Result |  | :x: |\n"
    )
    assert render("summary-markdown", report(component(successes=(_GOOD,)))).endswith(
        "| Successes | 1 | :white_check_mark: |\n| Failures | 0 | :white_check_mark: |\n"
        "| Warnings | 0 | :white_check_mark: |\n| Result |  | :white_check_mark: |\n"
    )
    assert "| Successes | 0 | :x: |" in render("summary-markdown", report())


def test_statements_come_as_signed_in_the_order_of_the_report() -> None:
    assert FORMATS["attestation"](_MIXED, TextOptions()) == b'{\n "b": 1}\n{}\n[]'
    assert FORMATS["attestation"](report(), TextOptions()) == b""


def test_a_component_that_was_not_evaluated_has_an_empty_line_as_input() -> None:
    assert FORMATS["policy-input"](_MIXED, TextOptions()) == b'{"a":1}\n{"b":2}\n\n'
    assert FORMATS["policy-input"](report(), TextOptions()) == b""


def test_the_verification_summary() -> None:
    assert json.loads(render("vsa", _MIXED)) == {
        "policy": {"sources": [{"policy": ["file::./p"]}], "publicKey": "k.pub"},
        "imageRefs": ["r/b", "r/a", "r/0"],
        "timestamp": "2026-11-23T16:24:45Z",
        "status": "failed",
        "verifier": "conforma",
        "summary": {
            "snapshot": "",
            "components": 3,
            "success": False,
            "key": KEY,
            "ec_version": "v1",
            "component_details": [
                {
                    "name": "B",
                    "containerImage": "r/b",
                    "success": False,
                    "violations": 4,
                    "warnings": 1,
                    "successes": 0,
                },
                {"name": "A", "containerImage": "r/a", "success": True, "violations": 0, "warnings": 0, "successes": 0},
                {
                    "name": "0",
                    "containerImage": "r/0",
                    "success": False,
                    "violations": 1,
                    "warnings": 0,
                    "successes": 0,
                },
            ],
            "Violations": 5,
            "Warnings": 1,
        },
    }
    passed = json.loads(
        render("vsa", report(component("r/a", successes=(_GOOD,)), component("r/a"), show_successes=True))
    )
    assert (passed["status"], passed["imageRefs"]) == ("passed", ["r/a"])
    assert [one["successes"] for one in passed["summary"]["component_details"]] == [1, 0]
    assert json.loads(render("vsa", report()))["imageRefs"] == []


def test_a_vsa_of_an_index_counts_each_of_its_images_once() -> None:
    index, judged = (
        component("r/a@sha256:1", "app"),
        component("r/a@sha256:2", "app-amd64", violations=(result("denied"),)),
    )
    indexes = {index.container_image: (index.container_image, judged.container_image, "r/a@sha256:3")}
    summary = component_predicate(report(index, judged, indexes=indexes), index, policy_source="p")["summary"]
    assert [(one["Name"], one["Violations"]) for one in summary["Components"]] == [
        ("app", 0),
        ("app-amd64", 1),
        ("app-r/a@sha256:3", 0),
    ]
