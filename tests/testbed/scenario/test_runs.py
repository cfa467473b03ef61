"""Who may run the validator: a When of a scenario, so that readers see each run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ec_acceptance.testbed.scenario import world as worlds
from ec_acceptance.testbed.scenario.hooks import before_step


@pytest.mark.parametrize("kind", ["given", "then"])
def test_only_a_when_runs_the_validator(kind: str) -> None:
    world = worlds.World.__new__(worlds.World)
    before_step(SimpleNamespace(world=world), SimpleNamespace(step_type=kind))
    with pytest.raises(worlds.TestbedError, match="only a When"):
        world.start([])
