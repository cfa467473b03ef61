"""behave's hooks, for the `environment.py` of any project: ``from ec_acceptance.environment import *``.

A hook of one's own calls ours: ``from ec_acceptance import environment``, then ``environment.before_scenario(…)``.
"""

from __future__ import annotations

from ec_acceptance.testbed.scenario.hooks import (
    after_all,
    after_scenario,
    after_step,
    before_all,
    before_scenario,
    before_step,
)

__all__ = ["after_all", "after_scenario", "after_step", "before_all", "before_scenario", "before_step"]
