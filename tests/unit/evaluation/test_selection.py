from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from refimpl.evaluation.rules import RuleInfo, RuleSet
from refimpl.evaluation.selection import intention, select
from refimpl.golang import jsontext

if TYPE_CHECKING:
    from collections.abc import Sequence


def rules(*codes: str, **collections: tuple[str, ...]) -> RuleSet:
    """Rules without annotation, and annotated ones of package ``a`` with collections."""
    found = RuleSet(codes=dict.fromkeys(codes))
    for name, names in collections.items():
        found.codes[f"a.{name}"] = RuleInfo("a", f"a.{name}", collections=names, pipeline_intention=names)
    return found


@pytest.mark.parametrize(
    ("include", "exclude", "namespaces"),
    [
        (["*"], [], ("a", "b", "policy")),
        (["b"], [], ("b",)),
        (["*"], ["b.x"], ("a", "policy")),
        (["@c"], [], ("a",)),
        (["@c"], ["@c"], ()),
        (["a.r:t"], [], ()),
        # The key is the first part of the code, the criterion's package the last but one.
        (["foo"], [], ("policy",)),
        (["policy"], [], ()),
        # Nothing at all, because all includes are other images'.
        ([], ["b"], ("a", "policy")),
    ],
)
def test_packages_with_a_rule_that_is_in_are_evaluated(
    include: Sequence[str], exclude: Sequence[str], namespaces: tuple[str, ...]
) -> None:
    known = rules("b.x", "policy.release.foo.x", r=("c",))
    assert select(known, include, exclude, None).namespaces == namespaces


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [(frozenset(), {"a.none", "b.x"}), (frozenset(["c"]), {"a.r"}), (frozenset(["c", "d"]), {"a.r", "a.s"})],
)
def test_intentions_choose_among_rules(wanted: frozenset[str], codes: set[str]) -> None:
    known = rules("b.x", r=("c",), s=("d",), none=())
    assert select(known, ["*"], [], wanted).codes == codes


def test_rules_succeed_by_their_own_annotation() -> None:
    known = rules(r=("c",))
    known.annotated["a.r"] = RuleInfo("a", "a.r", collections=("c",), pipeline_intention=("c",))
    known.codes["a.r"] = None  # a rule without annotation has the same code
    found = select(known, ["*"], [], frozenset(["c"]))
    assert (found.codes, found.passing) == (frozenset(), frozenset(["a.r"]))


def test_texts_are_those_of_all_intended_rules() -> None:
    known = rules("b.x", r=("c",))
    assert select(known, ["b"], ["b"], frozenset()).texts == {"b", "b.*", "b.x", "*"}


@pytest.mark.parametrize(
    ("rule_data", "expected"),
    [
        (None, set()),
        ({}, set()),
        ({"pipeline_intention": ""}, {""}),
        ({"pipeline_intention": []}, set()),
        ({"pipeline_intention": "release"}, {"release"}),
        ({"pipeline_intention": ["a", 5, "b"]}, {"a", "b"}),
        ({"pipeline_intention": jsontext.loads("1.5")}, set()),
        ({"pipeline_intention": {"a": 1}}, set()),
    ],
)
def test_intention(rule_data: dict[str, Any] | None, expected: set[str]) -> None:
    assert intention(rule_data) == expected
