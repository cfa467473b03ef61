"""behave's hooks: services for the run, a world for each scenario."""

from __future__ import annotations

from ec_acceptance.environment import after_all, after_scenario, after_step, before_all, before_scenario, before_step

__all__ = ["after_all", "after_scenario", "after_step", "before_all", "before_scenario", "before_step"]
