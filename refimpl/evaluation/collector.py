"""From candidates to results: filtering, severity, successes, dependencies (specification 11 §7.7-7.8, §8)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from refimpl.errors import EvaluationError
from refimpl.evaluation.candidate import Candidate, check, read_candidates
from refimpl.evaluation.dates import parse_utc
from refimpl.evaluation.rules import is_failure, is_warning
from refimpl.golang.printing import format_quoted
from refimpl.record import record
from refimpl.result import Result, plain_text, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from refimpl.evaluation.rules import RuleInfo, RuleSet
    from refimpl.evaluation.selection import Selection
    from refimpl.evaluation.specificity import CriteriaMatcher

_log = logging.getLogger(__name__)


@record
class Outcome:
    """What one source group says of one component; unordered, metadata in full."""

    violations: tuple[Result, ...] = ()
    warnings: tuple[Result, ...] = ()
    successes: tuple[Result, ...] = ()


class ResultCollector:
    """Collects what the packages say of one component.

    Args:
        rules: the group's.
        matcher: the criteria of the component.
        selection: the rules that are *in* for it.
        by_selection: keep results by `selection` alone, as ``--filter-type ec-policy`` does.
        unscoped: the include items that must match something.
        time_ns: the effective time in nanoseconds since 1970.
        opa: read values as the OPA evaluator does.
    """

    def __init__(
        self,
        *,
        rules: RuleSet,
        matcher: CriteriaMatcher,
        selection: Selection,
        by_selection: bool,
        unscoped: Iterable[str],
        time_ns: int,
        opa: bool = False,
    ) -> None:
        self._rules = rules
        self._matcher = matcher
        self._selection = selection
        self._by_selection = by_selection
        self._missing = dict.fromkeys(unscoped)
        if by_selection:
            self._mark_matched(selection.texts)
        self._time_ns = time_ns
        self._opa = opa
        self._violations: list[Candidate] = []
        self._warnings: list[Candidate] = []
        self._successes: list[Candidate] = []

    def check(self, values: Mapping[str, Sequence[object]]) -> None:
        """Look for values of a package that are no results. All packages are checked before the first is added.

        Raises:
            EvaluationError: there is one (specification 11 §7.5).
        """
        for name, elements in values.items():
            if not self._opa and (is_failure(name) or is_warning(name)):
                check(elements)

    def add(self, namespace: str, values: Mapping[str, Sequence[object]]) -> None:
        """Take what the rules of one package say.

        Args:
            namespace: dotted, without ``data.``.
            values: rule name → elements.

        Raises:
            EvaluationError: a value is no result (specification 11 §7.5).
        """
        failures = self._candidates(values, is_failure)
        warnings = self._candidates(values, is_warning)
        downgraded = _CodesAndMessages(warnings)
        codes, passing = self._selection.codes, self._selection.passing
        kept = [one for one in (*warnings, *failures) if not one.code or self._keeps(one, codes)]
        for candidate in kept:
            if candidate in downgraded:
                self._place_warning(candidate)
            else:
                self._place_failure(candidate)
        self._match(kept)
        reported = {candidate.exact_code for candidate in kept}
        passed = [_success(info) for info in self._rules.by_package.get(namespace, ()) if info.code not in reported]
        if passed and self._by_selection:
            self._mark_matched(self._selection.passing_texts)
        passed = [candidate for candidate in passed if self._keeps(candidate, passing)]
        self._match(passed)
        self._successes += passed

    def outcome(self) -> Outcome:
        """All that is reported.

        Raises:
            EvaluationError: nothing was (specification 11 §7.10).
        """
        if not (self._violations or self._warnings or self._successes):
            text = "no successes, warnings, or failures, check input"
            _log.error(text)
            raise EvaluationError(text)
        missing = [Result(f"Include criterion '{item}' doesn't match any policy rule") for item in self._missing]
        reported = {candidate.exact_code for candidate in (*self._violations, *self._warnings)}
        return Outcome(
            tuple(_copies(self._violations, reported, hinted=True)),
            (*_copies(self._warnings, reported), *missing),
            tuple(_copies(self._successes, reported)),
        )

    def _candidates(self, values: Mapping[str, Sequence[object]], wanted: Callable[[str], bool]) -> list[Candidate]:
        elements = (element for name, elements in values.items() if wanted(name) for element in elements)
        return read_candidates(elements, self._rules.annotated, time_ns=self._time_ns, opa=self._opa)

    def _mark_matched(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._missing.pop(text, None)

    def _keeps(self, candidate: Candidate, selected: frozenset[str]) -> bool:
        if self._by_selection:
            return candidate.code in selected
        candidate.complain()
        found = candidate.texts()
        for text in found:
            if text in self._matcher.include:
                self._missing.pop(text, None)
        return self._matcher.includes(found)

    def _place_warning(self, candidate: Candidate) -> None:
        severity = _severity(candidate)
        (self._violations if severity == "failure" else self._warnings).append(candidate)

    def _place_failure(self, candidate: Candidate) -> None:
        if _severity(candidate) == "warning":
            self._warnings.append(candidate)
        elif self._in_future(candidate):
            when = candidate.metadata["effective_on"]
            candidate.msg = f"{candidate.msg.removesuffix('.')}. This will become a failure starting on {when}"
            self._warnings.append(candidate)
        else:
            self._violations.append(candidate)

    def _in_future(self, candidate: Candidate) -> bool:
        if "effective_on" not in candidate.metadata:
            return False
        value = candidate.metadata["effective_on"]
        text = plain_text(value)
        if text is None:
            _log.warning('Ignoring non-string "effective_on" value %s', format_quoted(value))
            return False
        point = parse_utc(text)
        if point is None:
            _log.warning('Invalid "effective_on" value %s', format_quoted(candidate.metadata))
            return False
        return point >= self._time_ns

    def _match(self, kept: Sequence[Candidate]) -> None:
        """What is kept matches includes wherever they came from; what isn't, only the component's own."""
        if self._by_selection or not self._missing:
            return
        answers = [(candidate, candidate.texts()) for candidate in kept]
        for item in list(self._missing):
            for candidate, found in answers:
                candidate.complain()
                if item in found:
                    del self._missing[item]
                    break


class _CodesAndMessages:
    """Tells which candidates of a package share a code, or without codes the message, with one of the given ones."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._codes = {candidate.code for candidate in candidates if candidate.code}
        self._messages = {candidate.msg for candidate in candidates}

    def __contains__(self, candidate: Candidate) -> bool:
        return candidate.code in self._codes if candidate.code else candidate.msg in self._messages


def _success(info: RuleInfo) -> Candidate:
    metadata = {"code": info.code} | info.metadata()
    metadata.pop("solution", None)
    return Candidate("Pass", metadata, info.code, info.depends_on)


def _severity(candidate: Candidate) -> str:
    if "severity" not in candidate.metadata:
        return ""
    value = candidate.metadata["severity"]
    text = plain_text(value)
    if text is None:
        _log.warning('Ignoring non-string "severity" value %s', format_quoted(value))
        return ""
    if text not in ("failure", "warning"):
        _log.warning('Ignoring unexpected "severity" value %s', text)
    return text


def _copies(candidates: Iterable[Candidate], reported: set[str | None], *, hinted: bool = False) -> Iterable[Result]:
    """One result for each candidate; of one with dependencies, one for each dependency that isn't reported."""
    for candidate in candidates:
        count = sum(code not in reported for code in candidate.depends_on) if candidate.depends_on else 1
        metadata = candidate.metadata
        if hinted and count:
            metadata = _with_hint(metadata, count)
        result = Result(candidate.msg, metadata)
        for _ in range(count):
            yield result


def _with_hint(metadata: dict[str, object], times: int) -> dict[str, object]:
    """The metadata with the sentence on exclusion, once for each copy (specification 11 §7.8)."""
    code = plain_text(metadata.get("code"))
    description = plain_text(metadata.get("description"))
    if code is None or description is None:
        return metadata
    term = metadata.get("term")
    named = [f'"{code}:{text}"' for text in texts(term)] or [f'"{code}"']
    what = ", ".join(named) if len(named) == 1 else "one or more of " + ", ".join(named)
    for _ in range(times):
        description = (
            f"{description.removesuffix('.')}. "
            f"To exclude this rule add {what} to the `exclude` section of the policy configuration."
        )
    return {**metadata, "description": description}
