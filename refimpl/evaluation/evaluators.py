"""The evaluators of a run: one for each source group of the policy (specification 10 §1.2 step 6)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from refimpl.evaluation.compilation import Sources
from refimpl.evaluation.evaluator import Evaluator
from refimpl.policy.data_config import data_config
from refimpl.rego.builtins import builtins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.policy.config import Policy
    from refimpl.policy.sources.fetcher import Fetched
    from refimpl.policy.sources.workspace import Workspace
    from refimpl.rego.builtins import Shared
    from refimpl.rego.engine import Engine

__all__ = ["create_evaluators"]


def create_evaluators(
    policy: Policy,
    fetched: Mapping[str, Fetched],
    *,
    key: str,
    ignore_rekor: bool,
    filter_type: str,
    trace: bool,
    workspace: Workspace,
    engine: Engine,
    shared: Shared,
) -> list[Evaluator]:
    """Begin to compile each group, and return before that is done.

    Args:
        policy: with all overrides.
        fetched: its sources, by the URLs that it names.
        key: the public key in PEM, for rules; empty without one.
        ignore_rekor: as rules are told.
        filter_type: of the command line; see `Evaluator.create`.
        trace: log each step of evaluation.
        workspace: for data documents of the run's own.
        engine: compiles and evaluates.
        shared: what the ``ec.*`` functions work with.

    Raises:
        PolicyError: the data documents cannot be written.
    """
    now = policy.effective_time.read(time.time_ns)
    configuration = data_config(policy, public_key=key, ignore_rekor=ignore_rekor, now=now)
    functions = builtins(shared)
    made = []
    for group in policy.sources:
        directories = workspace.directories(group, fetched, configuration)
        sources = Sources(
            inspected=directories.policy,
            policies=directories.compiled,
            data=directories.data,
            documents={"conftest/file": {"name": "input.json", "dir": str(workspace.path)}},
        )
        made.append(
            Evaluator.create(
                engine,
                group,
                sources,
                time_ns=now,
                configuration=policy.configuration,
                filter_type=filter_type,
                builtins=functions,
                trace=trace,
                opa=shared.environ.get("EC_USE_OPA") == "1",
                deadline=shared.deadline,
            )
        )
    return made
