"""Reports can be read whatever is in them: what formats take for their own, and what they have no way to write."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from reports import component, render, report

from refimpl.golang.utf8 import replace_surrogates
from refimpl.report.formats import INPUT_FORMATS
from refimpl.report.model import TextOptions
from refimpl.result import Result

if TYPE_CHECKING:
    from refimpl.report.model import Report

_CONTROLS = [chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))]
_BREAKS = ["\u0085", "\u2028", "\u2029", "\r\n", "\n", "\n\n"]
_NONE = ["\ufeff", "\ufffe", "\uffff", "\ud800", "\udcff", "\udfff", "\U0010ffff"]
_SYNTAX = [*":-#'\"\\|>%@&*!?[]{},<", "]]>", "- ", ": ", " #", "---", "...", "&#x1;", " ", "a", "\U0001f600"]
ODD = st.lists(st.sampled_from([*_CONTROLS, *_BREAKS, *_NONE, *_SYNTAX]), max_size=6).map("".join)


def _report_of(text: str) -> Report:
    """A report that has the text in all places."""
    result = Result(text, {"code": text, "term": [text], text: text})
    signature = {"keyid": text, "sig": text, "metadata": {text: text}}
    return report(component(name=text, violations=(result,), signatures=(signature,)))


class _Loader(yaml.SafeLoader):
    """Reads each scalar as the text that it is."""


_Loader.yaml_implicit_resolvers = {}


@settings(max_examples=300)
@given(ODD)
def test_yaml_gives_back_what_was_said(text: str) -> None:
    shown = replace_surrogates(text)
    (one,) = yaml.load(render("yaml", _report_of(text)), _Loader)["components"]  # noqa: S506 - made of the safe one
    (violation,) = one["violations"]
    (signature,) = one["signatures"]
    assert (one["name"], violation["msg"], violation["metadata"][shown]) == (shown, shown, shown)
    assert signature == {"keyid": shown, "sig": shown, "metadata": {shown: shown}}
    (file,) = yaml.load(str(INPUT_FORMATS["yaml"](_report_of(text), TextOptions())), _Loader)["filepaths"]  # noqa: S506
    assert (file["filepath"], file["violations"][0]["msg"]) == (shown, shown)


@settings(max_examples=300)
@given(ODD)
def test_junit_gives_back_what_xml_can_say(text: str) -> None:
    shown = "".join(character if _is_in_xml(character) else "\ufffd" for character in text)
    suites = ET.fromstring(render("junit", _report_of(text)).encode())
    (failure,) = suites.iter("failure")
    assert failure.get("message") == shown
    assert (failure.text or "") == shown.replace("\r\n", "\n").replace("\r", "\n")  # as each reader of XML has it
    assert {one.get("name"): one.get("value") for one in suites.iter("property")}[f"metadata.{shown}"] == shown


def _is_in_xml(character: str) -> bool:
    """XML 1.0 §2.2."""
    code = ord(character)
    return character in "\t\n\r" or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF


@pytest.mark.parametrize("name", ["json", "yaml", "summary", "sarif", "text"])
@pytest.mark.parametrize("text", ["\udcff", "\ud800x", "\x00", "\x1b[2J", "\u2028"])
def test_no_format_of_files_fails_for_a_name(name: str, text: str) -> None:
    assert INPUT_FORMATS[name](_report_of(text), TextOptions())
