"""From drafts to what the report says: filtering, severity, successes, dependencies (specification 11 §7.7-7.8, §8)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from refimpl.errors import EvaluationError
from refimpl.evaluation.candidate import Draft, check, drafted
from refimpl.evaluation.dates import parse_utc
from refimpl.evaluation.rules import is_failure, is_warning
from refimpl.golang.printing import quoted
from refimpl.record import record
from refimpl.result import Result, plain_text, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from refimpl.evaluation.rules import RuleInfo, RuleSet
    from refimpl.evaluation.selection import Selection
    from refimpl.evaluation.specificity import Scale

__all__ = ["Judgement", "Outcome"]

_log = logging.getLogger(__name__)


@record
class Outcome:
    """What one source group says of one component; unordered, metadata in full."""

    violations: tuple[Result, ...] = ()
    warnings: tuple[Result, ...] = ()
    successes: tuple[Result, ...] = ()


class Judgement:
    """Collects what the packages said of one component.

    Args:
        rules: the group's.
        scale: the criteria of the component.
        selection: the rules that are *in* for it.
        by_selection: keep results by `selection` alone, as ``--filter-type ec-policy`` does.
        unscoped: the include items that must match something.
        time_ns: the effective time in nanoseconds since 1970.
        alternative: read values as the alternative evaluator does.
    """

    def __init__(
        self,
        *,
        rules: RuleSet,
        scale: Scale,
        selection: Selection,
        by_selection: bool,
        unscoped: Iterable[str],
        time_ns: int,
        alternative: bool = False,
    ) -> None:
        self._rules = rules
        self._scale = scale
        self._selection = selection
        self._by_selection = by_selection
        self._missing = dict.fromkeys(unscoped)
        if by_selection:
            self._found(selection.texts)
        self._time_ns = time_ns
        self._alternative = alternative
        self._violations: list[Draft] = []
        self._warnings: list[Draft] = []
        self._successes: list[Draft] = []

    def check(self, values: Mapping[str, Sequence[object]]) -> None:
        """Look for values of a package that are no results. All packages are checked before the first is added.

        Raises:
            EvaluationError: there is one (specification 11 §7.5).
        """
        for name, elements in values.items():
            if not self._alternative and (is_failure(name) or is_warning(name)):
                check(elements)

    def add(self, namespace: str, values: Mapping[str, Sequence[object]]) -> None:
        """Take what the rules of one package said.

        Args:
            namespace: dotted, without ``data.``.
            values: rule name → elements.

        Raises:
            EvaluationError: a value is no result (specification 11 §7.5).
        """
        failures = self._drafted(values, is_failure)
        warnings = self._drafted(values, is_warning)
        downgraded = _Kinds(warnings)
        codes, passing = self._selection.codes, self._selection.passing
        kept = [draft for draft in (*warnings, *failures) if not draft.code or self._keeps(draft, codes)]
        for draft in kept:
            if draft in downgraded:
                self._place_warning(draft)
            else:
                self._place_failure(draft)
        self._match(kept)
        reported = {draft.exact_code for draft in kept}
        passed = [_success(info) for info in self._rules.by_package.get(namespace, ()) if info.code not in reported]
        if passed and self._by_selection:
            self._found(self._selection.passing_texts)
        passed = [draft for draft in passed if self._keeps(draft, passing)]
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
        reported = {draft.exact_code for draft in (*self._violations, *self._warnings)}
        return Outcome(
            tuple(_copies(self._violations, reported, hinted=True)),
            (*_copies(self._warnings, reported), *missing),
            tuple(_copies(self._successes, reported)),
        )

    def _drafted(self, values: Mapping[str, Sequence[object]], wanted: Callable[[str], bool]) -> list[Draft]:
        return [
            draft
            for name, elements in values.items()
            if wanted(name)
            for draft in drafted(elements, self._rules.annotated, time_ns=self._time_ns, alternative=self._alternative)
        ]

    def _found(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._missing.pop(text, None)

    def _keeps(self, draft: Draft, selected: frozenset[str]) -> bool:
        if self._by_selection:
            return draft.code in selected
        draft.complain()
        found = draft.texts()
        for text in found:
            if text in self._scale.include:
                self._missing.pop(text, None)
        return self._scale.includes(found)

    def _place_warning(self, draft: Draft) -> None:
        severity = _severity(draft)
        (self._violations if severity == "failure" else self._warnings).append(draft)

    def _place_failure(self, draft: Draft) -> None:
        if _severity(draft) == "warning":
            self._warnings.append(draft)
        elif self._in_future(draft):
            when = draft.metadata["effective_on"]
            draft.msg = f"{draft.msg.removesuffix('.')}. This will become a failure starting on {when}"
            self._warnings.append(draft)
        else:
            self._violations.append(draft)

    def _in_future(self, draft: Draft) -> bool:
        if "effective_on" not in draft.metadata:
            return False
        value = draft.metadata["effective_on"]
        text = plain_text(value)
        if text is None:
            _log.warning('Ignoring non-string "effective_on" value %s', quoted(value))
            return False
        point = parse_utc(text)
        if point is None:
            _log.warning('Invalid "effective_on" value %s', quoted(draft.metadata))
            return False
        return point >= self._time_ns

    def _match(self, kept: Sequence[Draft]) -> None:
        """What is kept matches includes wherever they came from; what isn't, only the component's own."""
        if self._by_selection or not self._missing:
            return
        answers = [(draft, draft.texts()) for draft in kept]
        for item in list(self._missing):
            for draft, found in answers:
                draft.complain()
                if item in found:
                    del self._missing[item]
                    break


class _Kinds:
    """Tells which drafts of a package share a code, or without codes the message, with one of the given ones."""

    def __init__(self, drafts: Iterable[Draft]) -> None:
        self._codes = {draft.code for draft in drafts if draft.code}
        self._messages = {draft.msg for draft in drafts}

    def __contains__(self, draft: Draft) -> bool:
        return draft.code in self._codes if draft.code else draft.msg in self._messages


def _success(info: RuleInfo) -> Draft:
    metadata = {"code": info.code} | info.metadata()
    metadata.pop("solution", None)
    return Draft("Pass", metadata, info.code, info.depends_on)


def _severity(draft: Draft) -> str:
    if "severity" not in draft.metadata:
        return ""
    value = draft.metadata["severity"]
    text = plain_text(value)
    if text is None:
        _log.warning('Ignoring non-string "severity" value %s', quoted(value))
        return ""
    if text not in ("failure", "warning"):
        _log.warning('Ignoring unexpected "severity" value %s', text)
    return text


def _copies(drafts: Iterable[Draft], reported: set[str | None], *, hinted: bool = False) -> Iterable[Result]:
    """One result for each draft; of one with dependencies, one for each dependency that isn't reported."""
    for draft in drafts:
        count = sum(code not in reported for code in draft.depends_on) if draft.depends_on else 1
        metadata = draft.metadata
        if hinted and count:
            metadata = _hinted(metadata, count)
        result = Result(draft.msg, metadata)
        for _ in range(count):
            yield result


def _hinted(metadata: dict[str, object], times: int) -> dict[str, object]:
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
