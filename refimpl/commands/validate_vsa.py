"""``validate vsa``: judges VSAs, and images that have none that counts (specification 24 §16, §17)."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from refimpl.commands.setup import Services, Setup
from refimpl.commands.snapshot import Component, Snapshot, expand_indexes, index_workers, resolve_inputs
from refimpl.commands.vsa_findings import ComponentFinding, check_outputs, write_findings
from refimpl.deadline import Deadline
from refimpl.errors import Error, InputError, PolicyError, TimeoutExceededError, VerificationError
from refimpl.http.transport import Transport
from refimpl.kubernetes.cluster import Cluster
from refimpl.oci.client import Client
from refimpl.policy.config import Policy, decode_policy, resolve
from refimpl.policy.effective_time import EffectiveTime
from refimpl.policy.sources.workspace import Workspace, fetch_sources, pinned_policy
from refimpl.record import replace
from refimpl.redaction import without_secrets, without_secrets_in
from refimpl.system.workers import run_all
from refimpl.verify.keys import load_public_key
from refimpl.verify.roots import Roots
from refimpl.vsa.check import Check, Finding
from refimpl.vsa.existing import log_retriever, public_key
from refimpl.vsa.identifier import is_digest, is_file
from refimpl.vsa.rekor import RekorRetriever, digest_in
from refimpl.vsa.stored import FileRetriever

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refimpl.command_line.options import Options
    from refimpl.commands.validate_image import Validation
    from refimpl.commands.vsa_request import VsaRequest
    from refimpl.policy.sources.fetcher import Fetched, Fetcher
    from refimpl.vsa.check import Retriever

_NO_REPOSITORY = Error("fallback image validation failed: the digest alone names no repository")


def validate_vsa(request: VsaRequest, options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command; the report goes where ``--output`` says.

    Raises:
        Error: there is no report, it couldn't be written, or a component fails and ``--strict`` is on.
    """
    check_outputs(options.output)
    deadline = Deadline(options.timeout)
    with ExitStack() as stack:
        client = stack.enter_context(Client(deadline=deadline, retry=options.retry, environ=environ))
        workspace = stack.enter_context(Workspace(environ))
        cluster = Cluster(environ, kubeconfig=options.kubeconfig, deadline=deadline)
        fetcher = stack.enter_context(workspace.fetcher(client, deadline))
        policy, fetched = _policy(options, fetcher, cluster)
        check = Check(
            retriever=_retriever(request, Transport(environ, deadline, user_agent="ec-ref")),
            key=public_key(options.vsa_public_key, environ, cluster) if request.verify else None,
            longest=request.longest,
            policy=Policy.from_json(without_secrets_in(policy.spec)),
            image_key=None,
            clock=time.time_ns,
            effective_time=policy.effective_time.read(time.time_ns),
        )
        setup = _fallback(request, policy, fetched, environ, cluster, deadline)
        snapshot = _snapshot(request, options, cluster, client, environ)
        _announce(request, options, snapshot)
        findings = _find(check, snapshot, options, deadline)
        validation = None
        if setup is not None and (left := [one for one in findings if not one.finding.passed]):
            setup = replace(setup, snapshot=snapshot)
            findings, validation = _validate(
                findings, left, setup, options, environ, client=client, workspace=workspace, deadline=deadline
            )
    report = None if validation is None else replace(validation.report, snapshot=without_secrets(options.images))
    write_findings(findings, report, options.output, options.text_options(environ))
    if validation is not None and validation.fault is not None:
        raise validation.fault
    failed = [one for one in findings if not one.passed]
    if options.strict and failed:
        reasons = "\n".join(str(one.error) for one in failed if one.error is not None)
        raise Error(f"snapshot validation failed for {len(failed)} components" + (f": {reasons}" if reasons else ""))


def _policy(options: Options, fetcher: Fetcher, cluster: Cluster) -> tuple[Policy, Mapping[str, Fetched]]:
    """The policy that is asked for, with pinned sources."""
    try:
        document = resolve(options.policy, fetcher=fetcher)
    except PolicyError as error:
        raise PolicyError(f"failed to get policy configuration: {error}") from None
    try:
        policy = decode_policy(document, cluster=cluster).overridden(public_key=options.vsa_public_key)
        chosen = EffectiveTime.choose(options.effective_time, now=time.time_ns())
        if chosen.of_attestations:
            raise PolicyError("invalid effective time: a VSA tells of no attestation's time")
        fetched = fetch_sources(policy, fetcher)
    except TimeoutExceededError:
        raise
    except Error as error:
        raise PolicyError(f"failed to process policy: {error}") from None
    return pinned_policy(policy, fetched).at(chosen), {one.pinned: one for one in fetched.values()}


def _fallback(
    request: VsaRequest,
    policy: Policy,
    fetched: Mapping[str, Fetched],
    environ: Mapping[str, str],
    cluster: Cluster,
    deadline: Deadline,
) -> Setup | None:
    """What images are validated by that have no VSA that counts; None if they aren't."""
    if not request.fallback_key:
        return None
    try:
        key = load_public_key(request.fallback_key, environ=environ, cluster=cluster, deadline=deadline)
    except TimeoutExceededError:
        raise
    except Error as error:
        raise PolicyError(
            f"failed to create fallback validation context: fallback validation: failed to process policy: {error}"
        ) from None
    chosen = policy.overridden(public_key=request.fallback_key)
    return Setup(Snapshot(), chosen, fetched, key, None, cluster)


def _retriever(request: VsaRequest, transport: Transport) -> Retriever:
    if request.retrieval:
        found = log_retriever(request.retrieval, transport)
        if found is None:
            raise InputError(f"no valid retriever found from flags: [{' '.join(request.retrieval)}]")
        return found
    return FileRetriever() if is_file(request.identifier) else RekorRetriever("", transport)


def _snapshot(
    request: VsaRequest, options: Options, cluster: Cluster, client: Client, environ: Mapping[str, str]
) -> Snapshot:
    """The components, those of indexes too; files and bare digests are in no registry that could be asked."""
    try:
        snapshot = resolve_inputs(replace(options, image=request.identifier), cluster)
    except InputError as error:
        raise InputError(f"failed to parse input: {error}") from None
    if not snapshot.components:
        raise InputError("no components found in input")
    here = [one for one in snapshot.components if is_file(one.container_image) or is_digest(one.container_image)]
    there = replace(snapshot, components=tuple(one for one in snapshot.components if one not in here))
    expanded = expand_indexes(there, client, index_workers(environ))
    return replace(expanded, components=(*expanded.components, *here))


def _announce(request: VsaRequest, options: Options, snapshot: Snapshot) -> None:
    what = f"VSAs from snapshot: {options.images}" if options.images else f"VSA: {request.identifier}"
    for line in (
        f"Validating {what}",
        f"Policy: {options.policy}",
        f"Found {len(snapshot.components)} components in snapshot",
        f"=== Processing Components in Parallel ({options.workers} workers) ===",
    ):
        sys.stdout.buffer.write(f"[INFO] {without_secrets(line)}\n".encode(errors="replace"))


def _find(check: Check, snapshot: Snapshot, options: Options, deadline: Deadline) -> list[ComponentFinding]:
    """What is found of each component's VSA, in the order of their names."""
    count = len(snapshot.components)
    if not options.workers:
        raise Error(f"results channel closed prematurely (received 0/{count} results)")
    components = sorted(snapshot.components, key=lambda component: component.name)
    return run_all(
        partial(_check_component, check=check), components, threads=options.workers, name="component", deadline=deadline
    )


def _check_component(component: Component, *, check: Check) -> ComponentFinding:
    image = component.container_image
    digest = digest_in(image)
    try:
        finding = check.find(digest or image, digest=digest, image=image, component=component.name)
    except VerificationError as error:
        text = str(error)
        absent = "no entries found" in text or "not found" in text
        finding = Finding(passed=False, message=text, reason="no_vsa" if absent else "retrieval_failed")
        return ComponentFinding(component.name, image, finding, Error(f"VSA validation failed: {error}"))
    return ComponentFinding(component.name, image, finding)


def _validate(
    findings: Sequence[ComponentFinding],
    left: Sequence[ComponentFinding],
    setup: Setup,
    options: Options,
    environ: Mapping[str, str],
    *,
    client: Client,
    workspace: Workspace,
    deadline: Deadline,
) -> tuple[list[ComponentFinding], Validation | None]:
    """Validate the images that are left, whose VSAs don't count."""
    from refimpl.commands.validate_image import judge
    from refimpl.rego.host import Host

    findings = [replace(one, error=_NO_REPOSITORY) if one in left and is_digest(one.image) else one for one in findings]
    left = [one for one in left if not is_digest(one.image)]
    if not left:
        return findings, None
    wanted = {(one.name, one.image) for one in left}
    components = [one for one in setup.snapshot.components if (one.name, one.container_image) in wanted]
    chosen = replace(options, ignore_rekor=True, vsa_upload=(), show_successes=False, processes=1)
    try:
        with Host.start(environ) as host:
            services = Services(environ, host, client, workspace, deadline, Roots(environ, deadline))
            validation = judge(components, setup, chosen, services)
    except TimeoutExceededError:
        raise
    except Error as error:
        failure = Error(f"fallback image validation failed: {error}")
        return [replace(one, error=failure) if one in left else one for one in findings], None
    results = {
        (one.name, one.container_image): result for one, result in zip(components, validation.results, strict=True)
    }
    return [
        replace(one, error=None, fallback=results[one.name, one.image]) if (one.name, one.image) in wanted else one
        for one in findings
    ], validation
