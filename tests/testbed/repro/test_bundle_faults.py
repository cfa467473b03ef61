"""Rules of the gate, written down and read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest

from ec_acceptance.testbed.gate import rules
from ec_acceptance.testbed.gate.log import Log, Match
from ec_acceptance.testbed.gate.rules import Rule, Verb
from ec_acceptance.testbed.repro.archive import Blobs, Bundle
from ec_acceptance.testbed.repro.document import BundleError, Member
from ec_acceptance.testbed.repro.faults import describe_rule, read_match, read_nth, read_verb

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERBS: list[Verb] = [
    rules.Hold(),
    rules.Hold(3),
    rules.Barrier(2),
    rules.Delay(0.5),
    rules.Rate(1000),
    rules.Stall(-1),
    rules.Close(0),
    rules.Reset(None),
    rules.ShortLength(1),
    rules.EarlyEnd(1),
    rules.FlipBit(1, 2),
    rules.Replace(b"other"),
    rules.SetHeaders((("X", "y"),), ("Z",)),
    rules.Repeat(("X",)),
    rules.Encode("gzip"),
    rules.Interim(103),
    rules.Redirect("http://x"),
    rules.Answer(503, (("Retry-After", "1"),), b"body"),
    rules.Answer(404),
]


def test_all_verbs_are_tried() -> None:
    assert {type(verb) for verb in _VERBS} == set(get_args(Verb))


@pytest.mark.parametrize("verb", _VERBS, ids=str)
def test_a_rule_is_what_it_was(verb: Verb) -> None:
    blobs = Blobs()
    match = Match(method="GET", kind="blob", repository="a/b", reference="sha256:0")
    described = describe_rule(Rule(verb, match, range(2, 5), Log()), 3, blobs)
    member, bundle = Member(json.loads(json.dumps(described)), "rule"), Bundle(Member({}, ""), blobs.contents)
    assert (read_verb(member, bundle), read_match(member), read_nth(member)) == (verb, match, range(2, 5))
    assert member["seen"].integer() == 3


@pytest.mark.parametrize(
    "rule",
    [
        {"verb": "Unlink"},
        {"verb": "__class__"},
        {"verb": "Hold", "at": "x"},
        {"verb": "Hold", "at": True},
        {"verb": "Delay", "seconds": None},
        {"verb": "Replace", "body": "text"},
        {"verb": "Replace", "body": {"content": "0" * 64}},
        {"verb": "SetHeaders", "fields": ["x"], "drop": []},
        {"verb": "SetHeaders", "fields": [["x", 1]], "drop": []},
        {"verb": "Answer", "status": "200", "headers": [], "body": None},
    ],
)
def test_what_is_no_rule_is_refused(rule: Mapping[str, Any]) -> None:
    with pytest.raises(BundleError):
        read_verb(Member(rule, "rule"), Bundle(Member({}, ""), {}))
