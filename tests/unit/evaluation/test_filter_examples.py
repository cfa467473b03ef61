"""The worked examples of specification 11 §11 and §8, by the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from judging import IMAGE, REF, brief, case

from refimpl.errors import EvaluationError

if TYPE_CHECKING:
    from pathlib import Path

A = """package a
import rego.v1

# METADATA
# title: r1
# custom:
#   short_name: r1
#   collections: [c1]
deny contains result if {
	some term in ["t1", ["t2", "t3"]]
	result := {"code": "a.r1", "msg": "r1", "term": term}
}

# METADATA
# title: r2
# custom:
#   short_name: r2
#   collections: [c1, c2]
deny contains result if {
	false
	result := {"code": "a.r2", "msg": "r2"}
}

# METADATA
# title: r3
# custom:
#   short_name: r3
warn contains result if result := {"code": "a.r3", "msg": "r3"}
"""
B = """package b
import rego.v1
deny contains "no code"
deny contains result if result := {"code": "b.coded", "msg": "coded"}
warn contains result if result := {"code": "zz.other", "msg": "other"}
warn contains result if result := {"code": "nodot", "msg": "nodot"}
"""
C = """package c
import rego.v1
# METADATA
# title: c
# custom:
#   short_name: r1
deny contains result if {
	false
	result := {"code": "c.r1", "msg": "c"}
}
"""
ALL_V = "- a.r1(t1) a.r1(t2,t3) b.coded"
ALL_W = "a.r3 nodot zz.other"
ALL_S = "a.r2 c.r1"
BOTH = "a.r1(t1) a.r1(t2,t3)"


def missing(*items: str) -> list[str]:
    return [f"Include criterion '{item}' doesn't match any policy rule" for item in items]


def cfg(include: str = "", exclude: str = "") -> dict[str, Any]:
    return {"config": {"include": include.split(), "exclude": exclude.split()}}


def volatile(include: list[dict[str, Any]] = [], exclude: list[dict[str, Any]] = []) -> dict[str, Any]:  # noqa: B006 - not changed
    return {"volatile_config": {"include": include, "exclude": exclude}}


OLD = {"configuration": {"include": ["@c1"], "collections": ["c2"]}}
OTHER = f"registry.example/acme/other@sha256:{'cd' * 32}"
FOR_ONE = volatile([{"value": "a", "componentNames": ["one"]}])
FOR_A = volatile([{"value": "a", "imageUrl": IMAGE}])
WAIVED = volatile(
    [{"value": "a.r1"}, {"value": "a.*"}, {"value": "*"}], [{"value": "a"}, {"value": "a"}, {"value": "a.r1"}]
)

ROWS: dict[str, tuple[dict[str, Any], str, str | list[str], str]] = {
    "none": ({}, ALL_V, ALL_W, ALL_S),
    "include star": (cfg("*"), ALL_V, ALL_W, ALL_S),
    "exclude a.r1": (cfg("", "a.r1"), "- b.coded", ALL_W, ALL_S),
    "exclude a.r1:t1": (cfg("", "a.r1:t1"), "- a.r1(t2,t3) b.coded", ALL_W, ALL_S),
    "exclude a:t1": (cfg("", "a:t1"), "- a.r1(t2,t3) b.coded", ALL_W, ALL_S),
    "exclude a.*:t1": (cfg("", "a.*:t1"), "- a.r1(t2,t3) b.coded", ALL_W, ALL_S),
    "exclude a.r1:t3": (cfg("", "a.r1:t3"), "- a.r1(t1) b.coded", ALL_W, ALL_S),
    "exclude *:t1": (cfg("", "*:t1"), ALL_V, ALL_W, ALL_S),
    "include a": (cfg("a"), BOTH, "a.r3", "a.r2"),
    "include a.*": (cfg("a.*"), BOTH, "a.r3", "a.r2"),
    "include a.r1:t2": (cfg("a.r1:t2"), "- a.r1(t2,t3)", "", ""),
    "include @c1": (cfg("@c1"), BOTH, "", "a.r2"),
    "include @c2 @nope": (cfg("@c2 @nope"), "", missing("@nope"), "a.r2"),
    "include @c1 a.r1, exclude a": (cfg("@c1 a.r1", "a"), BOTH, "", ""),
    "include *, exclude *": (cfg("*", "*"), "-", "", ""),
    "exclude a b c zz nodot": (cfg("", "a b c zz nodot"), "-", "nodot", ""),
    "include b": (cfg("b"), "- b.coded", "", ""),
    "include c.r1": (cfg("c.r1"), "", "", "c.r1"),
    "exclude b": (cfg("", "b"), BOTH, "a.r3", ALL_S),
    "include a.": (cfg("a."), "-", missing("a."), ""),
    "include nodot": (cfg("nodot"), "-", missing("nodot"), ""),
    "include * nope a.zz": (cfg("* nope a.zz"), ALL_V, [*missing("a.zz", "nope"), *ALL_W.split()], ALL_S),
    "configuration": (OLD, BOTH, "", "a.r2"),
    "config c and configuration": (OLD | cfg("c"), "", "", "c.r1"),
    "volatile": (WAIVED, "- b.coded", [*missing("a.*", "a.r1"), "nodot", "zz.other"], "c.r1"),
    "for component one": (FOR_ONE, "- " + BOTH, "a.r3", "a.r2"),
    "for image A": (FOR_A, BOTH, "a.r3", "a.r2"),
}


@pytest.mark.parametrize("row", ROWS)
def test_filter_example(row: str, tmp_path: Path) -> None:
    options, violations, warnings, successes = ROWS[row]
    outcome = case(tmp_path, A, B, C, **options).outcome()
    assert brief(outcome.violations) == violations.split()
    assert brief(outcome.warnings) == (warnings.split() if isinstance(warnings, str) else warnings)
    assert brief(outcome.successes) == successes.split()


def test_component_scoped_include_leaves_other_components_nothing_coded(tmp_path: Path) -> None:
    outcome = case(tmp_path, A, B, C, **FOR_ONE).outcome(name="two")
    assert (brief(outcome.violations), brief(outcome.warnings), brief(outcome.successes)) == (["-"], [], [])


def test_image_scoped_include_is_missed_by_other_images(tmp_path: Path) -> None:
    outcome = case(tmp_path, A, B, C, **FOR_A).outcome(ref=OTHER)
    assert (brief(outcome.violations), brief(outcome.warnings), brief(outcome.successes)) == (["-"], missing("a"), [])


def test_include_of_a_code_in_a_package_that_is_not_evaluated_fails(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"\Ano successes, warnings, or failures, check input\Z"):
        case(tmp_path, A, B, C, **cfg("zz.other")).outcome()


INTENTIONS = (
    """package a
import rego.v1
# METADATA
# title: none
# custom:
#   short_name: none
deny contains result if result := {"code": "a.none", "msg": "none"}
# METADATA
# title: rel
# custom:
#   short_name: rel
#   pipeline_intention: [release, prod]
deny contains result if result := {"code": "a.rel", "msg": "rel"}
# METADATA
# title: relpass
# custom:
#   short_name: relpass
#   pipeline_intention: [release]
deny contains result if {
	false
	result := {"code": "a.relpass", "msg": "relpass"}
}
deny contains result if result := {"code": "a.noannot", "msg": "noannot"}
deny contains "no code"
""",
    """package b
import rego.v1
# METADATA
# title: rel
# custom:
#   short_name: rel
#   pipeline_intention: [build]
deny contains result if result := {"code": "b.rel", "msg": "rel"}
""",
)


@pytest.mark.parametrize(
    ("wanted", "violations", "warnings", "successes"),
    [
        (None, "- a.noannot a.none", [], ""),
        ([], "- a.noannot a.none", [], ""),
        ("", "-", missing("*"), ""),
        ("release", "- a.rel", [], "a.relpass"),
        (["release"], "- a.rel", [], "a.relpass"),
        (["x"], "-", missing("*"), ""),
        (["prod", "build"], "- a.rel b.rel", [], ""),
    ],
)
def test_intention_example(
    wanted: object, violations: str, warnings: list[str], successes: str, tmp_path: Path
) -> None:
    rule_data = None if wanted is None else {"pipeline_intention": wanted}
    outcome = case(tmp_path, *INTENTIONS, filter_type="ec-policy", rule_data=rule_data).outcome()
    assert brief(outcome.violations) == violations.split()
    assert brief(outcome.warnings) == warnings
    assert brief(outcome.successes) == successes.split()


def test_intentions_count_only_with_their_filter_type(tmp_path: Path) -> None:
    outcome = case(tmp_path, *INTENTIONS, rule_data={"pipeline_intention": "x"}).outcome(ref=REF)
    assert brief(outcome.violations) == ["-", "a.noannot", "a.none", "a.rel", "b.rel"]
    assert brief(outcome.successes) == ["a.relpass"]


def test_terms_and_components_have_no_effect_with_intentions(tmp_path: Path) -> None:
    waived = volatile([], [{"value": "a.none", "componentNames": ["one"]}, {"value": "a.none:t"}])
    outcome = case(tmp_path, *INTENTIONS, filter_type="ec-policy", **waived).outcome()
    assert brief(outcome.violations) == ["-", "a.noannot", "a.none"]


def test_includes_for_other_images_are_not_missed_with_intentions(tmp_path: Path) -> None:
    scoped = volatile([{"value": "nope", "imageUrl": IMAGE}, {"value": "a"}])
    judged = case(tmp_path, *INTENTIONS, filter_type="ec-policy", **scoped)
    assert brief(judged.outcome(ref=REF).warnings) == missing("nope")
    assert brief(judged.outcome(ref=OTHER).warnings) == []
