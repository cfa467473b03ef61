"""``validate image``: prepares, judges every component, writes the report (specification 10 §1.2)."""

from __future__ import annotations

import logging
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING

from refimpl.deadline import Deadline
from refimpl.errors import ComponentError, UnsuccessfulError, UsageError
from refimpl.evaluation.compilation import Sources
from refimpl.evaluation.evaluator import Evaluator
from refimpl.examination import Examination
from refimpl.input_document import InputDocuments
from refimpl.layers import LayerCache, Layers
from refimpl.oci.client import connect
from refimpl.oci.retry import Retry
from refimpl.policy.data_config import data_config
from refimpl.policy.instant import rfc3339
from refimpl.policy.sources.workspace import Workspace
from refimpl.preparation import prepare
from refimpl.rego.builtins import ComponentContext, Shared, builtins
from refimpl.rego.host import Host
from refimpl.report.model import ComponentResult, Report
from refimpl.report.targets import TextOptions, use_color, write
from refimpl.verify.attachment import attachment_limit
from refimpl.verify.cosign import Verifier
from refimpl.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refimpl.components import Component
    from refimpl.options import Options
    from refimpl.policy.effective_time import EffectiveTime
    from refimpl.preparation import Prepared

__all__ = ["validate_image"]

_log = logging.getLogger(__name__)

_SKIPPED_IMAGE = "Image signature check skipped"
_SKIPPED_ATTESTATION = "Attestation signature check skipped, fetching attestations without verification"
_SKIPPED_BOTH = (
    "Both --skip-image-sig-check and --skip-att-sig-check are active, all cryptographic verification is disabled"
)


def validate_image(options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command; the report goes where ``--output`` says.

    Raises:
        UnsuccessfulError: the report was written, and isn't successful.
        Error: there is no report, or it couldn't be written.
    """
    if options.workers < 0:
        raise UsageError(f'invalid argument "{options.workers}" for "--workers" flag: must not be negative')
    deadline = Deadline(options.timeout)
    with ExitStack() as stack:
        host = stack.enter_context(Host.start(environ))
        retry = Retry(
            options.retry_max_wait,
            options.retry_max_retry,
            options.retry_duration,
            options.retry_factor,
            options.retry_jitter,
        )
        client = stack.enter_context(connect(deadline=deadline, retry=retry, environ=environ))
        workspace = stack.enter_context(Workspace(environ))
        prepared = prepare(options, environ, client=client, workspace=workspace, deadline=deadline)
        cache = LayerCache.from_environ(environ, deadline)
        layers = stack.enter_context(Layers(client, cache, deadline=deadline, transfers=options.workers + 1))
        shared = Shared(client=client, layers=layers, environ=environ, deadline=deadline, cluster=prepared.cluster)
        evaluators = _evaluators(options, prepared, workspace, host, shared, deadline)
        _warn_of_skipped_checks(options)
        examination = Examination(
            options=options,
            client=client,
            layers=layers,
            verifier=Verifier(client, prepared.key, prepared.log, limit=attachment_limit(environ)),
            evaluators=evaluators,
            documents=InputDocuments(prepared.snapshot.to_json(), prepared.policy.spec),
            effective_time=prepared.policy.effective_time,
            context=lambda _: ComponentContext(shared),
        )
        components, effective_time = _examined(examination, prepared.snapshot.components, deadline)
        report = Report(
            components=components,
            key=prepared.key.pem,
            policy=prepared.policy.spec,
            effective_time=rfc3339(effective_time.read(time.time_ns)),
            ec_version=VERSION,
            snapshot=options.snapshot,
            show_successes=options.show_successes,
        )
        _write(report, options, environ)
        if options.strict and not report.success:
            raise UnsuccessfulError


def _evaluators(
    options: Options,
    prepared: Prepared,
    workspace: Workspace,
    host: Host,
    shared: Shared,
    deadline: Deadline,
) -> list[Evaluator]:
    policy = prepared.policy
    now = policy.effective_time.read(time.time_ns)
    configuration = data_config(policy, public_key=prepared.key.pem, ignore_rekor=options.ignore_rekor, now=now)
    functions = builtins(shared)
    alternative = shared.environ.get("EC_USE_OPA") == "1"
    made = []
    for group in policy.sources:
        directories = workspace.directories(group, prepared.fetched, configuration)
        sources = Sources(
            inspected=directories.policy,
            policies=tuple(dict.fromkeys(directories.policy)) or (workspace.path / "policy",),
            data=directories.data,
            documents={"conftest/file": {"name": "input.json", "dir": str(workspace.path)}},
        )
        made.append(
            Evaluator.create(
                host,
                group,
                sources,
                time_ns=now,
                configuration=policy.configuration,
                filter_type=options.filter_type,
                builtins=functions,
                trace="opa" in options.trace,
                alternative=alternative,
                deadline=deadline,
            )
        )
    return made


def _examined(
    examination: Examination, components: Sequence[Component], deadline: Deadline
) -> tuple[tuple[ComponentResult, ...], EffectiveTime]:
    """All components, `--workers` plus one at a time; the time is that of the last one with attestations."""
    if not components:
        return (), examination.effective_time
    pool = ThreadPoolExecutor(examination.options.workers + 1, "component")
    try:
        futures = [pool.submit(examination.examine, component) for component in components]
        _await(futures, deadline)
        failures = [error for future in futures if isinstance(error := future.exception(), ComponentError)]
        if failures:
            raise ComponentError("\n".join(str(error) for error in failures))
        outcomes = [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    times = [time for _, time in outcomes if time.nanoseconds is not None]
    return tuple(result for result, _ in outcomes), times[-1] if times else examination.effective_time


def _await(futures: Sequence[Future[tuple[ComponentResult, EffectiveTime]]], deadline: Deadline) -> None:
    """Wait for all of them; what isn't a component's own error ends the wait at once.

    Raises:
        TimeoutExceededError: the time is over.
    """
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=deadline.remaining(), return_when=FIRST_COMPLETED)
        if not done:
            raise deadline.exceeded()
        for future in done:
            error = future.exception()
            if error is not None and not isinstance(error, ComponentError):
                raise error


def _warn_of_skipped_checks(options: Options) -> None:
    if options.skip_image_sig_check:
        _log.warning(_SKIPPED_IMAGE)
    if options.skip_att_sig_check:
        _log.warning(_SKIPPED_ATTESTATION)
    if options.skip_image_sig_check and options.skip_att_sig_check:
        _log.warning(_SKIPPED_BOTH)


def _write(report: Report, options: Options, environ: Mapping[str, str]) -> None:
    defaults = TextOptions(
        show_successes=options.show_successes,
        show_warnings=options.show_warnings,
        show_policy_docs_link=options.show_policy_docs_link,
        color=use_color(
            color=options.color, no_color=options.no_color, environ=environ, is_terminal=sys.stdout.isatty()
        ),
    )
    write(report, options.output, defaults, sys.stdout.buffer)
