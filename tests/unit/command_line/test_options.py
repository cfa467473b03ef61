"""What flags become, and what is refused because it isn't carried out."""

from __future__ import annotations

import pytest

from refimpl.command_line.commands import VALIDATE_IMAGE
from refimpl.command_line.flags import parse_flags
from refimpl.command_line.options import TRACE_KINDS, Options, parse_trace
from refimpl.record import field_names


def _options(*arguments: str) -> Options:
    return Options.from_flags(parse_flags(VALIDATE_IMAGE, arguments).values)


def test_no_flags_give_the_defaults_of_the_class() -> None:
    assert _options() == Options()


def test_every_flag_but_help_and_the_deprecated_output_file_has_a_field() -> None:
    flags = {flag.name.replace("-", "_") for flag in VALIDATE_IMAGE.flags()} - {"help", "output_file"}
    assert flags == set(field_names(Options))


def test_values_arrive_in_their_fields() -> None:
    options = _options("-i", "img", "--extra-rule-data", "a=1,b=2", "--strict=false", "--timeout", "1m", "--workers=2")
    assert (options.image, options.extra_rule_data, options.strict) == ("img", ("a=1", "b=2"), False)
    assert (options.timeout, options.workers) == (60.0, 2)


def test_the_deprecated_output_file_comes_after_the_outputs() -> None:
    assert _options("-o", "x?y", "--output", "text").output == ("text", "json=x?y")
    assert _options("-o", "").output == ()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("none", ()),
        ("false", ()),
        ("true", ("log",)),
        ("1", ("log",)),
        ("", ("log",)),
        ("log", ("log",)),
        ("opa, LOG", ("log", "opa")),
        ("perf,,cpu", ("cpu", "log", "perf")),
        ("all", tuple(TRACE_KINDS)),
        ("all,none", ("perf", "cpu", "mem", "opa", "log")),
        ("none,all", ()),
        ("bogus", ()),
        ("bogus,mem", ("mem",)),
    ],
)
def test_the_words_of_trace(text: str, kinds: tuple[str, ...]) -> None:
    assert parse_trace(text) == frozenset(kinds)
    assert _options(f"--trace={text}").trace == frozenset(kinds)
