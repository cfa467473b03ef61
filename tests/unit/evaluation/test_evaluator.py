"""The whole of evaluation, by the real engine."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from judging import REF, brief, case

from refimpl.errors import EvaluationError, PolicyError
from refimpl.evaluation.evaluator import File
from refimpl.golang import jsontext
from refimpl.golang.instant import parse
from refimpl.result import sort_results

if TYPE_CHECKING:
    from pathlib import Path

RULES = """package main
import rego.v1

# METADATA
# title: Named
# description: Checks the name.
# custom:
#   short_name: named
#   solution: Give it a name.
#   effective_on: 2030-06-01
deny contains result if {
	not input.name
	result := {"code": "main.named", "msg": "No name.", "weight": 1.50}
}
"""


def test_results_carry_the_annotation_and_keep_numbers(tmp_path: Path) -> None:
    (result,) = case(tmp_path, RULES, now="2031-01-01T00:00:00Z").outcome().violations
    assert jsontext.dumps(result.to_json()) == (
        '{"msg":"No name.","metadata":{"code":"main.named",'
        '"description":"Checks the name. To exclude this rule add \\"main.named\\" to the `exclude` section of the '
        'policy configuration.","solution":"Give it a name.","title":"Named","weight":1.50}}'
    )


def test_the_time_may_be_the_components_own(tmp_path: Path) -> None:
    evaluator = case(tmp_path, RULES).evaluator()
    early = evaluator.evaluate(REF, "one", b"{}")
    late = evaluator.evaluate(REF, "one", b"{}", time_ns=parse("2030-06-01T00:00:01Z"))
    assert early.warnings[0].msg == "No name. This will become a failure starting on 2030-06-01T00:00:00Z"
    assert [result.msg for result in late.violations] == ["No name."]


def test_many_components_at_once_each_get_their_own(tmp_path: Path) -> None:
    evaluator = case(tmp_path, RULES, now="2031-01-01T00:00:00Z").evaluator()

    def judge(number: int) -> tuple[int, int]:
        document = json.dumps({"name": "x"} if number % 2 else {}).encode()
        outcome = evaluator.evaluate(REF, f"component-{number}", document)
        return len(outcome.violations), len(outcome.successes)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(judge, range(16))) == [(1, 0), (0, 1)] * 8


def test_policies_that_do_not_compile_fail_each_component_alike(tmp_path: Path) -> None:
    evaluator = case(tmp_path, "package a\nimport rego.v1\ndeny contains x if { x := nosuch(1) }\n").evaluator()
    texts = set()
    for name in ("one", "two"):
        with pytest.raises(PolicyError) as caught:
            evaluator.evaluate(REF, name, b"{}")
        texts.add(str(caught.value))
    (text,) = texts
    assert text.startswith("policy compilation error: ")
    assert text.endswith("0.rego:3: rego_type_error: undefined function nosuch")


def test_policies_that_do_not_parse_fail_in_inspection(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"\A1 error occurred: 0\.rego:2: rego_parse_error: "):
        case(tmp_path, "package a\ndeny contains x { true }\n").outcome()


def test_a_rule_that_fails_fails_the_component(tmp_path: Path) -> None:
    rego = 'package a\nimport rego.v1\nf(x) := 1 if x\nf(x) := 2 if x\ndeny contains "m" if f(true) == 1\n'
    with pytest.raises(EvaluationError, match=r"query rule: .*eval_conflict_error: functions must not produce"):
        case(tmp_path, rego).outcome()


def test_exceptions_silence_rules(tmp_path: Path) -> None:
    rego = """package a
import rego.v1
exception contains ["foo", ""]
deny_foo contains "foo"
deny contains "bare"
warn_foo contains "warned"
violation_bar contains "kept"
"""
    outcome = case(tmp_path, rego).outcome()
    assert [result.msg for result in (*outcome.violations, *outcome.warnings)] == ["kept"]


SILENCED = """package a
import rego.v1
exception contains ["x"]
deny_x contains {"code": "a.x", "msg": 5}
warn contains "kept"
"""


def test_exceptions_do_not_hide_what_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r'new result: "msg" field must be present and a string'):
        case(tmp_path, SILENCED).outcome()


def test_exceptions_hide_what_is_no_result_from_the_opa_evaluator(tmp_path: Path) -> None:
    outcome = case(tmp_path, SILENCED, opa=True).outcome()
    assert [result.msg for result in (*outcome.violations, *outcome.warnings)] == ["kept"]


def test_an_exception_for_one_document_leaves_the_others_results(tmp_path: Path) -> None:
    rego = """package a
import rego.v1
exception contains [""] if input.quiet
deny contains text if text := input.text
"""
    file = File((b'{"text": "one"}', b'{"text": "two", "quiet": true}', b'{"text": "three"}'))
    outcome = case(tmp_path, rego).evaluator().evaluate_files(REF, "one", (file,))
    assert [result.msg for result in outcome.violations] == ["one", "three"]


def test_helpers_alone_are_nothing(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="check input"):
        case(tmp_path, "package a\nhelper := 1\n").outcome()


def test_only_selected_packages_are_evaluated(tmp_path: Path) -> None:
    failing = 'package b\nimport rego.v1\nf(x) := 1 if x\nf(x) := 2 if x\ndeny contains "m" if f(true) == 1\n'
    outcome = case(tmp_path, RULES, failing, config={"include": ["main"]}).outcome()
    assert brief(outcome.warnings) == ["main.named"]


def test_nested_packages_are_not_evaluated_beside_others(tmp_path: Path) -> None:
    nested = (
        'package policy.release\nimport rego.v1\ndeny contains r if r := {"code": "policy.release.x", "msg": "m"}\n'
    )
    outcome = case(tmp_path, RULES, nested).outcome()
    assert brief((*outcome.violations, *outcome.warnings)) == ["main.named"]
    with pytest.raises(EvaluationError, match="check input"):
        case(tmp_path / "alone", nested).outcome()


def test_results_are_ordered_by_code_term_and_message(tmp_path: Path) -> None:
    rego = """package a
import rego.v1
deny contains {"msg": "2", "code": "a.x", "term": ["", "b"]}
deny contains {"msg": "1", "code": "a.x", "term": "b"}
deny contains {"msg": "3", "code": "a.x", "term": "a"}
deny contains {"msg": "4", "code": ["a.w"]}
deny contains "z"
deny contains "y"
"""
    outcome = case(tmp_path, rego).outcome()
    assert [result.msg for result in sort_results(outcome.violations)] == ["y", "z", "4", "3", "1", "2"]


def test_prints_are_logged_for_debugging(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rego = 'package a\nimport rego.v1\ndeny contains "m" if print("hello", input.x)\n'
    caplog.set_level(logging.DEBUG, "refimpl.evaluation")
    case(tmp_path, rego).outcome(input_json=b'{"x": 1}')
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.message.startswith("[data.a.deny] ")
    assert record.message.endswith("0.rego:3: hello 1\n")


def test_the_opa_evaluator_has_no_conftest_document_and_no_filter_type(tmp_path: Path) -> None:
    rego = 'package a\nimport rego.v1\ndeny contains x if x := data.conftest.file.name\ndeny contains "always"\n'
    default = case(tmp_path, rego).outcome()
    other = case(tmp_path, rego, opa=True).outcome()
    assert [result.msg for result in default.violations] == ["always", "input.json"]
    assert [result.msg for result in other.violations] == ["always"]
    intended = {"filter_type": "ec-policy", "rule_data": {"pipeline_intention": "x"}}
    assert case(tmp_path / "a", RULES, opa=True, **intended).outcome().warnings
    with pytest.raises(EvaluationError, match="check input"):
        case(tmp_path / "b", RULES, **intended).outcome()


@pytest.mark.parametrize(
    ("rule", "query"), [('deny contains "m" if f(true) == 1', "rule"), ("exception contains [f(true)]", "exception")]
)
def test_the_opa_evaluators_errors_are_shorter(tmp_path: Path, rule: str, query: str) -> None:
    rego = f'package a\nimport rego.v1\nf(x) := 1 if x\nf(x) := 2 if x\ndeny contains "x"\n{rule}\n'
    text = rf"query {query}: evaluating policy: .*0\.rego:4: eval_conflict_error"
    with pytest.raises(EvaluationError, match=rf"\A{text}"):
        case(tmp_path / "a", rego, opa=True).outcome()
    with pytest.raises(EvaluationError, match=rf"\Aquery rule: check: {text}"):
        case(tmp_path / "b", rego).outcome()


def test_a_value_that_is_no_result_speaks_before_other_packages_are_judged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = 'package a\nimport rego.v1\ndeny contains {"msg": "m", "effective_on": "bad"}\n'
    wrong = 'package b\nimport rego.v1\ndeny contains {"msg": 5}\n'
    with pytest.raises(EvaluationError, match='"msg" field must be present'):
        case(tmp_path, odd, wrong).outcome()
    assert caplog.messages == []


HELPER = """package a
import rego.v1
deny contains result if {
	input.never
	result := {"msg": "m", "code": "a.r1"}
}

# METADATA
# custom:
#   short_name: r1
#   pipeline_intention: [rel]
helper := "x"
"""
INTENDED = """package b
import rego.v1
# METADATA
# custom:
#   short_name: r1
#   pipeline_intention: [rel]
deny contains {"msg": "m", "code": "b.r1"} if input.wrong
"""


@pytest.mark.parametrize(
    ("document", "expected"),
    [(b'{"wrong": true}', ["Include criterion 'a.r1' doesn't match any policy rule"]), (b"{}", [])],
)
def test_by_intention_annotations_answer_to_includes_once_a_rule_passes(
    tmp_path: Path, document: bytes, expected: list[str]
) -> None:
    judged = case(
        tmp_path,
        HELPER,
        INTENDED,
        filter_type="ec-policy",
        rule_data={"pipeline_intention": "rel"},
        config={"include": ["b", "a.r1"]},
    )
    assert [result.msg for result in judged.outcome(input_json=document).warnings] == expected
