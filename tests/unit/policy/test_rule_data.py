from __future__ import annotations

import pytest

from refimpl.errors import Error, PolicyError
from refimpl.policy.config import Policy, SourceGroup
from refimpl.policy.rule_data import with_extra_rule_data

TWO = Policy(sources=(SourceGroup(rule_data={"b": 12345678901234567890, "own": True}), SourceGroup()))


def plain(text: str) -> str:
    if text.startswith("bad"):
        raise PolicyError(f"no {text}")
    return f"<{text}>"


def refusal(policy: Policy, pairs: list[str]) -> str:
    with pytest.raises(Error) as told:
        with_extra_rule_data(policy, pairs, plain)
    return str(told.value)


def test_every_group_gets_the_texts_over_its_own_data() -> None:
    changed = with_extra_rule_data(TWO, ["a=1", "own=x=y", "e=", "=z", "a=2"], plain)
    extra = {"": "<z>", "a": "<2>", "e": "<>", "own": "<x=y>"}
    assert changed.sources[0].rule_data == {**extra, "b": 12345678901234567000}
    assert list(changed.sources[0].rule_data) == ["", "a", "b", "e", "own"]
    assert changed.sources[1].rule_data == extra


def test_without_pairs_nothing_changes() -> None:
    assert with_extra_rule_data(TWO, [], plain) is TWO


def test_errors_are_told_once_for_each_group() -> None:
    line = "unable to load data from extraRuleData: no bad\nincorrect syntax for --extra-rule-data 2"
    assert refusal(TWO, ["a=bad", "b=1", "c"]) == f"{line}\n{line}"


def test_without_groups_nothing_is_wrong() -> None:
    assert with_extra_rule_data(Policy(), ["a"], plain) == Policy()


def test_a_value_is_loaded_once_for_all() -> None:
    asked: list[str] = []

    def counting(text: str) -> str:
        asked.append(text)
        return text

    with_extra_rule_data(TWO, ["a=x", "b=x", "c=y"], counting)
    assert asked == ["x", "y"]


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    changed = with_extra_rule_data(TWO, ["a=\udcff"], lambda text: text)
    assert changed.sources[1].rule_data == {"a": "\ufffd"}
