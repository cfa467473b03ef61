"""All sentences of `docs/steps.md`, for a file in the `steps` of any project: ``from ec_acceptance.steps import *``.

They are registered with behave when this is imported. What a step of one's own needs is here too: `Context`, whose
`world` has everything (`ec_acceptance.testbed.scenario.world.World`), and the readers of tables.
"""

from __future__ import annotations

from pathlib import Path

from behave.runner_util import load_step_modules  # type: ignore[import-untyped]  # behave publishes no types

from ec_acceptance.testbed.scenario.behave_context import Context, arguments, pairs, rows

__all__ = ["Context", "arguments", "pairs", "rows"]


def _folder() -> Path:
    """In the installed package, or in the checkout that an editable installation is of."""
    package = Path(__file__).parent
    installed = package / "suite" / "steps"
    return installed if installed.is_dir() else package.parent / "steps"


load_step_modules([str(_folder())])
