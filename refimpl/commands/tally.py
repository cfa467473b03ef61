"""What a run comes to, result by result: sums always, and the results themselves where the report needs them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from refimpl.errors import ComponentError, Error
from refimpl.golang import instant
from refimpl.ndjson.lines import Summary
from refimpl.redaction import without_secrets
from refimpl.report.model import Report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from refimpl.ndjson.lines import Found, Run
    from refimpl.report.model import ComponentResult


class Tally:
    """Takes what came of entries in any order.

    Args:
        run: what they have in common.
        keeps_results: whether `report` is asked for.
    """

    def __init__(self, run: Run, *, keeps_results: bool) -> None:
        self._run = run
        self._keeps_results = keeps_results
        self._results: dict[tuple[int, int], ComponentResult] = {}
        self._indexes: dict[str, tuple[str, ...]] = {}
        self._errors: dict[tuple[int, int], str] = {}
        self._faults: dict[tuple[int, int], str] = {}
        self._latest: tuple[tuple[int, int], int] | None = None
        self.entries = 0
        self.violations = self.warnings = self.successes = 0
        self.success = True

    def add(self, found: Found) -> None:
        """Count it."""
        self.entries += 1
        if isinstance(found.outcome, ComponentError):
            self.success = False
            self._errors[found.position, 0] = str(found.outcome)
        for part, outcome in enumerate(found.outcomes):
            place, result = (found.position, part), outcome.result
            self.success = self.success and result.success
            self.violations += result.violation_count
            self.warnings += result.warning_count
            self.successes += result.success_count
            if outcome.fault is not None:
                self._faults[place] = str(outcome.fault)
            nanoseconds = outcome.effective_time.nanoseconds
            if nanoseconds is not None and (self._latest is None or self._latest[0] < place):
                self._latest = place, nanoseconds
            if self._keeps_results:
                self._results[place] = result
                if outcome.images:
                    self._indexes[result.container_image] = outcome.images

    def effective_time(self, otherwise: str = "") -> str:
        """Of the run, else of the last component that has one, else the other one, or now."""
        if self._run.effective_time:
            return self._run.effective_time
        if self._latest is not None:
            return instant.format_rfc3339(self._latest[1])
        return otherwise or instant.format_rfc3339(time.time_ns())

    def summary(self, named_by: str, *, repeated: int, effective_time: str, finished: datetime) -> Summary:
        """The last line; `named_by` is the digest of the list or snapshot."""
        return Summary(
            input=named_by,
            entries=self.entries,
            repeated=repeated,
            success=self.success,
            violations=self.violations,
            warnings=self.warnings,
            successes=self.successes,
            effective_time=effective_time,
            finished=finished,
        )

    def report(self, effective_time: str, created: datetime) -> Report:
        """On all of it.

        Raises:
            ComponentError: some couldn't be judged, so there is none.
        """
        if self._errors:
            raise ComponentError(_join(self._errors))
        return Report(
            components=tuple(self._results[place] for place in sorted(self._results)),
            key=self._run.key,
            policy=self._run.policy,
            effective_time=effective_time,
            ec_version=self._run.ec_version,
            snapshot=without_secrets(self._run.snapshot),
            show_successes=self._run.show_successes,
            created=created,
            indexes=self._indexes,
        )

    def fault(self) -> Error | None:
        """What kept components from being judged, a line each."""
        if self._errors:
            return ComponentError(_join(self._errors))
        return Error(_join(self._faults)) if self._faults else None


def _join(texts: Mapping[tuple[int, int], str]) -> str:
    return "\n".join(text for _, text in sorted(texts.items()))
