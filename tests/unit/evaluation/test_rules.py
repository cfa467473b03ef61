from __future__ import annotations

from typing import Any

import pytest

from refimpl.errors import PolicyError
from refimpl.evaluation.rules import RuleInfo, RuleSet, is_failure, is_warning
from refimpl.rego.engine import Annotation, DateText, RuleEntry


def entry(*chain: Annotation, name: str = "deny", code: str = "a.deny", package: str = "a") -> RuleEntry:
    return RuleEntry(package, name, "a.rego", 1, code, chain)


def annotated(scope: str = "rule", *, unsupported: str = "", **custom: Any) -> Annotation:
    return Annotation(scope, title="T", custom=custom, unsupported=unsupported)


BARE = Annotation("")
DAY = DateText("2020-01-01 00:00:00 +0000 UTC")


def info(**custom: Any) -> RuleInfo:
    found = RuleInfo.of("a", Annotation("rule", "T", "See xref:foo[it].", {"short_name": "x", **custom}))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["deny", "violation", "deny_a", "violation_a_B1"])
def test_failure_names(name: str) -> None:
    assert is_failure(name)
    assert not is_warning(name)


@pytest.mark.parametrize("name", ["denyx", "deny_", "Deny", "deny_a_", "deny_é", "a_deny", "deny\n", "warn", "warning"])
def test_other_names(name: str) -> None:
    assert not is_failure(name)
    assert is_warning(name) == (name == "warn")


def test_texts_lose_their_references() -> None:
    found = info(solution="xref:a:ROOT:b.adoc#c[L] xref:foo[M]", effective_on="xref:foo[M]")
    assert found.description == "See it."
    assert found.solution == "https://conforma.dev/docs/a/b.html#c M"
    assert found.effective_on == "xref:foo[M]"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x", "a.x"),
        (12, "a.12"),
        (None, "a.<nil>"),
        (["a", "b"], "a.[a b]"),
        ({"k": DAY}, f"a.map[k:{DAY}]"),
        (DAY, f"a.{DAY}"),
    ],
)
def test_short_names_become_text(name: Any, code: str) -> None:
    assert info(short_name=name).code == code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x.y", ("x.y",)),
        ([1, "x.y", True, None], ("1", "x.y", "true", "<nil>")),
        ({"a": "b"}, ("map[a:b]",)),
        ([], ()),
        ([DAY], (str(DAY),)),
    ],
)
def test_dependencies_become_texts(value: Any, expected: tuple[str, ...]) -> None:
    assert info(depends_on=value).depends_on == expected


def test_lists_keep_only_their_strings_and_scalars_are_no_lists() -> None:
    found = info(collections=[1, "c", True, DAY], pipeline_intention="release")
    assert (found.collections, found.pipeline_intention) == (("c",), ())


def test_metadata_leaves_out_what_is_empty() -> None:
    assert info(severity="warning", solution=7).metadata() == {"title": "T", "description": "See it."}


def test_no_short_name_is_no_rule() -> None:
    rules = RuleSet()
    rules.add([entry(annotated()), entry(annotated(short_name=""))])
    assert rules.codes == {}


def test_a_rule_without_annotation_adds_its_code() -> None:
    rules = RuleSet()
    rules.add([entry(BARE, annotated("package"), code="zz.other"), entry(BARE, code="nodot")])
    assert rules.codes == {"zz.other": None}
    assert rules.annotated == {}


def test_only_deny_and_warn_names_count_without_annotation() -> None:
    rules = RuleSet()
    rules.add([entry(BARE, name="helper", code="a.helper"), entry(annotated(short_name="h"), name="helper")])
    assert list(rules.codes) == ["a.h"]


def test_a_document_block_and_the_bare_rule_both_count() -> None:
    rules = RuleSet()
    rules.add([entry(BARE, annotated("document", short_name="doc"))])
    assert list(rules.codes) == ["a.deny", "a.doc"]


@pytest.mark.parametrize("bare_first", [True, False])
def test_a_bare_rule_hides_the_annotation_of_its_code(bare_first: bool) -> None:  # noqa: FBT001 - a column of the table
    both = [entry(BARE), entry(annotated(short_name="deny"))]
    rules = RuleSet()
    rules.add(both if bare_first else reversed(both))
    assert rules.codes == {"a.deny": None}
    assert [found.code for found in rules.by_package["a"]] == ["a.deny"]


def test_the_same_code_twice_is_an_error_across_sources() -> None:
    rules = RuleSet()
    rules.add([entry(annotated(short_name="x"))])
    with pytest.raises(PolicyError, match=r"\Afound a second rule with the same code: `a\.x`\Z"):
        rules.add([entry(annotated(short_name="x"))])


def test_unsupported_values_are_found_before_equal_codes() -> None:
    twice = entry(annotated(short_name="x"))
    with pytest.raises(PolicyError, match="unsupported value"):
        RuleSet().add([twice, twice, entry(Annotation("", unsupported="an unsupported value"))])


def test_unsupported_values_of_bare_helpers_do_not_matter() -> None:
    RuleSet().add([entry(Annotation("", unsupported="an unsupported value"), name="helper")])
    with pytest.raises(PolicyError, match="unsupported value"):
        RuleSet().add([entry(annotated(unsupported="an unsupported value"), name="helper")])
