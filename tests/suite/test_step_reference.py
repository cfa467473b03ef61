"""docs/steps.md is of today, and tells of every step."""

from __future__ import annotations

import step_reference

import features


def test_the_page_is_of_today() -> None:
    written = step_reference.PAGE.read_text(encoding="utf-8")
    assert written == step_reference.page(), "python tests/suite/step_reference.py writes it anew"


def test_each_step_has_an_entry_with_an_example() -> None:
    written = step_reference.PAGE.read_text(encoding="utf-8")
    features.load_steps()
    missing = [one.pattern for one in features.definitions() if f"`{one.pattern}`" not in written]
    assert missing == []
    assert written.count("\n### ") == written.count("```gherkin\n")
    assert "```gherkin\n\n```" not in written
