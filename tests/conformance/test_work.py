"""Who of several processes runs which scenario, and when each begins."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.conformance import runner
from ec_acceptance.conformance.outcome import About
from ec_acceptance.conformance.runner import Run, _Work
from ec_acceptance.conformance.suite import Scenario, Suite

if TYPE_CHECKING:
    from ec_acceptance.conformance.outcome import ScenarioResult


class _Nobody:
    def tell(self, line: str) -> None: ...

    def begin(self, location: str) -> None: ...

    def end(self, result: ScenarioResult) -> None: ...


@pytest.mark.parametrize("taken", [0, 3])
def test_workers_beyond_the_processors_begin_if_something_is_left_then(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(runner, "_LOADING", 60.0 if taken else 0.0)
    scenarios = [Scenario(f"features/own.feature:{line}", "own", ()) for line in range(3)]
    about = About("own", 3, 3, "validator", "v1", "embedded")
    work = _Work(Run(Suite.installed(), scenarios, about, {}, "embedded", jobs=6), _Nobody())
    first, second, third = work.workers
    assert work.wants(first)
    asked = threading.Thread(target=lambda: found.append(work.wants(third)))
    found: list[bool] = []
    asked.start()
    assert [work.next_for(first) for _ in range(taken)] == scenarios[:taken]
    asked.join(30)
    assert found == [not taken]
    assert work.wants(second) == (not taken)
