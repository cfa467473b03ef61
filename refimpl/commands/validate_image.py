"""``validate image``: prepares, judges every component, writes the report (specification 10 §1.2)."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from refimpl.command_line.version import VERSION
from refimpl.commands.component import ComponentValidator, Judging, fail_with
from refimpl.commands.setup import Services, set_up
from refimpl.commands.snapshot import Component, registry_of
from refimpl.deadline import Deadline
from refimpl.errors import ComponentError, UnsuccessfulError, join_errors
from refimpl.evaluation.evaluators import create_evaluators
from refimpl.golang.instant import format_rfc3339
from refimpl.layers import LayerCache
from refimpl.oci.client import Client
from refimpl.policy.sources.workspace import Workspace
from refimpl.policy_input.document import InputDocuments
from refimpl.record import record, replace
from refimpl.redaction import without_secrets, without_secrets_in
from refimpl.rego.builtins import open_shared
from refimpl.rego.host import Host
from refimpl.report.model import Report
from refimpl.report.outcome import Kept
from refimpl.report.targets import needs_documents, write
from refimpl.system.workers import run_each
from refimpl.verify.attachment import attachment_limit
from refimpl.verify.cosign import Verifier
from refimpl.verify.roots import Roots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from refimpl.command_line.options import Options
    from refimpl.commands.component import Judge, Judged
    from refimpl.commands.setup import Setup
    from refimpl.errors import Error
    from refimpl.evaluation.evaluator import Evaluator
    from refimpl.oci.budget import Budget
    from refimpl.rego.builtins import Shared
    from refimpl.report.model import ComponentResult
    from refimpl.system.exchange import Exchange
    from refimpl.vsa.check import Check

_log = logging.getLogger(__name__)

FEW = 100
"""Components up to which making a second process takes longer than it saves."""

_SKIPPED_IMAGE = "Image signature check skipped"
_SKIPPED_ATTESTATION = "Attestation signature check skipped, fetching attestations without verification"
_SKIPPED_BOTH = (
    "Both --skip-image-sig-check and --skip-att-sig-check are active, all cryptographic verification is disabled"
)


@record
class Validation:
    """What came of all components.

    Attributes:
        report: on them.
        fault: what kept some of them from being judged; their violations tell it, too.
        results: of each, in the order in which they were given.
    """

    report: Report
    fault: Error | None
    results: tuple[ComponentResult, ...]


def validate_image(options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command; the report goes where ``--output`` says.

    Raises:
        UnsuccessfulError: the report was written, and isn't successful.
        Error: there is no report, or it couldn't be written.
    """
    deadline = Deadline(options.timeout)
    kept = Kept(documents=needs_documents(options.output), successes=options.show_successes)
    validation = validate_components(options, environ, deadline, kept=kept)
    write(validation.report, options.output, options.text_options(environ), sys.stdout.buffer)
    if validation.fault is not None:
        raise validation.fault
    if options.vsa:
        make_vsas(validation.report, options, environ, deadline)
    if options.strict and not validation.report.success:
        raise UnsuccessfulError


def validate_components(
    options: Options, environ: Mapping[str, str], deadline: Deadline | None = None, *, kept: Kept
) -> Validation:
    """Judge all components; without a deadline ``--timeout`` begins now. Of each outcome is there what is `kept`.

    Raises:
        Error: there is nothing to report.
    """
    deadline = deadline or Deadline(options.timeout)
    with prepare(options, environ, deadline) as (prepared_setup, judging_by):
        setup = replace(prepared_setup, kept=kept)
        with judging_by(setup) as judge_each:
            components = setup.snapshot.components
            return _gather(_in_turns(judge_each, components), components, setup, options)


@contextmanager
def prepare(
    options: Options, environ: Mapping[str, str], deadline: Deadline, *, listed: bool = False
) -> Iterator[tuple[Setup, Callable[[Setup], AbstractContextManager[Judge]]]]:
    """What components are judged by, and what judges them by it: see `judging`.

    Args:
        options: of the command line.
        environ: of the process.
        deadline: ends it all.
        listed: whether a list names the images, which is read later.

    Raises:
        Error: there is nothing to judge, or to judge by.
    """
    with (
        Host.start(environ) as host,
        Client(deadline=deadline, retry=options.retry, environ=environ, budget=options.budget) as client,
        Workspace(environ) as workspace,
    ):
        services = Services(environ, host, client, workspace, deadline, Roots(environ, deadline))
        setup = set_up(options, services, listed=listed)
        yield setup, partial(judging, options=options, services=services)


def judge(components: Sequence[Component], setup: Setup, options: Options, services: Services) -> Validation:
    """Judge some components of a snapshot by what was set up.

    Raises:
        Error: one can't be judged at all, or the rules can't be used.
    """
    with judging(setup, options, services) as judged:
        return _gather(_in_turns(judged, components), components, setup, options)


def judging(setup: Setup, options: Options, services: Services) -> AbstractContextManager[Judge]:
    """What judges components by what was set up: several at the same time, each told as soon as it is done.

    They are judged here, on a cluster, or in as many processes as `options` ask for; the host of `services` is closed
    then, as each has its own.

    Raises:
        Error: the rules can't be used, or the processes can't be made.
    """
    _warn_of_skipped_checks(options)
    if options.engine == "dask":
        return _judging_on_dask(setup, options, services)
    processes = count_processes(options, setup.size)
    if processes > 1:
        from refimpl.commands.processes import make_exchange

        exchange = make_exchange(asked=options.processes > 0, listed=setup.listed)
        if exchange is not None:
            return _judging_in_processes(processes, exchange, setup, options, services)
    return judging_here(setup, options, services, LayerCache.from_environ(services.environ, services.deadline))


def _judging_on_dask(setup: Setup, options: Options, services: Services) -> AbstractContextManager[Judge]:
    from refimpl.commands.dask.engine import judging_on_dask

    services.host.close()
    return judging_on_dask(
        judging_elsewhere,
        setup,
        options,
        environ=services.environ,
        workspace=services.workspace,
        roots=services.roots,
        deadline=services.deadline,
    )


def _judging_in_processes(
    processes: int, exchange: Exchange, setup: Setup, options: Options, services: Services
) -> AbstractContextManager[Judge]:
    from refimpl.commands.processes import judging_in_processes

    cache = LayerCache.from_environ(services.environ, services.deadline)

    @contextmanager
    def judging_there(workers: int, exchange: Exchange, now: int) -> Iterator[Judge]:
        own = replace(options, workers=workers)
        with (
            Host.start(services.environ) as host,
            judging_here(setup, own, replace(services, host=host), cache, exchange=exchange, now=now) as judge,
        ):
            yield judge

    services.host.close()
    return judging_in_processes(processes, judging_there, exchange, setup, options, services)


@contextmanager
def judging_elsewhere(
    setup: Setup,
    options: Options,
    environ: Mapping[str, str],
    *,
    deadline: Deadline,
    workspace: Workspace,
    roots: Roots,
    cache: LayerCache | None,
    budget: Budget | None,
    now: int,
) -> Iterator[Judging]:
    """What judges components in a process that has nothing of the one where they were set up but these.

    Raises:
        Error: the rules can't be used.
    """
    with (
        Host.start(environ) as host,
        Client(deadline=deadline, retry=options.retry, environ=environ, budget=budget) as client,
    ):
        services = Services(environ, host, client, workspace, deadline, roots)
        with judging_here(setup, options, services, cache, now=now) as judge:
            yield Judging(judge, client, host, options.workers + 1)


@contextmanager
def judging_here(
    setup: Setup,
    options: Options,
    services: Services,
    cache: LayerCache | None,
    *,
    exchange: Exchange | None = None,
    now: int | None = None,
) -> Iterator[Judge]:
    """What judges components in this process: see `judging`.

    Of several processes of a run each has its own, with the `exchange` of all and the same `now`.

    Raises:
        Error: the rules can't be used.
    """
    with open_shared(
        services.client,
        services.environ,
        services.deadline,
        roots=services.roots,
        cluster=setup.cluster,
        cache=cache,
        transfers=options.workers + 1,
    ) as shared:
        if exchange is not None:
            shared.share(exchange)
        evaluators = create_evaluators(
            setup.policy,
            setup.fetched,
            key=setup.key,
            options=options,
            workspace=services.workspace,
            engine=services.host,
            shared=shared,
            now=now,
        )
        validator = _validator(setup, options, services, shared, evaluators)
        threads, deadline = options.workers + 1, services.deadline

        def judge_each(
            components: Iterable[Component], ended: Callable[[int], None] = lambda _: None
        ) -> Iterator[Judged]:
            return run_each(
                validator.validate, components, threads=threads, name="component", deadline=deadline, ended=ended
            )

        yield judge_each


def _validator(
    setup: Setup, options: Options, services: Services, shared: Shared, evaluators: Sequence[Evaluator]
) -> ComponentValidator:
    client, environ = services.client, services.environ
    shown = without_secrets_in(setup.policy.spec)  # to rules, too: what they say is in the report
    return ComponentValidator(
        options=options,
        client=client,
        verifier=Verifier(client, setup.signer, setup.log, limit=attachment_limit(environ)),
        evaluators=evaluators,
        documents=InputDocuments(setup.snapshot.to_json(), shown),
        effective_time=setup.policy.effective_time,
        shared=shared,
        existing=_existing(options, environ, setup, shown, services.deadline) if options.vsa_upload else None,
        alone=setup.listed,
        kept=setup.kept,
    )


def _in_turns(judge_each: Judge, components: Sequence[Component]) -> Iterator[Judged]:
    """What comes of components that no registry holds up alone."""
    if len({registry_of(component) for component in components}) <= 1:
        yield from judge_each(components)
        return
    from refimpl.system.turns import Turns

    turns = Turns(components, registry_of)
    for handed, outcome in judge_each(turns, turns.end):
        yield turns.settle(handed)[0], outcome


def _gather(judged: Iterable[Judged], components: Sequence[Component], setup: Setup, options: Options) -> Validation:
    """All that came of the components, in the order in which they were given.

    Where some were judged, one that couldn't be has a violation that says why, and costs the others nothing.

    Raises:
        ComponentError: none could be judged; of all of them, in that order, a line each.
    """
    found = [outcome for _, outcome in sorted(judged, key=lambda one: one[0])]
    if found and all(isinstance(one, ComponentError) for one in found):
        raise ComponentError("\n".join(map(str, found)))
    outcomes = [
        fail_with(component, one, options, setup.policy.effective_time) if isinstance(one, ComponentError) else one
        for component, one in zip(components, found, strict=True)
    ]
    times = [one.effective_time for one in outcomes if one.effective_time.nanoseconds is not None]
    effective_time = times[-1] if times else setup.policy.effective_time  # of the last one with attestations
    results = tuple(one.result for one in outcomes)
    report = Report(
        components=results,
        key=setup.key,
        policy=without_secrets_in(setup.policy.spec),
        effective_time=format_rfc3339(effective_time.read(time.time_ns)),
        ec_version=VERSION,
        snapshot=without_secrets(options.snapshot),
        show_successes=options.show_successes,
        indexes=setup.snapshot.indexes,
    )
    return Validation(report, join_errors([one.fault for one in outcomes if one.fault is not None]), results)


def count_processes(options: Options, components: int) -> int:
    """How many processes judge so many components: see docs/scale.md."""
    if options.processes:
        return max(1, min(options.processes, components))
    if sys.platform == "win32" or components <= FEW:
        return 1
    from refimpl.system.cores import available_cores

    return min(available_cores(), options.workers + 1)


def _existing(
    options: Options, environ: Mapping[str, str], setup: Setup, policy: Mapping[str, Any], deadline: Deadline
) -> Check | None:
    from refimpl.http.transport import Transport
    from refimpl.vsa.existing import existing_summaries

    return existing_summaries(
        options,
        environ,
        policy=policy,
        key=setup.key,
        cluster=setup.cluster,
        transport=Transport(environ, deadline, user_agent="ec-ref"),
    )


def make_vsas(report: Report, options: Options, environ: Mapping[str, str], deadline: Deadline) -> None:
    """Attest what was found about each component, as ``--vsa`` asks for."""
    from refimpl.kubernetes.cluster import Cluster
    from refimpl.vsa.making import make

    cluster = Cluster(environ, kubeconfig=options.kubeconfig, deadline=deadline)
    make(report, options, environ, cluster=cluster, deadline=deadline)


def _warn_of_skipped_checks(options: Options) -> None:
    if options.skip_image_sig_check:
        _log.warning(_SKIPPED_IMAGE)
    if options.skip_att_sig_check:
        _log.warning(_SKIPPED_ATTESTATION)
    if options.skip_image_sig_check and options.skip_att_sig_check:
        _log.warning(_SKIPPED_BOTH)
