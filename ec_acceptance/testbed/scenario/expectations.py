"""What one scenario compares: outputs with stored snapshots, and errors with their texts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from ec_acceptance.testbed.errors import InputError
from ec_acceptance.testbed.expect.report import load_exact_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from ec_acceptance.testbed.expect.redactions import Redactions
    from ec_acceptance.testbed.expect.snapshots import FeatureSnapshots
    from ec_acceptance.testbed.scenario.runs import Runs

__all__ = ["Expectations"]


class Expectations:
    """Demands on the newest run: each method raises an AssertionError that shows what was found.

    Args:
        runs: of the scenario.
        redactions: the values that differ from run to run.
        snapshots: of the scenario's feature.
        key: the scenario's id, without the row of an outline; entries of `snapshots` begin with it. Empty: it has
            none, and so no snapshots.
        substitute: replaces `${…}` in a text of the scenario.
    """

    def __init__(
        self,
        runs: Runs,
        redactions: Redactions,
        snapshots: FeatureSnapshots,
        key: str,
        substitute: Callable[[str], str],
    ) -> None:
        self._runs = runs
        self._redactions = redactions
        self._snapshots = snapshots
        self._key = key
        self._substitute = substitute

    def match_snapshot(self, stream: str, kind: str) -> None:
        """Compare standard output with a snapshot.

        Args:
            stream: the entry's name after the scenario's id.
            kind: `json` and `yaml` are compared as data, anything else as text.
        """
        self.match_value(stream, self._parse(self._runs.last.out, kind))

    def match_snapshot_of_lines(self, stream: str) -> None:
        """Compare standard output, a JSON document a line, with a snapshot; the order of lines doesn't count."""
        last = self._runs.last
        try:
            lines = [load_exact_json(line) for line in last.out.splitlines()]
        except ValueError as error:
            raise AssertionError(f"a line is no JSON: {error}\n{last.describe()}") from None
        assert lines, f"standard output is empty:\n{last.describe()}"
        self.match_value(stream, sorted((self._redactions.redact_document(line, last) for line in lines), key=repr))

    def redact_seconds(self) -> None:
        """Redact the seconds of the newest run as `<second>`, as summaries write them: date and time, or a number.

        Dates may be of the machine's time zone or of UTC.
        """
        last = self._runs.last
        for second in range(int(last.started), int(last.ended) + 1):
            self._redactions.add("second", str(second))
            for moment in (datetime.fromtimestamp(second, UTC), datetime.fromtimestamp(second, UTC).astimezone()):
                self._redactions.add("second", moment.strftime("%Y-%m-%d %H:%M:%S"))

    def redact(self, output: bytes) -> str:
        """An output with this run's values and times replaced; they differ between two targets of one run."""
        return self._redactions.redact_text(output.decode())

    def failure(self, text: str, *, fatal: bool = False) -> None:
        """Demand that the newest run ended with exactly this error and printed nothing else.

        Args:
            text: after `Error: `; `${…}` is replaced, and `…` stands for anything, in the words of a foreign library.
            fatal: also demand the log line of errors in the command line.
        """
        last, wanted = self._runs.last, self._substitute(text)
        assert last.status == 1, f"the exit status is {last.status}, not 1:\n{last.describe()}"
        assert not last.out, f"standard output isn't empty:\n{last.describe()}"
        for trace in ("Traceback (most recent call last)", "panic: "):
            assert trace not in last.err, f"a trace of the program's inside:\n{last.describe()}"
        said = "".join(line for line in last.err.splitlines(keepends=True) if not line.startswith('time="'))
        assert re.fullmatch(_pattern(f"Error: {wanted}\n"), said, re.DOTALL), (
            f"the error isn't\n    {wanted}\n{last.describe()}"
        )
        if fatal:
            quoted = json.dumps(f"error executing command: {wanted}", ensure_ascii=False)
            line = _pattern(f"level=fatal msg={quoted}")
            assert re.search(line, last.err), f"no log line of level fatal:\n{last.describe()}"

    def match_value(self, name: str, value: Any) -> None:
        """Compare anything with a snapshot; `name` is the entry's after the scenario's id."""
        if not self._key:
            raise InputError("a scenario needs exactly one id among its tags, such as @release-01, to have a snapshot")
        difference = self._snapshots.compare(f"{self._key} {name}", value)
        assert difference is None, f"{difference}\n{self._runs.last.describe()}"

    def _parse(self, output: str, kind: str) -> Any:
        if kind not in {"json", "yaml"}:
            return self._redactions.redact_text(output)
        last = self._runs.last
        try:
            document = load_exact_json(output) if kind == "json" else yaml.safe_load(output)
        except (ValueError, yaml.YAMLError) as error:
            raise AssertionError(f"the output is no {kind}: {error}\n{last.describe()}") from None
        return self._redactions.redact_document(document, last)


def _pattern(text: str) -> str:
    """A regular expression for the text, in which `…` stands for anything."""
    return ".*".join(re.escape(part) for part in text.split("…"))
