"""The evaluators of a run: one for each source group of the policy (specification 10 §1.2 step 6)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.evaluation.compilation import Sources
from refimpl.evaluation.evaluator import Evaluator
from refimpl.policy.config import Identity
from refimpl.rego.builtins import builtins

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from refimpl.policy.config import Policy
    from refimpl.policy.sources.fetcher import Fetched
    from refimpl.policy.sources.workspace import Workspace
    from refimpl.rego.builtins import Shared
    from refimpl.rego.engine import Engine


class EvaluationOptions(Protocol):
    """What the command line says of evaluation."""

    @property
    def ignore_rekor(self) -> bool:
        """As rules are told."""

    @property
    def filter_type(self) -> str:
        """How rules are selected; see `Evaluator.create`."""

    @property
    def trace(self) -> Collection[str]:
        """With ``opa`` among them each step is logged."""


def create_evaluators(
    policy: Policy,
    fetched: Mapping[str, Fetched],
    *,
    key: str,
    options: EvaluationOptions,
    workspace: Workspace,
    engine: Engine,
    shared: Shared,
    now: int | None = None,
) -> list[Evaluator]:
    """Begin to compile each group, and return before that is done.

    Args:
        policy: with all overrides.
        fetched: its sources, by the URLs that it names.
        key: the public key in PEM, for rules; empty without one.
        options: of the command line.
        workspace: for data documents of the run's own.
        engine: compiles and evaluates.
        shared: what the ``ec.*`` functions work with.
        now: nanoseconds, where the policy names no time; None for this moment.

    Raises:
        PolicyError: the data documents cannot be written.
    """
    time_ns = policy.effective_time.read(lambda: time.time_ns() if now is None else now)
    functions = builtins(shared)
    sources = write_sources(
        policy, fetched, key=key, ignore_rekor=options.ignore_rekor, workspace=workspace, now=time_ns
    )
    return [
        Evaluator.create(
            engine,
            group,
            files,
            time_ns=time_ns,
            configuration=policy.configuration,
            filter_type=options.filter_type,
            builtins=functions,
            trace="opa" in options.trace,
            opa=shared.environ.get("EC_USE_OPA") == "1",
            deadline=shared.deadline,
        )
        for group, files in zip(policy.sources, sources, strict=True)
    ]


def write_sources(
    policy: Policy,
    fetched: Mapping[str, Fetched],
    *,
    key: str,
    ignore_rekor: bool,
    workspace: Workspace,
    now: int,
) -> list[Sources]:
    """Where the files of each source group are, with data documents of the run's own; see `create_evaluators`.

    What is written once isn't written again.

    Raises:
        PolicyError: the data documents cannot be written.
    """
    time_ns = policy.effective_time.read(lambda: now)
    configuration = data_config(policy, public_key=key, ignore_rekor=ignore_rekor, now=time_ns)
    documents = {"conftest/file": {"name": "input.json", "dir": str(workspace.path)}}
    found = [workspace.directories(group, fetched, configuration) for group in policy.sources]
    return [Sources(one.policy, one.compiled, one.data, documents) for one in found]


def data_config(policy: Policy, *, public_key: str, ignore_rekor: bool, now: int) -> dict[str, Any]:
    """``data.config``: what rules learn of the run's own configuration (specification 11 §4.6).

    Args:
        policy: with its overrides.
        public_key: PEM text of the loaded key; empty without one.
        ignore_rekor: whether the transparency log isn't asked.
        now: the effective time in nanoseconds since the epoch; the current time where attestations fix it.
    """
    signer = policy.keyless or Identity()
    return {
        "default_sigstore_opts": {
            "certificate_identity": signer.subject,
            "certificate_identity_regexp": signer.subject_regexp,
            "certificate_oidc_issuer": signer.issuer,
            "certificate_oidc_issuer_regexp": signer.issuer_regexp,
            "ignore_rekor": ignore_rekor,
            "public_key": public_key,
            "rekor_url": policy.rekor_url,
        },
        "policy": {"when_ns": now},
    }
