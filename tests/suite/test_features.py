"""Features can be read without a glossary: a sentence has one meaning, and a scenario its id."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pytest
from behave.parser import parse_file  # type: ignore[import-untyped]

import features
from ec_acceptance.testbed.scenario.hooks import scenario_id


@pytest.fixture(scope="module", autouse=True)
def _steps() -> None:
    features.load_steps()


def test_a_sentence_of_an_outline_is_the_same_step_in_each_row() -> None:
    """A value is a value there, and never the step itself."""
    for path in features.files():
        for outline in parse_file(str(path)).walk_scenarios(with_outlines=True):
            for steps in itertools.zip_longest(*(row.steps for row in getattr(outline, "scenarios", ()))):
                definitions = {features.Sentence(step, outline).definition for step in steps}
                assert len(definitions) == 1, f"{steps[0].location}: rows mean different steps by one sentence"


def test_every_step_is_said_somewhere() -> None:
    said = {features.place(sentence.definition) for sentence in features.sentences()}
    unsaid = {features.place(definition) for definition in features.definitions()} - said
    assert sorted(unsaid) == []


def test_every_scenario_has_its_id() -> None:
    """One that is in no other outline."""
    found = defaultdict(set)
    for scenario in features.scenarios():
        name = scenario.name.partition(" -- @")[0]
        found[scenario_id(scenario.effective_tags)].add((scenario.filename, name if "<" in name else ""))
    assert {identity for identity, places in found.items() if len({file for file, _ in places}) > 1} == set()


def test_scenarios_of_the_layer_cache_are_below_the_rule_of_their_point() -> None:
    for path in (features.FEATURES / "layer_cache").glob("*.feature"):
        feature = parse_file(str(path))
        assert feature.scenarios == [], f"{path}: scenarios without a rule"
        for rule in feature.rules:
            point = f"cache-{int(rule.name.split()[0]):02}"
            assert [one.name for one in rule.walk_scenarios() if point not in one.effective_tags] == [], rule.location


def test_examples_have_names_where_there_are_several() -> None:
    for path in features.files():
        for outline in parse_file(str(path)).walk_scenarios(with_outlines=True):
            examples = getattr(outline, "examples", ())
            assert len(examples) < 2 or all(one.name for one in examples), f"{outline.location}: name each Examples"
