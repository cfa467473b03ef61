"""``validate input``: judges files by a policy's rules, no image involved (docs/commands.md)."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from refimpl.command_line.version import VERSION
from refimpl.commands.input_files import check_path, input_files
from refimpl.deadline import Deadline
from refimpl.errors import (
    ComponentError,
    Error,
    InternalError,
    NotSupportedError,
    TimeoutExceededError,
    UnsuccessfulError,
    UsageError,
    join_errors,
)
from refimpl.evaluation.evaluators import create_evaluators
from refimpl.golang.instant import format_rfc3339
from refimpl.kubernetes.cluster import Cluster
from refimpl.layers import LayerCache
from refimpl.oci.client import Client
from refimpl.policy.config import decode_policy, resolve
from refimpl.policy.effective_time import EffectiveTime
from refimpl.policy.sources.workspace import Workspace, fetch_sources
from refimpl.redaction import without_secrets_in
from refimpl.rego.builtins import ComponentContext, open_shared
from refimpl.rego.host import Host
from refimpl.report.formats import INPUT_FORMATS
from refimpl.report.model import ComponentResult, Report
from refimpl.report.targets import write
from refimpl.result import arrange
from refimpl.system.workers import run_all
from refimpl.verify.checks import report_unjudged
from refimpl.verify.roots import Roots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from refimpl.command_line.flags import ParsedFlags
    from refimpl.command_line.options import Options
    from refimpl.evaluation.collector import Outcome
    from refimpl.evaluation.evaluator import Evaluator
    from refimpl.policy.config import Policy
    from refimpl.policy.sources.fetcher import Fetcher
    from refimpl.rego.builtins import Shared


def read_paths(parsed: ParsedFlags) -> tuple[str, ...]:
    """The paths of a command line, each once: arguments, then ``--file``; empty ones don't count.

    There are none with ``--server``.

    Raises:
        UsageError: there is none, or something that doesn't go with them.
    """
    paths = tuple(dict.fromkeys(path for path in (*parsed.arguments, *parsed.values["file"]) if path))
    server = parsed.values["server"]
    if server and paths:
        raise UsageError("--server and input files are mutually exclusive")
    if not server and not paths:
        raise UsageError("at least one input file must be specified as a positional argument or via the --file flag")
    if "policy" not in parsed.given:
        raise UsageError('required flag(s) "policy" not set')
    return paths


def validate_input(paths: Sequence[str], options: Options, environ: Mapping[str, str]) -> None:
    """Carry out the command; the report goes where ``--output`` says.

    Raises:
        UnsuccessfulError: the report was written, and isn't successful.
        Error: there is no report, or it couldn't be written.
    """
    deadline = Deadline(options.timeout)
    with (
        Host.start(environ) as host,
        Client(deadline=deadline, retry=options.retry, environ=environ) as client,
        Workspace(environ) as workspace,
        workspace.fetcher(client, deadline) as fetcher,
        ExitStack() as stack,
    ):
        cluster = Cluster(environ, kubeconfig=options.kubeconfig, deadline=deadline)
        policy = input_policy(options, fetcher, cluster)
        key = rules_key(policy, environ, cluster, deadline)
        shared = stack.enter_context(open_rule_services(client, options, environ, deadline, cluster))
        try:
            fetched = fetch_sources(policy, fetcher)
        except TimeoutExceededError:
            raise
        except Error as error:
            evaluators: Sequence[Evaluator] | Error = error
        else:
            evaluators = create_evaluators(
                policy,
                fetched,
                key=key,
                options=options,
                workspace=workspace,
                engine=host,
                shared=shared,
            )
        files = run_all(
            partial(_validate_file, evaluators=evaluators, options=options, shared=shared),
            paths,
            threads=options.workers + 1,
            name="input",
            deadline=deadline,
        )
        report = input_report([result for result, _ in files], policy, options)
        write(report, options.output, options.text_options(environ), sys.stdout.buffer, INPUT_FORMATS)
        if (fault := join_errors([fault for _, fault in files if fault is not None])) is not None:
            raise fault
        if options.strict and not report.success:
            raise UnsuccessfulError


def input_report(files: Sequence[ComponentResult], policy: Policy, options: Options) -> Report:
    """The report on files; the policy is shown as it was written."""
    return Report(
        components=tuple(files),
        key="",
        policy=without_secrets_in(policy.spec),
        effective_time=format_rfc3339(policy.effective_time.read(time.time_ns)),
        ec_version=VERSION,
        show_successes=options.show_successes,
        show_warnings=options.show_warnings,
    )


def input_policy(options: Options, fetcher: Fetcher, cluster: Cluster) -> Policy:
    """The policy, its URLs as written; nobody's signature counts here, so neither does who may sign."""
    document = resolve(options.policy, fetcher=fetcher)
    chosen = EffectiveTime.choose(
        options.effective_time, now=time.time_ns(), allow_past=options.allow_past_effective_time
    )
    return decode_policy(document, cluster=cluster).at(chosen)


def open_rule_services(
    client: Client, options: Options, environ: Mapping[str, str], deadline: Deadline, cluster: Cluster
) -> AbstractContextManager[Shared]:
    """What the functions of rules share, until the context ends."""
    return open_shared(
        client,
        environ,
        deadline,
        roots=Roots(environ, deadline),
        cluster=cluster,
        cache=LayerCache.from_environ(environ, deadline),
        transfers=options.workers + 1,
    )


def rules_key(policy: Policy, environ: Mapping[str, str], cluster: Cluster, deadline: Deadline) -> str:
    """The policy's key in PEM: rules may verify with it."""
    if not policy.public_key:
        return ""
    from refimpl.verify.keys import load_public_key

    return load_public_key(policy.public_key, environ=environ, cluster=cluster, deadline=deadline).pem


def _validate_file(
    path: str, *, evaluators: Sequence[Evaluator] | Error, options: Options, shared: Shared
) -> tuple[ComponentResult, InternalError | None]:
    """A file as the report knows components: its path is both name and reference. Also the fault of ours, if any."""
    try:
        check_path(path)
        outcomes = _outcomes(path, evaluators, shared)
    except TimeoutExceededError:
        raise
    except InternalError as error:
        fault = error
    except Error as error:
        raise ComponentError(f"error validating file {path}: {error}") from error
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - faults of libraries in other languages are no Exceptions
        fault = InternalError.of(error)
    else:
        return file_result(path, outcomes, options), None
    return ComponentResult(
        name=path, container_image=path, violations=(report_unjudged(fault).reduce(info=options.info),)
    ), fault


def file_result(path: str, outcomes: Sequence[Outcome], options: Options) -> ComponentResult:
    """What the rules said of a file, as the report knows components: its path is both name and reference."""
    violations = [result for outcome in outcomes for result in outcome.violations]
    warnings = [result for outcome in outcomes for result in outcome.warnings if options.show_warnings]
    successes = [result for outcome in outcomes for result in outcome.successes]
    return ComponentResult(
        name=path,
        container_image=path,
        violations=arrange(violations, info=options.info),
        warnings=arrange(warnings, info=options.info),
        successes=arrange(successes, info=options.info),
    )


def _outcomes(path: str, evaluators: Sequence[Evaluator] | Error, shared: Shared) -> list[Outcome]:
    try:
        if isinstance(evaluators, Error):
            raise evaluators
        outcomes = []
        for evaluator in evaluators:
            evaluator.inspect()  # what is wrong with the rules counts before what is wrong with the file
            files = input_files(path, prefix="parse inputs" if evaluator.opa else "parse configurations")
            outcomes.append(evaluator.evaluate_files("", "", files, context=ComponentContext(shared)))
    except (TimeoutExceededError, NotSupportedError, InternalError):
        raise
    except Error as error:
        raise ComponentError(f"evaluating policy: {error}") from error
    return outcomes
