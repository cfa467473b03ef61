"""Which command a command line means, and how it ends."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.conformance import cli
from ec_acceptance.conformance.errors import BrokenError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def _add(monkeypatch: pytest.MonkeyPatch, name: str, main: Callable[[argparse.Namespace], int], rest: str = "") -> None:
    module = ModuleType(f"of_{name}")
    module.add_arguments = lambda parser: parser.add_argument("--word")  # type: ignore[attr-defined]
    module.main = main  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(cli.COMMANDS, name, cli.Command(module.__name__, "for a test", rest))


def test_a_first_word_that_is_a_commands_name_chooses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[argparse.Namespace] = []

    def take(given: argparse.Namespace) -> int:
        seen.append(given)
        return 7

    _add(monkeypatch, "other", take, "program …")
    assert cli.main(["other", "--word", "w", "--", "program", "--", "--its-own"]) == 7
    assert (seen[0].word, seen[0].rest) == ("w", ["program", "--", "--its-own"])


@pytest.mark.parametrize("words", [["--list"], ["run", "--list"], ["features", "--list"]])
def test_without_a_name_it_is_run(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert cli.main([*words, "--tags", "@happy-01"]) == 0
    assert capsys.readouterr().out.startswith("@happy-01 ")


@pytest.mark.parametrize(("error", "status"), [(UsageError, 2), (BrokenError, 3), (KeyboardInterrupt, 5)])
def test_an_error_is_one_line_and_a_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: type[BaseException], status: int
) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise error("what is wrong\x1b")

    _add(monkeypatch, "other", fail)
    assert cli.main(["other"]) == status
    assert capsys.readouterr().out in {"Error: what is wrong\\x1b\n", "Error: interrupted\n"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["other", "--", "x"], "nothing may stand after --"),
        (["run", "--"], "after -- there must be validator …"),
        (["run", "--validator", "ec-ref", "--", "ec-ref"], "--validator and -- both name a validator"),
        (["nothing-of-this-name"], "there is no such command, feature or folder"),
    ],
)
def test_what_cannot_be_understood_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    _add(monkeypatch, "other", lambda _: 0)
    assert cli.main(words) == 2
    assert said in "".join(capsys.readouterr())


def test_help_names_all_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _add(monkeypatch, "other", lambda _: 0)
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {name} " in said for name in cli.COMMANDS)
