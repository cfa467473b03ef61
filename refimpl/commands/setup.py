"""Everything before the first component is judged: inputs, policy, keys and sources (specification 10 §1.2)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from refimpl.commands.snapshot import expand_indexes, index_workers, resolve_inputs
from refimpl.errors import Error, PolicyError, VerificationError, join_errors
from refimpl.kubernetes.cluster import Cluster
from refimpl.policy.config import Identity, decode_policy, resolve
from refimpl.policy.effective_time import EffectiveTime
from refimpl.policy.rule_data import with_extra_rule_data
from refimpl.policy.sources.fetcher import Fetcher
from refimpl.policy.sources.workspace import fetch_sources, pinned_policy
from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.command_line.options import Options
    from refimpl.commands.snapshot import Snapshot
    from refimpl.deadline import Deadline
    from refimpl.oci.client import Client
    from refimpl.policy.config import Policy
    from refimpl.policy.sources.fetcher import Fetched
    from refimpl.policy.sources.workspace import Workspace
    from refimpl.verify.keys import PublicKey
    from refimpl.verify.rekor import RekorClient
    from refimpl.verify.transparency_log import TransparencyLog

__all__ = ["Setup", "set_up"]


@record
class Setup:
    """What components are judged by; nothing of it changes any more.

    Attributes:
        snapshot: inputs merged, indexes expanded.
        policy: with all overrides, sources pinned.
        fetched: by pinned source URL.
        key: of the signer.
        log: demands log entries; None with ``--ignore-rekor``.
        cluster: for keys that rules name.
    """

    snapshot: Snapshot
    policy: Policy
    fetched: Mapping[str, Fetched]
    key: PublicKey
    log: TransparencyLog | None
    cluster: Cluster


@record
class _Resources:
    """What the steps share."""

    options: Options
    environ: Mapping[str, str]
    client: Client
    deadline: Deadline
    fetcher: Fetcher
    cluster: Cluster = field(init=False)

    def __post_init__(self) -> None:
        cluster = Cluster.from_environ(self.environ, kubeconfig=self.options.kubeconfig, deadline=self.deadline)
        object.__setattr__(self, "cluster", cluster)


def set_up(
    options: Options, environ: Mapping[str, str], *, client: Client, workspace: Workspace, deadline: Deadline
) -> Setup:
    """Resolve the inputs and, at the same time, the policy.

    Raises:
        Error: all that is wrong, input first, a line each (specification 10 §1.2).
    """
    fetcher = Fetcher(workspace.path, registry=client, environ=environ, deadline=deadline)
    resources = _Resources(options, environ, client, deadline, fetcher)
    pool = ThreadPoolExecutor(1, "inputs")
    try:
        inputs = pool.submit(_snapshot, resources)
        errors: list[Error] = []
        policy = snapshot = None
        try:
            policy = _policy(resources)
        except Error as error:
            errors.append(error)
        try:
            snapshot = inputs.result()
        except Error as error:
            errors.insert(0, error)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if options.vsa or options.vsa_upload:
        from refimpl.vsa.making import flag_errors

        errors += flag_errors(options)
    if policy is not None and snapshot is not None and not errors:
        chosen, fetched, key, log = policy
        return Setup(snapshot, chosen, fetched, key, log, resources.cluster)
    failure = join_errors(errors)
    assert failure is not None  # noqa: S101  # without a policy there is an error
    raise failure


def _snapshot(resources: _Resources) -> Snapshot:
    snapshot = resolve_inputs(resources.options, resources.cluster)
    return expand_indexes(snapshot, resources.client, index_workers(resources.environ))


def _policy(resources: _Resources) -> tuple[Policy, Mapping[str, Fetched], PublicKey, TransparencyLog | None]:
    options = resources.options
    document = resolve(options.policy, fetcher=resources.fetcher)
    identity = Identity(
        options.certificate_identity,
        options.certificate_identity_regexp,
        options.certificate_oidc_issuer,
        options.certificate_oidc_issuer_regexp,
    )
    policy = decode_policy(document, cluster=resources.cluster)
    policy = policy.overridden(rekor_url=options.rekor_url, public_key=options.public_key, identity=identity)
    chosen = EffectiveTime.chosen(
        options.effective_time, now=time.time_ns(), allow_past=options.allow_past_effective_time
    )
    policy = policy.at(chosen)
    key, log = _trust(resources, policy)
    fetched = fetch_sources(policy, resources.fetcher)
    policy = pinned_policy(policy, fetched)
    by_pinned = {source.pinned: source for source in fetched.values()}
    policy = with_extra_rule_data(
        policy, options.extra_rule_data, lambda text: resolve(text, fetcher=resources.fetcher)
    )
    return policy, by_pinned, key, log


def _trust(resources: _Resources, policy: Policy) -> tuple[PublicKey, TransparencyLog | None]:
    from refimpl.verify.keys import load_public_key

    environ = resources.environ
    key = load_public_key(policy.public_key, environ=environ, cluster=resources.cluster, deadline=resources.deadline)
    if resources.options.ignore_rekor:
        return key, None
    from refimpl.verify.transparency_log import TransparencyLog
    from refimpl.verify.trust import LogKeys

    client = _rekor(resources, policy.rekor_url) if policy.rekor_url else None
    return key, TransparencyLog(LogKeys.from_environ(environ), client)


def _rekor(resources: _Resources, url: str) -> RekorClient:
    from refimpl.http.transport import Transport
    from refimpl.verify.rekor import RekorClient

    try:
        return RekorClient(url, Transport(resources.environ, resources.deadline, user_agent="ec-ref"))
    except VerificationError as error:  # of the URL: nothing was verified yet
        raise PolicyError(str(error)) from None
