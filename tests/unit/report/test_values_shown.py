"""What a result holds is what reports show, for any JSON."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import yaml
from hypothesis import given
from hypothesis import strategies as st
from nesting import nested
from reports import component, render, report

from refimpl.golang.jsontext import Number, loads
from refimpl.report.structured import describe_images
from refimpl.result import Result

MARKS = ('\x00number:0}},"success":true', "\x00date:2020-01-01", '"}\n{"success":true}', "<&>\u2028\x7f", "]]>", "1e5")
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(MARKS)
NUMBERS = st.sampled_from(["1.50", "1e40", "-0.5", "1E+2", "1e-7", "0.1e-999"]).map(Number)
VALUES = nested(
    st.none() | st.booleans() | TEXTS | st.integers() | NUMBERS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
)


@given(TEXTS, VALUES)
def test_all_formats_that_are_data_give_back_what_is_in_them(text: str, value: Any) -> None:
    result = Result(text, {"code": text, "term": text, "value": value})
    made = report(component(name=text, violations=(result,)))
    shown = loads(render("json", made))
    assert shown == describe_images(made)
    (one,) = shown["components"]
    assert (one["name"], one["violations"]) == (text, [result.to_json()])
    (one,) = yaml.load(render("yaml", made), _Loader)["components"]  # noqa: S506 - made of the safe one
    assert (one["name"], one["violations"][0]["msg"]) == (text, text)
    assert same(value, one["violations"][0]["metadata"]["value"])
    (one,) = json.loads(render("summary", made))["components"]
    assert (one["name"], one["violations"]) == (text, {text: [text]})
    assert json.loads(render("vsa", made))["summary"]["component_details"][0]["name"] == text
    (suite,) = ET.fromstring(render("junit", made))
    assert [case.find("failure") is not None for case in suite.iter("testcase")] == [True]


class _Loader(yaml.SafeLoader):
    """Reads plain texts as they stand: their types are the reader's business, and `same` looks at them."""


_Loader.yaml_implicit_resolvers = {}


def same(value: Any, shown: Any) -> bool:
    if isinstance(value, dict):
        return set(value) == set(shown) and all(same(item, shown[key]) for key, item in value.items())
    if isinstance(value, list):
        return len(value) == len(shown) and all(map(same, value, shown))
    if value is None or isinstance(value, bool):
        return bool(shown == {None: "null", True: "true", False: "false"}[value])
    if isinstance(value, str):
        return bool(shown == value)
    return float(shown) == float(value)
