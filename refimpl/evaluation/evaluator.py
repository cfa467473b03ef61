"""Judges components by the rules of one source group (specification 11 §7)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from refimpl.errors import EvaluationError
from refimpl.evaluation.collector import Outcome, ResultCollector
from refimpl.evaluation.compilation import Compilation
from refimpl.evaluation.criteria import Criteria, Group
from refimpl.evaluation.selection import Selection, intention, select
from refimpl.evaluation.specificity import CriteriaMatcher
from refimpl.record import record, replace
from refimpl.system.log import TRACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from refimpl.deadline import Deadline
    from refimpl.evaluation.compilation import Sources
    from refimpl.evaluation.rules import RuleSet
    from refimpl.rego.builtin import Builtin
    from refimpl.rego.engine import Engine, Evaluation, Line, Program

_log = logging.getLogger(__name__)
_CHECKED = "query rule: check: "


@record
class File:
    """What rules are asked about at once.

    Attributes:
        documents: each is an ``input``, in JSON.
        data: members of ``data`` that are about this file, by their path; the OPA evaluator has none.
    """

    documents: Sequence[bytes]
    data: Mapping[str, Any] | None = None


class Evaluator:
    """Made once for a run by `create`; `evaluate` may run in many threads at once.

    `opa` tells whether it evaluates as with ``EC_USE_OPA=1`` (specification 11 §9).
    """

    def __init__(
        self,
        *,
        compilation: Compilation,
        criteria: Criteria,
        intentions: frozenset[str] | None,
        time_ns: int,
        trace: bool,
        opa: bool,
        deadline: Deadline | None,
    ) -> None:
        self._compilation = compilation
        self._criteria = criteria
        self._intentions = intentions
        self._time_ns = time_ns
        self._trace = trace
        self.opa = opa
        self._deadline = deadline
        self._selections: dict[tuple[tuple[str, ...], tuple[str, ...]], Selection] = {}

    @classmethod
    def create(
        cls,
        engine: Engine,
        group: Group,
        sources: Sources,
        *,
        time_ns: int,
        configuration: Mapping[str, Any] | None = None,
        filter_type: str = "include-exclude",
        builtins: Sequence[Builtin] = (),
        trace: bool = False,
        opa: bool = False,
        deadline: Deadline | None = None,
    ) -> Evaluator:
        """Begin to compile, and return before that is done.

        Args:
            engine: compiles and evaluates.
            group: the entry of the policy's ``sources``.
            sources: its files.
            time_ns: the policy's effective time in nanoseconds since 1970; for ``attestation`` the current time.
            configuration: the policy's own ``configuration``.
            filter_type: ``ec-policy`` selects by pipeline intention (specification 11 §8); any other text does not.
            builtins: the ``ec.*`` functions.
            trace: log each step of evaluation.
            opa: as with ``EC_USE_OPA=1`` (specification 11 §9): no `filter_type`, no ``data.conftest``, and
                elements that are neither strings nor objects are results too.
            deadline: ends compilation and evaluations.
        """
        if opa:
            members = (sources.documents or {}).items()
            sources = replace(sources, documents={path: value for path, value in members if path != "conftest/file"})
            filter_type = ""
        return cls(
            compilation=Compilation(engine, sources, builtins=builtins, deadline=deadline),
            criteria=Criteria.of(group, configuration, time_ns=time_ns),
            intentions=intention(group.rule_data) if filter_type == "ec-policy" else None,
            time_ns=time_ns,
            trace=trace,
            opa=opa,
            deadline=deadline,
        )

    def evaluate(
        self,
        image_ref: str,
        component_name: str,
        input_json: bytes,
        *,
        time_ns: int | None = None,
        context: object = None,
    ) -> Outcome:
        """Judge one component.

        Args:
            image_ref: ``repository@digest``.
            component_name: after expansion of indexes.
            input_json: the ``input`` document.
            time_ns: the effective time, when it isn't the one of `create`.
            context: handed to builtins.

        Raises:
            PolicyError: the policies can't be used; the same for every component.
            EvaluationError: a rule failed, or nothing was evaluated.
            HostError: the engine is missing or died.
            TimeoutExceededError: the deadline passed.
        """
        one = File((input_json,))
        return self.evaluate_files(image_ref, component_name, (one,), time_ns=time_ns, context=context)

    def evaluate_files(
        self,
        image_ref: str,
        component_name: str,
        files: Sequence[File],
        *,
        time_ns: int | None = None,
        context: object = None,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Judge several files together; each document of each is an ``input``. See `evaluate`.

        Args:
            image_ref: as there.
            component_name: as there.
            files: what is judged.
            time_ns: as there.
            context: as there.
            deadline: of these evaluations, when it isn't the one of `create`.
        """
        compiled = self._compilation.result()
        selection = self._selection(compiled.rules, image_ref)
        include, exclude = self._criteria.select(image_ref, component_name)
        by_selection = self._intentions is not None
        collector = ResultCollector(
            rules=compiled.rules,
            matcher=CriteriaMatcher(include, exclude),
            selection=selection,
            by_selection=by_selection,
            # By selection, what is meant for other images isn't missed.
            unscoped=selection.include if by_selection else self._criteria.include.unscoped,
            time_ns=self._time_ns if time_ns is None else time_ns,
            opa=self.opa,
        )
        known = compiled.program.rules
        namespaces = [name for name in selection.namespaces or known if name in known]
        evaluated = [
            [
                self._evaluate(compiled.program, namespaces, document, file.data, context, deadline or self._deadline)
                for document in file.documents
            ]
            for file in files
        ]
        for evaluation in (evaluation for evaluations in evaluated for evaluation in evaluations):
            for values in evaluation.values.values():
                collector.check(values)
        for evaluations in evaluated:
            for namespace in namespaces:
                collector.add(namespace, _without_exceptions(evaluations, namespace))
        return collector.outcome()

    def inspect(self) -> None:
        """Wait until the rules are known.

        Raises:
            PolicyError: they can't be used, whether or not they compile.
        """
        self._compilation.rules()

    def wait_until_compiled(self) -> None:
        """Return when components can be judged.

        Raises:
            PolicyError: the policies can't be used.
            HostError: the engine is missing or died.
            TimeoutExceededError: the deadline of `create` passed.
        """
        self._compilation.result()

    def close(self) -> None:
        """Forget the compiled policies."""
        self._compilation.close()

    def _evaluate(
        self,
        program: Program,
        namespaces: Sequence[str],
        input_json: bytes,
        data: Mapping[str, Any] | None,
        context: object,
        deadline: Deadline | None,
    ) -> Evaluation:
        try:
            return program.evaluate(
                namespaces,
                input_json,
                context=context,
                documents=None if self.opa else data,
                narrate=_narrate if _log.isEnabledFor(logging.DEBUG) else None,
                trace=self._trace,
                deadline=deadline,
            )
        except EvaluationError as error:
            if not self.opa:
                raise
            raise EvaluationError(str(error).removeprefix(_CHECKED)) from error

    def _selection(self, rules: RuleSet, image_ref: str) -> Selection:
        """The component's name doesn't count here, so most components share one."""
        key = self._criteria.select(image_ref, "")
        found = self._selections.get(key)
        if found is None:
            found = self._selections[key] = select(rules, *key, self._intentions)
        return found


def _without_exceptions(evaluations: Iterable[Evaluation], namespace: str) -> dict[str, list[Any]]:
    """What the rules of a namespace say, one document after the other, but for those that have an exception."""
    counted: dict[str, list[Any]] = {}
    for evaluation in evaluations:
        excepted = evaluation.excepted.get(namespace, ())
        for name, elements in evaluation.values.get(namespace, {}).items():
            if name not in excepted:
                counted.setdefault(name, []).extend(elements)
    return counted


def _narrate(line: Line) -> None:
    _log.log(TRACE if line.kind == "trace" else logging.DEBUG, "%s", line.text)
