"""How a tool is called."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ec_acceptance.conformance.puller.template import Template, TemplateError

_FOLDER, _CACHE = Path("/a folder/image"), Path("/cache/{ref}")


def test_placeholders_are_replaced_within_words_and_variables() -> None:
    template = Template.parse("MODE='{cache}/x y' python3 --to dir:{destination}:{{}} '{ref}'")
    words, variables = template.fill("host/name@sha256:0", _FOLDER, _CACHE)
    assert words[1:] == ["--to", f"dir:{_FOLDER}:{{}}", "host/name@sha256:0"]
    assert Path(words[0]).name == template.tool == "python3"
    assert variables == {"MODE": "/cache/{ref}/x y"}, "what was put in isn't looked at again"


def test_what_takes_a_placeholders_place_never_becomes_several_words() -> None:
    words, _ = Template.parse("python3 {ref} {destination}").fill("a b; 'c", _FOLDER, _CACHE)
    assert words[1:] == ["a b; 'c", str(_FOLDER)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("python3 '{ref} {destination}", "cannot be read: no closing quotation"),
        ("", "names no program"),
        ("A={ref} B={destination}", "names no program"),
        ("python3 {ref}", "lacks {destination}: a path at which there is nothing yet"),
        ("python3 {destination}", "lacks {ref}: the image, by digest"),
        ("python3 {ref} {destination} {image}", "no placeholder {image}: there are {ref}, {destination}, {cache}"),
        ("python3 {ref} {destination} {}", "no placeholder {}"),
        ("python3 {ref} {destination} {cache", "in '{cache' a brace stands alone: write {{"),
        ("python3 {ref} {destination} }", "write }} for a brace"),
        ("no-such-tool {ref} {destination}", "there is no program 'no-such-tool' to fetch images with"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(TemplateError) as told:
        Template.parse(text)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_program_may_be_named_by_a_path() -> None:
    assert Template.parse(f"{sys.executable} {{ref}} {{destination}}").words[0] == sys.executable
