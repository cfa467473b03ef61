"""Who may run the validator: a When of a scenario, so that readers see each run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ec_acceptance.testbed.scenario import servers
from ec_acceptance.testbed.scenario.hooks import before_step
from ec_acceptance.testbed.scenario.runs import Runs


@pytest.mark.parametrize("kind", ["given", "then"])
def test_only_a_when_runs_the_validator(kind: str) -> None:
    nothing = cast("Any", None)
    runs = Runs(nothing, nothing, {}, nothing)
    before_step(SimpleNamespace(world=SimpleNamespace(runs=runs)), SimpleNamespace(step_type=kind))
    with pytest.raises(servers.TestbedError, match="only a When"):
        runs.start([])
