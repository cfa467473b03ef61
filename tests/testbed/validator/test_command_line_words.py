"""The splitting rule of the run step, case by case."""

from __future__ import annotations

import pytest

from ec_acceptance.testbed.validator.command_line import CommandLineError, expand, split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("validate image", ["validate", "image"]),
        ("  a \t b  ", ["a", "b"]),
        ('--json-input {"a":1} --x', ["--json-input", '{"a":1}', "--x"]),
        ('{"a": [1, {"b": 2}], "c": "x y"}', ['{"a": [1, {"b": 2}], "c": "x y"}']),
        ('{"text": "} and ] and \\" and { "} next', ['{"text": "} and ] and \\" and { "}', "next"]),
        ('["${A}", "b"] c', ['["${A}", "b"]', "c"]),
        ('--json-input={"a": "b c"} d', ['--json-input={"a": "b c"}', "d"]),
        ("-j={} d", ["-j={}", "d"]),
        ("${REKOR} ${A}/x", ["${REKOR}", "${A}/x"]),
        ("'a b' \"c d\" e\\ f", ["a b", "c d", "e f"]),
        ("--policy '{\"sources\": []}'", ["--policy", '{"sources": []}']),
        ("x{y} --a=b{c}", ["x{y}", "--a=b{c}"]),
        ("--empty ''", ["--empty", ""]),
        ('a"b c"d', ["ab cd"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert split(text) == words


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('{"a": 1', "isn't closed"),
        ('{"a": [1}', "don't match"),
        ('{"a": "b', "string of the JSON isn't closed"),
        ('{"a":1}x', "a blank is missing"),
        ("'a", "a quote isn't closed"),
        ("a\\", "a\\"),
    ],
)
def test_what_is_no_command_line_is_an_error(text: str, cause: str) -> None:
    with pytest.raises(CommandLineError) as error:
        split(text)
    assert cause in str(error.value)


def test_variables_are_replaced_once() -> None:
    assert expand("${A}/x?${B}", {"A": "${B}", "B": "2"}) == "${B}/x?2"


def test_an_unknown_variable_is_named_with_those_that_exist() -> None:
    with pytest.raises(CommandLineError, match=r"no variable \$\{C\} here; there are: A, B"):
        expand("${C}", {"B": "", "A": ""})
