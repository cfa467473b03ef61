"""``validate image``: prepares, judges every component, writes the report (specification 10 §1.2)."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from refimpl.command_line.version import VERSION
from refimpl.commands.component import Examination
from refimpl.commands.setup import prepare
from refimpl.deadline import Deadline
from refimpl.errors import UnsuccessfulError, joined
from refimpl.evaluation.evaluators import evaluators
from refimpl.golang.instant import rfc3339
from refimpl.layers import LayerCache, Layers
from refimpl.oci.client import connect
from refimpl.policy.sources.workspace import Workspace
from refimpl.policy_input.document import InputDocuments
from refimpl.record import record
from refimpl.redaction import without_secrets, without_secrets_in
from refimpl.rego.builtins import ComponentContext, Shared
from refimpl.rego.host import Host
from refimpl.report.model import Report
from refimpl.report.targets import TextOptions, write
from refimpl.system.workers import worked
from refimpl.verify.attachment import attachment_limit
from refimpl.verify.cosign import Verifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refimpl.command_line.options import Options
    from refimpl.commands.component import Examined
    from refimpl.commands.snapshot import Component
    from refimpl.errors import Error

__all__ = ["Judgement", "judge", "validate_image"]

_log = logging.getLogger(__name__)

_SKIPPED_IMAGE = "Image signature check skipped"
_SKIPPED_ATTESTATION = "Attestation signature check skipped, fetching attestations without verification"
_SKIPPED_BOTH = (
    "Both --skip-image-sig-check and --skip-att-sig-check are active, all cryptographic verification is disabled"
)


@record
class Judgement:
    """What came of all components.

    Attributes:
        report: on them.
        fault: of ours, that kept some of them from being judged; their violations tell it, too.
    """

    report: Report
    fault: Error | None


def validate_image(options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command; the report goes where ``--output`` says.

    Raises:
        UnsuccessfulError: the report was written, and isn't successful.
        Error: there is no report, or it couldn't be written.
    """
    judgement = judge(options, environ)
    write(judgement.report, options.output, TextOptions.chosen(options, environ), sys.stdout.buffer)
    if judgement.fault is not None:
        raise judgement.fault
    if options.strict and not judgement.report.success:
        raise UnsuccessfulError


def judge(options: Options, environ: Mapping[str, str]) -> Judgement:
    """Judge all components.

    Raises:
        Error: there is nothing to report.
    """
    deadline = Deadline(options.timeout)
    with ExitStack() as stack:
        host = stack.enter_context(Host.start(environ))
        client = stack.enter_context(connect(deadline=deadline, retry=options.retry, environ=environ))
        workspace = stack.enter_context(Workspace(environ))
        prepared = prepare(options, environ, client=client, workspace=workspace, deadline=deadline)
        cache = LayerCache.from_environ(environ, deadline)
        layers = stack.enter_context(Layers(client, cache, deadline=deadline, transfers=options.workers + 1))
        shared = Shared(client=client, layers=layers, environ=environ, deadline=deadline, cluster=prepared.cluster)
        panel = evaluators(
            prepared.policy,
            prepared.fetched,
            key=prepared.key.pem,
            options=options,
            workspace=workspace,
            engine=host,
            shared=shared,
        )
        _warn_of_skipped_checks(options)
        shown = without_secrets_in(prepared.policy.spec)  # to rules, too: what they say is in the report
        examination = Examination(
            options=options,
            client=client,
            layers=layers,
            verifier=Verifier(client, prepared.key, prepared.log, limit=attachment_limit(environ)),
            evaluators=panel,
            documents=InputDocuments(prepared.snapshot.to_json(), shown),
            effective_time=prepared.policy.effective_time,
            context=lambda _: ComponentContext(shared),
        )
        examined = _examined(examination, prepared.snapshot.components, deadline)
        times = [one.effective_time for one in examined if one.effective_time.nanoseconds is not None]
        effective_time = times[-1] if times else examination.effective_time  # of the last one with attestations
        report = Report(
            components=tuple(one.result for one in examined),
            key=prepared.key.pem,
            policy=shown,
            effective_time=rfc3339(effective_time.read(time.time_ns)),
            ec_version=VERSION,
            snapshot=without_secrets(options.snapshot),
            show_successes=options.show_successes,
        )
        return Judgement(report, joined([one.fault for one in examined if one.fault is not None]))


def _examined(examination: Examination, components: Sequence[Component], deadline: Deadline) -> list[Examined]:
    """All components, `--workers` plus one at a time."""
    return worked(
        examination.examine,
        components,
        threads=examination.options.workers + 1,
        name="component",
        deadline=deadline,
    )


def _warn_of_skipped_checks(options: Options) -> None:
    if options.skip_image_sig_check:
        _log.warning(_SKIPPED_IMAGE)
    if options.skip_att_sig_check:
        _log.warning(_SKIPPED_ATTESTATION)
    if options.skip_image_sig_check and options.skip_att_sig_check:
        _log.warning(_SKIPPED_BOTH)
