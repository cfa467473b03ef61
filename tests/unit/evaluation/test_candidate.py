from __future__ import annotations

from typing import Any

import pytest

from refimpl.errors import EvaluationError
from refimpl.evaluation.candidate import Candidate, read_candidates
from refimpl.evaluation.rules import RuleInfo
from refimpl.golang import jsontext
from refimpl.golang.instant import parse

NOW = parse("2030-04-01T00:00:00Z")
RULE = RuleInfo("a", "a.x", "title", "description", "", "solution", ("c",), ("b.y",))


def one(value: Any, rule: RuleInfo = RULE) -> Candidate:
    (candidate,) = read_candidates([value], {rule.code: rule}, time_ns=NOW)
    return candidate


def test_strings_and_objects_are_results_and_nothing_else_is() -> None:
    number = jsontext.loads("1.50")
    values = ["text", {"msg": "m"}, 5, number, True, None, [], ["x"], "", {"msg": "", "code": "a.x"}]
    assert [candidate.msg for candidate in read_candidates(values, {}, time_ns=NOW)] == ["text", "m"]


@pytest.mark.parametrize("value", [{}, {"msg": 5}, {"msg": jsontext.loads("1.5")}, {"msg": None}])
def test_objects_need_a_message(value: Any) -> None:
    with pytest.raises(EvaluationError) as caught:
        one(value)
    assert str(caught.value) == 'query rule: check: query rule: new result: "msg" field must be present and a string'


def test_location_and_query_are_no_metadata() -> None:
    assert one({"msg": "m", "_loc": {"file": 5}, "query": "q", "loc": 1}).metadata == {"loc": 1}


def test_the_annotation_wins_but_for_severity_and_term() -> None:
    candidate = one(
        {
            "msg": "m",
            "code": "a.x",
            "title": "own",
            "collections": ["o"],
            "depends_on": ["o"],
            "severity": "s",
            "term": "t",
        }
    )
    assert candidate.metadata == {
        "code": "a.x",
        "title": "title",
        "description": "description",
        "solution": "solution",
        "collections": ["c"],
        "depends_on": ["b.y"],
        "severity": "s",
        "term": "t",
    }
    assert candidate.depends_on == ("b.y",)


def test_a_dependency_list_of_the_results_own_stays_but_does_not_count() -> None:
    candidate = one({"msg": "m", "code": "a.z", "depends_on": ["b.y"]})
    assert candidate.metadata["depends_on"] == ["b.y"]
    assert candidate.depends_on == ()


def test_collections_become_texts_or_go() -> None:
    value = jsontext.loads('{"msg":"m","code":"a.z","collections":["x",5,{"a":1.50},null,1e3]}')
    assert one(value).metadata["collections"] == ["x", "5", "map[a:1.50]", "<nil>", "1e3"]
    assert "collections" not in one({"msg": "m", "code": "a.z", "collections": "x"}).metadata


@pytest.mark.parametrize("code", [None, 5, ["a.x"], jsontext.loads("1.5")])
def test_without_a_text_for_a_code_nothing_is_completed(code: Any) -> None:
    metadata = {"code": code, "collections": ["c", 5], "effective_on": "2000-01-01T00:00:00Z"}
    assert one({"msg": "m", **metadata}).metadata == metadata


def test_a_list_of_codes_is_filtered_by_its_first() -> None:
    assert one({"msg": "m", "code": ["", 5, "q.z", "q.y"]}).code == "q.z"


@pytest.mark.parametrize(
    ("date", "kept"),
    [
        ("2030-01-01T00:00:00Z", True),
        ("2029-12-31T23:59:59.999999999Z", False),
        ("2031-01-01T00:00:00Z", True),
        ("2000-01-01", True),
    ],
)
def test_dates_older_than_ninety_days_go(date: str, kept: bool) -> None:  # noqa: FBT001 - a column of the table
    assert ("effective_on" in one({"msg": "m", "code": "a.z", "effective_on": date}).metadata) == kept


def test_unreadable_dates_are_said_with_the_annotations_text(caplog: pytest.LogCaptureFixture) -> None:
    one({"msg": "m", "code": "a.z", "effective_on": "bad"})
    one({"msg": "m", "code": "a.x"}, RuleInfo("a", "a.x", effective_on="2099-01-01"))
    one({"msg": "m", "code": "a.z", "effective_on": 5})
    assert caplog.messages == ['Invalid "effective_on" value ""', 'Invalid "effective_on" value "2099-01-01"']


def test_collections_of_a_result_without_a_code_do_not_match(caplog: pytest.LogCaptureFixture) -> None:
    candidate = one({"msg": "m", "collections": ["c9", 5]})
    candidate.complain()
    assert candidate.texts() == ("*",)
    assert caplog.messages == ["Unsupported collections set in Metadata, expecting []string got: [c9 5]"]


def test_the_alternative_reading_makes_results_of_everything() -> None:
    values = jsontext.loads('["s","",1.50,7,true,null,[2,"x",{"a":1.5},null],[],{"msg":5,"code":"a.q"},{"x":1}]')
    assert [candidate.msg for candidate in read_candidates(values, {}, time_ns=NOW, opa=True)] == [
        "s",
        "unexpected policy result type json.Number: 1.50",
        "unexpected policy result type json.Number: 7",
        "unexpected policy result type bool: true",
        "unexpected policy result type <nil>: <nil>",
        "unexpected policy result type []interface {}: [2 x map[a:1.5] <nil>]",
        "unexpected policy result type []interface {}: []",
    ]


def test_the_alternative_reading_keeps_location_and_query() -> None:
    (candidate,) = read_candidates([{"msg": "m", "_loc": {"file": "f"}, "query": "q"}], {}, time_ns=NOW, opa=True)
    assert candidate.metadata == {"_loc": {"file": "f"}, "query": "q"}
