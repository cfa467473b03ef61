"""Whatever names and rules say, each format that is JSON is what its schema says."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from reports import RESULTS, WORDS, component, report

from refimpl import schemas
from refimpl.golang.utf8 import replace_surrogates
from refimpl.record import replace
from refimpl.report.formats import FORMATS, INPUT_FORMATS
from refimpl.report.model import TextOptions
from refimpl.report.vsa import component_predicate

if TYPE_CHECKING:
    from refimpl.report.model import ComponentResult, Report

_EXAMPLES = 25  # a report is large, and each is held against a schema
_COMPONENTS = st.builds(
    component,
    WORDS,
    WORDS,
    violations=RESULTS,
    warnings=RESULTS,
    successes=RESULTS,
    source=st.just({}) | WORDS.map(lambda url: {"git": {"url": url}}),
    signatures=st.just(()) | WORDS.map(lambda sig: ({"keyid": "", "sig": sig, "metadata": {"Issuer": sig}},)),
)
_REPORTS = st.builds(
    report,
    _COMPONENTS,
    _COMPONENTS,
    show_successes=st.booleans(),
    show_warnings=st.booleans(),
    snapshot=WORDS,
)


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schemas.read(name)))


def _check(name: str, shown: str | bytes) -> None:
    text = replace_surrogates(shown) if isinstance(shown, str) else shown
    assert [error.message for error in _validator(name).iter_errors(json.loads(text))] == []


@pytest.mark.parametrize("name", ["json", "summary", "appstudio", "vsa"])
@settings(max_examples=_EXAMPLES)
@given(shown=_REPORTS)
def test_reports_on_images(name: str, shown: Report) -> None:
    _check("validate-image" if name == "json" else f"validate-image-{name}", FORMATS[name](shown, TextOptions()))


@pytest.mark.parametrize("name", ["json", "summary"])
@settings(max_examples=_EXAMPLES)
@given(shown=_REPORTS)
def test_reports_on_files(name: str, shown: Report) -> None:
    whole = replace(shown, key="")
    _check("validate-input" if name == "json" else "validate-input-summary", INPUT_FORMATS[name](whole, TextOptions()))


@settings(max_examples=_EXAMPLES)
@given(one=_COMPONENTS, other=_COMPONENTS)
def test_predicates_of_summaries(one: ComponentResult, other: ComponentResult) -> None:
    whole = report(one, other)
    _check("vsa-predicate", json.dumps(component_predicate(whole, one, policy_source="policy.yaml")))


@pytest.mark.parametrize("name", ["json", "summary", "appstudio", "vsa"])
def test_reports_on_nothing(name: str) -> None:
    _check("validate-image" if name == "json" else f"validate-image-{name}", FORMATS[name](report(), TextOptions()))
