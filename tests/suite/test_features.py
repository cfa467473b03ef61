"""Features can be read without a glossary: short Backgrounds, short rows, one meaning a sentence, an id a scenario."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict

import pytest
from behave.parser import parse_file  # type: ignore[import-untyped]

import features
from ec_acceptance.testbed.scenario.hooks import scenario_id

ROW = 160
BACKGROUND = 6


@pytest.fixture(scope="module", autouse=True)
def _steps() -> None:
    features.load_steps()


def test_no_row_of_a_table_is_long() -> None:
    """Long JSON stands in a file of `features/examples`, or in a text of its own."""
    lines = [(path, number, line) for path in features.files() for number, line in features.numbered(path)]
    long = [f"{path}:{number}" for path, number, line in lines if line.lstrip().startswith("|") and len(line) > ROW]
    assert lines
    assert long == []


def test_no_background_is_long() -> None:
    for path in features.files():
        text = path.read_text(encoding="utf-8")
        for background in re.findall(r"(?m)^ +Background:.*\n((?: {4,}\S.*\n)+)", text):
            assert len(background.splitlines()) <= BACKGROUND, f"the Background of {path} is long:\n{background}"


def test_a_sentence_of_an_outline_is_the_same_step_in_each_row() -> None:
    """A value is a value there, and never the step itself."""
    for path in features.files():
        for outline in parse_file(str(path)).walk_scenarios(with_outlines=True):
            for steps in itertools.zip_longest(*(row.steps for row in getattr(outline, "scenarios", ()))):
                definitions = {features.Sentence(step, outline).definition for step in steps}
                assert len(definitions) == 1, f"{steps[0].location}: rows mean different steps by one sentence"


def test_every_scenario_has_its_id() -> None:
    """One that is in no other outline."""
    found = defaultdict(set)
    for scenario in features.scenarios():
        name = scenario.name.partition(" -- @")[0]
        found[scenario_id(scenario.effective_tags)].add((scenario.filename, name if "<" in name else ""))
    assert {identity for identity, places in found.items() if len({file for file, _ in places}) > 1} == set()
