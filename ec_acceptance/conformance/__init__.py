"""The runner around behave: shards that run at the same time, one report, exit statuses that mean something."""

from __future__ import annotations

from ec_acceptance.conformance.outcome import Outcome, ScenarioResult
from ec_acceptance.conformance.suite import Scenario, Suite

__all__ = ["Outcome", "Scenario", "ScenarioResult", "Suite"]
