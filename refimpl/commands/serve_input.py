"""``validate input --server``: judges what is sent to it, until it is told to end (docs/server.md)."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from refimpl.command_line.version import VERSION
from refimpl.commands.validate_input import file_result, input_policy, input_report, open_rule_services, rules_key
from refimpl.deadline import Deadline
from refimpl.errors import InterruptedRunError, PolicyError
from refimpl.evaluation.evaluators import create_evaluators
from refimpl.kubernetes.cluster import Cluster
from refimpl.oci.client import Client
from refimpl.policy.sources.workspace import Workspace, fetch_sources
from refimpl.rego.builtins import ComponentContext
from refimpl.rego.host import Host
from refimpl.server.judge import Judge
from refimpl.server.limits import LIMITS
from refimpl.server.listener import listen, serve
from refimpl.server.log import in_json
from refimpl.server.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from refimpl.command_line.flags import ParsedFlags
    from refimpl.command_line.options import Options
    from refimpl.evaluation.collector import Outcome
    from refimpl.evaluation.evaluator import Evaluator
    from refimpl.policy.config import Policy
    from refimpl.report.model import Report

_log = logging.getLogger(__name__)
_INEFFECTIVE = ("output", "strict", "workers", "no-color", "color")
_NAME = "input"
"""What reports call a request's body."""


def serve_input(parsed: ParsedFlags, options: Options, environ: Mapping[str, str]) -> None:
    """Compile the policies, then answer requests; end with those that are begun at SIGTERM, SIGINT or SIGHUP.

    Raises:
        InterruptedRunError: it was told to end before it had begun.
        Error: there is nothing to judge by, or no place to listen.
    """
    _end_at_once_when_signalled()
    address, port = parsed.values["server-address"], parsed.values["server-port"]
    deadline = Deadline(options.timeout)
    with (
        Client(deadline=deadline, retry=options.retry, environ=environ) as client,
        Workspace(environ) as workspace,
        workspace.fetcher(client, deadline) as fetcher,
        ExitStack() as stack,
    ):
        cluster = Cluster(environ, kubeconfig=options.kubeconfig, deadline=deadline)
        policy = input_policy(options, fetcher, cluster)
        _warn_of_ineffective(parsed)
        stack.enter_context(in_json(logging.getLogger("refimpl")))
        _log_start(address, port, policy)
        key = rules_key(policy, environ, cluster, deadline)
        _log.info("Loading policy sources...")
        if not policy.sources:
            raise PolicyError("no evaluators created from policy sources, check policy configuration")
        with _loading():
            fetched = fetch_sources(policy, fetcher)
            context = partial(_open_context, options, environ)

            def compile_policy() -> Sequence[Evaluator]:
                host = stack.enter_context(Host.start(environ))
                with context(Deadline(options.timeout)) as alone:
                    evaluators = create_evaluators(
                        policy,
                        fetched,
                        key=key,
                        options=options,
                        workspace=workspace,
                        engine=host,
                        shared=alone.shared,
                    )
                    for evaluator in evaluators:
                        evaluator.wait_until_compiled()
                return evaluators

            def report(outcomes: Sequence[Outcome]) -> Report:
                return input_report([file_result(_NAME, outcomes, options)], policy, options)

            judge = Judge(compile_policy, report, context)
        _log.info("Policy sources loaded, %d evaluator(s) ready", len(policy.sources))
        listening = listen(address, port)
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(serve(listening, Routes(judge, LIMITS).answer, LIMITS))


@contextmanager
def _open_context(options: Options, environ: Mapping[str, str], deadline: Deadline) -> Iterator[ComponentContext]:
    """What is asked of registries for one request isn't remembered for another: tags move."""
    cluster = Cluster(environ, kubeconfig=options.kubeconfig, deadline=deadline)
    with (
        Client(deadline=deadline, retry=options.retry, environ=environ) as client,
        open_rule_services(client, options, environ, deadline, cluster) as shared,
    ):
        yield ComponentContext(shared)


def _warn_of_ineffective(parsed: ParsedFlags) -> None:
    for flag in _INEFFECTIVE:
        if flag in parsed.given:
            _log.warning("Flag --%s has no effect in server mode", flag)


def _log_start(address: str, port: int, policy: Policy) -> None:
    fields = {"address": address, "port": port, "sources": len(policy.sources), "version": VERSION}
    _log.info("Starting server", extra={"fields": fields})


@contextmanager
def _loading() -> Iterator[None]:
    """What is wrong with sources and rules is told before anybody asks, and before the server says that it is ready."""
    try:
        yield
    except PolicyError as error:
        raise PolicyError(f"loading policy sources: {error}") from error


def _end_at_once_when_signalled() -> None:
    """Until requests are answered, a signal ends the process as it does with other commands."""

    def end(number: int, _: Any) -> NoReturn:
        raise InterruptedRunError(signal.Signals(number))

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
