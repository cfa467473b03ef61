from __future__ import annotations

import pytest

from refimpl.evaluation.specificity import CriteriaMatcher, criterion_texts, score


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ("*", 1),
        ("@c", 10),
        ("pkg", 10),
        ("pkg.*", 10),
        ("pkg.", 10),
        ("pkg.rule", 110),
        ("a.pkg.rule", 120),
        ("a.pkg.*", 20),
        ("pkg:t", 110),
        ("pkg.*:t", 110),
        ("pkg.rule:t", 210),
        ("pkg.rule:", 110),
        ("pkg.rule:t:u", 210),
        ("*.rule", 101),
        ("*:t", 101),
        ("*.*", 1),
        ("", 10),
    ],
)
def test_score(criterion: str, expected: int) -> None:
    assert score(criterion) == expected


def test_matchers_use_the_last_two_parts_of_the_code() -> None:
    assert criterion_texts("a.b.rule") == ("b", "b.*", "b.rule", "*")


@pytest.mark.parametrize("code", ["", "nodot", ".rule"])
def test_codes_without_a_package_match_by_star_and_collections_only(code: str) -> None:
    assert criterion_texts(code, ("t",), ("c", "d")) == ("*", "@c", "@d")


def test_each_term_repeats_the_three_forms() -> None:
    assert criterion_texts("a.r", ("t", "u")) == (
        "a",
        "a.*",
        "a.r",
        "a:t",
        "a.*:t",
        "a.r:t",
        "a:u",
        "a.*:u",
        "a.r:u",
        "*",
    )


def test_equal_criteria_count_each() -> None:
    assert CriteriaMatcher(["a", "a"], ["a"]).totals(criterion_texts("a.r")) == (20, 10)


def test_a_draw_excludes() -> None:
    assert not CriteriaMatcher(["a"], ["@c"]).includes(criterion_texts("a.r", (), ("c",)))
    assert CriteriaMatcher(["a"], ["*"]).includes(criterion_texts("a.r", (), ("c",)))
