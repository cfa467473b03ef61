"""Judges bodies by policies that were compiled once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from refimpl.errors import HostError
from refimpl.evaluation.evaluator import File
from refimpl.golang import jsontext
from refimpl.record import record
from refimpl.report.structured import describe_files
from refimpl.server.body import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from refimpl.deadline import Deadline
    from refimpl.evaluation.collector import Outcome
    from refimpl.evaluation.evaluator import Evaluator
    from refimpl.report.model import Report
    from refimpl.server.messages import Request


@record
class Verdict:
    """What is answered: the report of one file, in JSON, and whether it is a success."""

    report: bytes
    success: bool


class Judge:
    """Gives verdicts, many at a time.

    When the engine dies, those whose evaluation died with it are judged again, one after another, by a new one: a
    request that kills it costs nobody but itself.

    Args:
        compile_policy: starts an engine and compiles the policies.
        report: makes a report of what the rules said of a request's body.
        context: of one request's evaluations, which it bounds.
    """

    def __init__(
        self,
        compile_policy: Callable[[], Sequence[Evaluator]],
        report: Callable[[Sequence[Outcome]], Report],
        context: Callable[[Deadline], AbstractContextManager[object]],
    ) -> None:
        self._compile_policy = compile_policy
        self._report = report
        self._context = context
        self._evaluators: Sequence[Evaluator] | None = compile_policy()
        self._renewing = threading.Lock()
        self._alone = threading.Lock()

    @property
    def is_ready(self) -> bool:
        """Whether there are compiled policies."""
        return self._evaluators is not None

    def judge(self, request: Request, deadline: Deadline) -> Verdict:
        """Judge the body of a request.

        Raises:
            BodyError: it can't be judged.
            TimeoutExceededError: not in time.
            Error: the rules failed, or the engine died, twice.
        """
        file = File(documents(request))
        evaluators = self._current()
        try:
            outcomes = self._outcomes(evaluators, file, deadline)
        except HostError:
            self._renew(evaluators)
            with self._alone:
                again = self._current()
                try:
                    outcomes = self._outcomes(again, file, deadline)
                except HostError:
                    self._renew(again)
                    raise
        report = self._report(outcomes)
        return Verdict(jsontext.encode(describe_files(report)), report.success)

    def _outcomes(self, evaluators: Sequence[Evaluator], file: File, deadline: Deadline) -> list[Outcome]:
        with self._context(deadline) as context:
            return [
                evaluator.evaluate_files("", "", [file], context=context, deadline=deadline) for evaluator in evaluators
            ]

    def _current(self) -> Sequence[Evaluator]:
        evaluators = self._evaluators
        if evaluators is not None:
            return evaluators
        with self._renewing:
            if self._evaluators is None:
                self._evaluators = self._compile_policy()
            return self._evaluators

    def _renew(self, dead: Sequence[Evaluator]) -> None:
        """Have policies compiled anew, unless somebody else has done so already."""
        with self._renewing:
            if self._evaluators is not dead:
                return
            self._evaluators = None
            self._evaluators = self._compile_policy()
