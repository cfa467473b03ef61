"""What people see of a run: a line for each scenario as it ends, and at the end what failed, feature by feature."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ec_acceptance.conformance.outcome import STATUSES, WRONG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ec_acceptance.conformance.outcome import Outcome, ScenarioResult
    from ec_acceptance.conformance.runner import Watcher
    from ec_acceptance.conformance.suite import Scenario

__all__ = [
    "describe",
    "harmless",
    "leave_terminal",
    "open_streams",
    "print_failures",
    "print_line",
    "print_profiles",
    "watching",
]

_QUIET = frozenset({"passed", "expected", "not-applicable"})
_SHOWN_LINES = 12
_SHOWN_COLUMNS = 400


def open_streams() -> None:
    """Let nothing that is printed end the run: characters that a terminal lacks are escaped, closed ones are lost."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_line(line: str) -> None:
    """Print a line, in which nothing is a command to the terminal: control characters are escaped.

    When nobody reads any more (``… | head``), what is printed is lost, and the run goes on: reports are to be written.
    """
    try:
        sys.stdout.write(f"{harmless(line)}\n")
        sys.stdout.flush()
    except OSError:
        _forget(sys.stdout)


def leave_terminal() -> None:
    """The terminal is gone: nothing more is printed to it."""
    for stream in (sys.stdout, sys.stderr):
        if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode):  # isatty() says no when it has been closed
            _forget(stream)


def _forget(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def describe(result: ScenarioResult) -> str:
    """One line for a scenario that has ended."""
    return f"{STATUSES[result.status].words:>7}  @{result.id}  {result.name}  ({result.seconds:.1f} s)"


@contextlib.contextmanager
def watching(count: int, scenarios: Mapping[str, Scenario]) -> Iterator[Watcher]:
    """Who shows a run while it lasts: lines, or on a terminal also how far it is.

    Args:
        count: of scenarios that will run.
        scenarios: all of them by location, for their names.
    """
    if not (sys.stdout.isatty() and os.environ.get("TERM") != "dumb"):
        yield _Lines()
        return
    from ec_acceptance.conformance.live import Live  # which takes its time, and isn't needed elsewhere

    with Live(count, scenarios) as live:
        yield live


class _Lines:
    """A line for each scenario."""

    def tell(self, line: str) -> None:
        """A line for people."""
        print_line(line)

    def begin(self, location: str) -> None:
        """It is named when it has ended."""

    def end(self, result: ScenarioResult) -> None:
        """One line for it."""
        print_line(describe(result))


def print_failures(outcome: Outcome, artifacts: Sequence[Path]) -> None:
    """All that didn't pass, by features, each with the step that failed and why; and what else went wrong."""
    odd = [result for result in outcome.results if result.status not in _QUIET]
    features = sorted({result.feature for result in odd})
    for feature in features:
        print_line(f"\n{feature}")
        for result in sorted((one for one in odd if one.feature == feature), key=lambda one: one.location):
            print_line(f"  {STATUSES[result.status].words}  @{result.id}  {result.name}  ({result.location})")
            if result.step:
                print_line(f"    {result.step}")
            for line in _shorten(result.message):
                print_line(f"    {line}")
    if odd:
        print_line("")
    for scenario in outcome.missing[:_SHOWN_LINES]:
        print_line(f"didn't run: @{scenario.id}  {scenario.name}  ({scenario.location})")
    if len(outcome.missing) > _SHOWN_LINES:
        print_line(f"didn't run: {len(outcome.missing) - _SHOWN_LINES} more")
    for line in outcome.unmet:
        print_line(f"failed  {line}")
    for problem in outcome.problems:
        print_line(f"problem: {problem}")
    wrong = [result for result in outcome.results if result.status in WRONG or result.status == "broken"]
    if artifacts and any(result.evidence for result in wrong):
        print_line(f"what the scenarios saw that didn't pass is kept in {', '.join(map(str, artifacts))}")
    elif artifacts and any(result.status in WRONG for result in wrong):
        print_line(f"what the scenarios saw that didn't pass can't be kept in {', '.join(map(str, artifacts))}")


def print_profiles(outcome: Outcome) -> None:
    """A line for each profile: what the run showed of it."""
    summaries = [one for one in outcome.profiles if any(one.counts.values()) or one.missing]
    width = max((len(one.name) for one in summaries), default=0)
    for one in summaries:
        counts = [f"{one.counts[name]} {STATUSES[name].words}" for name in STATUSES if one.counts.get(name)]
        counts += [f"{one.missing} didn't run"] if one.missing else []
        print_line(f"{one.name:<{width}}  {one.meaning}: {', '.join(counts)}")


def _shorten(message: str) -> list[str]:
    lines = [line if len(line) <= _SHOWN_COLUMNS else f"{line[:_SHOWN_COLUMNS]}…" for line in message.splitlines()]
    if len(lines) > _SHOWN_LINES:
        return [*lines[:_SHOWN_LINES], f"… and {len(lines) - _SHOWN_LINES} lines more"]
    return lines


def harmless(text: str) -> str:
    """The text with its control characters escaped."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else f"\\x{ord(character):02x}"
        for character in text
    )
