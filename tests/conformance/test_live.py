"""What is shown during a run: on a terminal, on one without colours, and elsewhere."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from ec_acceptance.conformance.live import Live
from ec_acceptance.conformance.outcome import ScenarioResult
from ec_acceptance.conformance.suite import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_COMMAND = [sys.executable, "-m", "ec_acceptance.conformance", "--registry", "embedded", "--no-check"]


def _on_terminal(words: list[str], environment: Mapping[str, str]) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    given = {**{name: value for name, value in os.environ.items() if name != "NO_COLOR"}, **environment}
    with subprocess.Popen([*_COMMAND, *words], stdout=theirs, stderr=theirs, env=given):
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux's end of a terminal
                break
            if not part:
                break
            seen += part
    os.close(ours)
    return seen.decode()


def test_a_terminal_shows_how_far_it_is_and_what_runs() -> None:
    seen = _on_terminal(["--only", "happy-02"], {"TERM": "xterm", "COLUMNS": "120"})
    assert "5/5" in seen
    assert "s  @happy-02" in seen
    assert "\x1b[" in seen
    assert "5 scenarios passed, 0 failed" in seen


def test_without_colours_there_are_none() -> None:
    seen = _on_terminal(["--only", "happy-01"], {"TERM": "xterm", "COLUMNS": "120", "NO_COLOR": "1"})
    assert "1/1" in seen
    assert "\x1b[3" not in seen


def test_a_terminal_that_can_do_nothing_gets_lines() -> None:
    seen = _on_terminal(["--only", "happy-01"], {"TERM": "dumb"})
    assert "\x1b" not in seen
    assert " passed  @happy-01" in seen


@pytest.mark.parametrize("status", ["failed", "hung", "broken", "passed"])
def test_what_goes_wrong_is_said_as_it_ends_and_is_harmless(status: str) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80, no_color=True, highlight=False, markup=False)
    scenario = Scenario("features/a.feature:3", "[red]x\x1b]0;owned\x07", ("a-01",))
    result = ScenarioResult(scenario.location, "A", scenario.name, scenario.tags, status, 1.0, "", "")
    with Live(1, {scenario.location: scenario}, console) as live:
        live.tell("registry: [bold]")
        live.begin(scenario.location)
        live.end(result)
    seen = stream.getvalue()
    assert "registry: [bold]" in seen
    assert "\x1b]" not in seen
    assert ("[red]x\\x1b]0;owned" in seen) == (status != "passed")


def test_elsewhere_it_is_lines(tmp_path: Path) -> None:
    words = ["--only", "happy-01", "--artifacts", str(tmp_path)]
    answer = subprocess.run([*_COMMAND, *words], capture_output=True, text=True, check=False)
    assert "\x1b" not in answer.stdout
    assert " passed  @happy-01" in answer.stdout
