"""Everything before the first component is judged: inputs, policy, keys and sources (specification 10 §1.2)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from refimpl.commands.snapshot import Snapshot, expand_indexes, index_workers, resolve_inputs
from refimpl.errors import Error, PolicyError, VerificationError, join_errors
from refimpl.kubernetes.cluster import Cluster
from refimpl.policy.config import Identity, decode_policy, resolve
from refimpl.policy.effective_time import EffectiveTime
from refimpl.policy.rule_data import with_extra_rule_data
from refimpl.policy.sources.workspace import fetch_sources, pinned_policy
from refimpl.record import record
from refimpl.report.outcome import Kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.command_line.options import Options
    from refimpl.deadline import Deadline
    from refimpl.oci.client import Client
    from refimpl.policy.config import Policy
    from refimpl.policy.sources.fetcher import Fetched, Fetcher
    from refimpl.policy.sources.workspace import Workspace
    from refimpl.rego.host import Host
    from refimpl.verify.keyless import KeylessSigner
    from refimpl.verify.keys import PublicKey
    from refimpl.verify.rekor import RekorClient
    from refimpl.verify.roots import Roots
    from refimpl.verify.transparency_log import TransparencyLog


@record
class Services:
    """What a run works with.

    Attributes:
        environ: of the process.
        host: evaluates rules.
        client: asks registries.
        workspace: holds sources.
        deadline: ends it all.
        roots: whom to trust.
    """

    environ: Mapping[str, str]
    host: Host
    client: Client
    workspace: Workspace
    deadline: Deadline
    roots: Roots


@record
class Setup:
    """What components are judged by; nothing of it changes any more.

    Attributes:
        snapshot: inputs merged, indexes expanded.
        policy: with all overrides, sources pinned.
        fetched: by pinned source URL.
        signer: of images and attestations: a public key, or an identity.
        log: demands log entries; None with ``--ignore-rekor``.
        cluster: for keys that rules name.
        listed: whether a list names the images: each of them is a snapshot of its own, and this one is empty.
        kept: of each outcome.
        count: how many images there will be at least; None for those of the snapshot.
    """

    snapshot: Snapshot
    policy: Policy
    fetched: Mapping[str, Fetched]
    signer: PublicKey | KeylessSigner
    log: TransparencyLog | None
    cluster: Cluster
    listed: bool = False
    kept: Kept = Kept()
    count: int | None = None

    @property
    def size(self) -> int:
        """How many images there will be, at least."""
        return len(self.snapshot.components) if self.count is None else self.count

    @property
    def key(self) -> str:
        """The signer's public key in PEM; empty in the keyless workflow."""
        from refimpl.verify.keys import PublicKey

        return self.signer.pem if isinstance(self.signer, PublicKey) else ""


@record
class _Resources:
    """What the steps share."""

    options: Options
    services: Services
    fetcher: Fetcher
    cluster: Cluster
    listed: bool


def set_up(options: Options, services: Services, *, listed: bool) -> Setup:
    """Resolve the inputs and, at the same time, the policy. A list that names the images isn't read.

    Raises:
        Error: all that is wrong, input first, a line each (specification 10 §1.2).
    """
    cluster = Cluster(services.environ, kubeconfig=options.kubeconfig, deadline=services.deadline)
    with services.workspace.fetcher(services.client, services.deadline) as fetcher:
        return _set_up(_Resources(options, services, fetcher, cluster, listed))


def _set_up(resources: _Resources) -> Setup:
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
    if resources.options.vsa or resources.options.vsa_upload:
        from refimpl.vsa.making import flag_errors

        errors += flag_errors(resources.options)
    if policy is not None and snapshot is not None and not errors:
        chosen, fetched, signer, log = policy
        return Setup(snapshot, chosen, fetched, signer, log, resources.cluster, resources.listed)
    failure = join_errors(errors)
    assert failure is not None  # noqa: S101  # without a policy there is an error
    raise failure


def _snapshot(resources: _Resources) -> Snapshot:
    if resources.listed:
        return Snapshot()
    snapshot = resolve_inputs(resources.options, resources.cluster)
    return expand_indexes(snapshot, resources.services.client, index_workers(resources.services.environ))


def _policy(
    resources: _Resources,
) -> tuple[Policy, Mapping[str, Fetched], PublicKey | KeylessSigner, TransparencyLog | None]:
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
    chosen = EffectiveTime.choose(
        options.effective_time, now=time.time_ns(), allow_past=options.allow_past_effective_time
    )
    policy = policy.at(chosen)
    signer, log = _trust(resources, policy)
    fetched = fetch_sources(policy, resources.fetcher)
    policy = pinned_policy(policy, fetched)
    by_pinned = {source.pinned: source for source in fetched.values()}
    policy = with_extra_rule_data(
        policy, options.extra_rule_data, lambda text: resolve(text, fetcher=resources.fetcher)
    )
    return policy, by_pinned, signer, log


def _trust(resources: _Resources, policy: Policy) -> tuple[PublicKey | KeylessSigner, TransparencyLog | None]:
    signer = _signer(resources, policy)
    if resources.options.ignore_rekor:
        return signer, None
    from refimpl.verify.transparency_log import TransparencyLog

    client = _rekor(resources, policy.rekor_url) if policy.rekor_url else None
    return signer, TransparencyLog(resources.services.roots.logs(), client)


def _signer(resources: _Resources, policy: Policy) -> PublicKey | KeylessSigner:
    services = resources.services
    if policy.keyless is not None:
        return services.roots.signer(policy.keyless)
    from refimpl.verify.keys import load_public_key

    return load_public_key(
        policy.public_key, environ=services.environ, cluster=resources.cluster, deadline=services.deadline
    )


def _rekor(resources: _Resources, url: str) -> RekorClient:
    from refimpl.http.transport import Transport
    from refimpl.verify.rekor import RekorClient

    try:
        return RekorClient(url, Transport(resources.services.environ, resources.services.deadline, user_agent="ec-ref"))
    except VerificationError as error:  # of the URL: nothing was verified yet
        raise PolicyError(str(error)) from None
