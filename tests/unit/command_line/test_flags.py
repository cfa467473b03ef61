"""The command line's rules, on the real declarations; texts recorded from the real command."""

from __future__ import annotations

import subprocess
import sys

import pytest

from refimpl.command_line import commands
from refimpl.command_line.flags import (
    Command,
    UnknownCommandError,
    find_command,
    help_text,
    parse_flags,
    reject_arguments,
    suggestions,
)
from refimpl.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--image"], "flag needs an argument: --image"),
        (["-i"], "flag needs an argument: 'i' in -i"),
        (["-ix", "-p"], "flag needs an argument: 'p' in -p"),
        (["-sp"], "flag needs an argument: 'p' in -p"),
        (["--nope"], "unknown flag: --nope"),
        (["--nope=x"], "unknown flag: --nope"),
        (["--Strict"], "unknown flag: --Strict"),
        (["--no-strict"], "unknown flag: --no-strict"),
        (["-z"], "unknown shorthand flag: 'z' in -z"),
        (["-szx"], "unknown shorthand flag: 'z' in -zx"),
        (["-=x"], "unknown shorthand flag: '=' in -=x"),
        (["--=x"], "bad flag syntax: --=x"),
        (["---x"], "bad flag syntax: ---x"),
        (
            ["--strict=maybe"],
            'invalid argument "maybe" for "-s, --strict" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
        (
            ["-s=maybe"],
            'invalid argument "maybe" for "-s, --strict" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
        (
            ["--ignore-rekor=maybe"],
            'invalid argument "maybe" for "--ignore-rekor" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
        (["--strict", "maybe", "--nope"], "unknown flag: --nope"),
        (
            ["--workers=abc"],
            'invalid argument "abc" for "--workers" flag: strconv.ParseInt: parsing "abc": invalid syntax',
        ),
        (["--timeout", "x"], 'invalid argument "x" for "--timeout" flag: time: invalid duration "x"'),
        (
            ["--extra-rule-data", 'b={"x":1}'],
            (
                'invalid argument "b={\\"x\\":1}" for "--extra-rule-data" flag: '
                'parse error on line 1, column 4: bare " in non-quoted-field'
            ),
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_named(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_flags(commands.VALIDATE_IMAGE, arguments)
    assert str(caught.value) == message


def test_flags_are_parsed_in_all_their_forms() -> None:
    parsed = parse_flags(
        commands.VALIDATE_IMAGE,
        ["word", "--image=a=b", "-p", "pol", "-kkey", "-r=url", "-s=false", "--info", "false", "--debug=0", "--", "-x"],
    )
    values = parsed.values
    assert (values["image"], values["policy"], values["public-key"], values["rekor-url"]) == (
        "a=b",
        "pol",
        "key",
        "url",
    )
    assert (values["strict"], values["info"], values["debug"]) == (False, True, False)
    assert parsed.arguments == ["word", "false", "-x"]
    assert parsed.given == {"image", "policy", "public-key", "rekor-url", "strict", "info", "debug"}


def test_defaults_stand_for_what_is_not_given() -> None:
    values = parse_flags(commands.VALIDATE_IMAGE, []).values
    assert (values["strict"], values["show-warnings"], values["show-successes"]) == (True, True, False)
    assert (values["workers"], values["retry-max-retry"], values["timeout"]) == (5, 3, 300.0)
    assert (values["effective-time"], values["trace"], values["output"]) == ("now", "none", [])
    assert not parse_flags(commands.VALIDATE_IMAGE, []).given


def test_lists_grow_with_every_occurrence_and_leave_the_declaration_alone() -> None:
    for _ in range(2):
        values = parse_flags(
            commands.VALIDATE_IMAGE, ["--output", "json,yaml=f", "--output", "", "--output=text"]
        ).values
        assert values["output"] == ["json", "yaml=f", "text"]


def test_a_flag_given_bare_takes_its_own_value_and_no_word() -> None:
    parsed = parse_flags(commands.VALIDATE_IMAGE, ["--trace", "perf"])
    assert (parsed.values["trace"], parsed.arguments) == ("log", ["perf"])
    assert parse_flags(commands.VALIDATE_IMAGE, ["--trace=perf"]).values["trace"] == "perf"


def test_the_last_of_several_values_counts() -> None:
    assert parse_flags(commands.VALIDATE_IMAGE, ["-i", "a", "--image", "b"]).values["image"] == "b"


@pytest.mark.parametrize(
    ("arguments", "path", "rest"),
    [
        ([], "ec-ref", []),
        (["version"], "ec-ref version", []),
        (["validate", "image", "-s"], "ec-ref validate image", ["-s"]),
        (["--image", "x", "validate", "image"], "ec-ref validate image", ["--image", "x"]),
        (["--debug", "validate", "--timeout", "5m", "image"], "ec-ref validate image", ["--debug", "--timeout", "5m"]),
        (["--trace", "validate", "image"], "ec-ref validate image", ["--trace"]),
        (["--image=validate", "version"], "ec-ref version", ["--image=validate"]),
        (["-x", "a", "version"], "ec-ref version", ["-x", "a"]),
        (["-xy", "version"], "ec-ref version", ["-xy"]),
        (["validate", "bogus", "--help"], "ec-ref validate", ["bogus", "--help"]),
        (["validate", "help", "image"], "ec-ref validate image", ["--help"]),
        (["validate", "--", "image"], "ec-ref validate", ["--", "image"]),
        (["--timeout", "version"], "ec-ref", ["--timeout", "version"]),
        (["validate", "image", "validate"], "ec-ref validate image", ["validate"]),
        (["help", "validate", "image"], "ec-ref validate image", ["--help"]),
        (["help"], "ec-ref", ["--help"]),
    ],
)
def test_the_command_is_found_between_flags(arguments: list[str], path: str, rest: list[str]) -> None:
    command, left = find_command(commands.ROOT, arguments)
    assert (command.path, left) == (path, rest)


def test_an_unknown_command_is_named_with_a_hint() -> None:
    with pytest.raises(UnknownCommandError) as caught:
        find_command(commands.ROOT, ["bogus"])
    assert str(caught.value) == 'unknown command "bogus" for "ec-ref"'
    assert caught.value.hint == "Run 'ec-ref --help' for usage."


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("validat", ["validate"]),
        ("VALID", ["validate"]),
        ("verzjon", ["version"]),
        ("v", ["validate", "version"]),
        ("verz", []),
        ("image", []),
    ],
)
def test_commands_that_may_have_been_meant(word: str, meant: list[str]) -> None:
    assert suggestions(word, commands.ROOT) == meant


@pytest.mark.parametrize("command", [commands.VERSION, commands.VALIDATE_IMAGE, commands.INSPECT_POLICY])
def test_words_are_refused_where_no_flag_takes_them(command: Command) -> None:
    with pytest.raises(UnknownCommandError) as caught:
        reject_arguments(command, parse_flags(command, ["--debug", "x"]))
    assert str(caught.value) == f'unknown command "x" for "{command.path}"'


def test_validate_input_takes_words() -> None:
    reject_arguments(commands.VALIDATE_INPUT, parse_flags(commands.VALIDATE_INPUT, ["x"]))


@pytest.mark.parametrize(
    "command", [commands.ROOT, commands.VALIDATE, commands.VALIDATE_IMAGE, commands.VERSION], ids=lambda one: one.path
)
def test_the_help_names_every_flag_and_child(command: Command) -> None:
    lines = help_text(command).split("\n")
    assert lines[-1] == ""
    assert max(map(len, lines)) < 160
    for flag in command.flags():
        start = f"  -{flag.short}, --{flag.name}" if flag.short else f"      --{flag.name}"
        assert [line for line in lines if line.startswith(start + " ")], flag.name
    for child in command.children:
        assert [line for line in lines if line.startswith(f"  {child.name} ")], child.name


def test_no_two_flags_of_a_command_share_a_name() -> None:
    for command in (commands.ROOT, commands.VALIDATE, commands.VALIDATE_IMAGE, commands.VERSION):
        names = [flag.name for flag in command.flags()] + [flag.short for flag in command.flags() if flag.short]
        assert len(names) == len(set(names)), command.path


def test_the_command_line_loads_no_heavy_module() -> None:
    program = (
        "import sys; before = set(sys.modules); import refimpl.command_line.commands, refimpl.command_line.version; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"dataclasses", "logging", "json", "inspect", "importlib.metadata", "subprocess", "pathlib", "tempfile"}
    assert heavy.isdisjoint(done.stdout.split())
