"""Faults in what becomes of the things that rules say, and in reporting it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__: list[str] = []

_LATE = 0.9  # seconds; scenarios wait for others for longer


@mutant(
    "order-of-completion",
    "A component that is ready a second after the first one has the first place in the report.",
    Kind.VERDICT,
    "cache-21",
)
def order_of_completion() -> None:
    from refimpl.commands.component import ComponentValidator
    from refimpl.report.model import Report

    lock = threading.Lock()
    ready: dict[str, float] = {}

    @change(ComponentValidator, "validate")
    def validate(original: Callable[..., Any], self: Any, component: Any) -> Any:
        found = original(self, component)
        with lock:
            ready[component.name] = time.monotonic()
        return found

    @change(Report, "__post_init__")
    def in_order(original: Callable[..., None], self: Any) -> None:
        original(self)
        late = min(ready.values(), default=0.0) + _LATE
        found = sorted(self.components, key=lambda one: ready[one.name] <= late)
        object.__setattr__(self, "components", tuple(found))


@mutant(
    "effective-date-ignored",
    "A rule fails before the day from which it counts.",
    Kind.VERDICT,
    "effective_time-01 effective_time-02 effective_time-05",
)
def effective_date_ignored() -> None:
    from refimpl.evaluation.collector import ResultCollector

    @change(ResultCollector, "_in_future")
    def in_future(*_: object) -> bool:
        return False


@mutant(
    "warnings-are-violations",
    "What a policy warns of counts as a violation.",
    Kind.VERDICT,
    "result-01 selection-01 layers-01 layers-05",
)
def warnings_are_violations() -> None:
    from refimpl.evaluation.collector import ResultCollector

    @change(ResultCollector, "_place_warning")
    def place_warning(_: object, self: Any, candidate: Any) -> None:
        self._violations.append(candidate)


@mutant(
    "successes-doubled",
    "Each rule that passes is counted twice.",
    Kind.VERDICT,
    "selection-01 happy-01 layers-01",
)
def successes_doubled() -> None:
    from refimpl.evaluation.collector import Outcome, ResultCollector

    @change(ResultCollector, "outcome")
    def outcome(original: Callable[..., Any], self: Any) -> Any:
        found = original(self)
        return Outcome(found.violations, found.warnings, found.successes * 2)


@mutant(
    "severity-ignored",
    "The severity that a result gives itself moves nothing.",
    Kind.VERDICT,
    "result-04",
)
def severity_ignored() -> None:
    from refimpl.evaluation import collector

    @change(collector, "_severity")
    def severity(*_: object) -> str:
        return ""


@mutant(
    "old-dates-told",
    "The day from which a rule counts is told for ever.",
    Kind.VERDICT,
    "effective_time-14",
)
def old_dates_told() -> None:
    from refimpl.evaluation import candidate

    replace(candidate, "NINETY_DAYS", 1 << 62)


@mutant(
    "past-accepted",
    "Images may be judged by a day in the past though nobody allowed it.",
    Kind.VERDICT,
    "effective_time-09",
)
def past_accepted() -> None:
    from refimpl.policy.effective_time import EffectiveTime

    original = EffectiveTime.choose

    def choose(text: str, *, now: int, allow_past: bool = False) -> EffectiveTime:
        del allow_past
        return original(text, now=now, allow_past=True)

    replace(EffectiveTime, "choose", staticmethod(choose))


@mutant(
    "dependencies-ignored",
    "A rule that depends on one that fails is reported all the same.",
    Kind.VERDICT,
    "result-10",
)
def dependencies_ignored() -> None:
    from refimpl.evaluation import collector
    from refimpl.evaluation.candidate import Candidate

    @change(collector, "_copies")
    def copies(original: Callable[..., Any], candidates: Iterable[Any], *rest: Any, **named: Any) -> Any:
        return original([Candidate(one.msg, one.metadata, one.code, ()) for one in candidates], *rest, **named)


@mutant(
    "denied-and-warned",
    "What a package denies and warns of under one code is a violation and a warning.",
    Kind.VERDICT,
    "result-05",
)
def denied_and_warned() -> None:
    from refimpl.evaluation import collector

    class Themselves(list[Any]):
        def __contains__(self, candidate: object) -> bool:
            return any(one is candidate for one in self)

    replace(collector, "_CodesAndMessages", Themselves)


@mutant(
    "results-win-over-annotations",
    "What a result says of itself counts, whatever its rule's annotation says.",
    Kind.VERDICT,
    "result-07",
)
def results_win_over_annotations() -> None:
    from refimpl.evaluation import candidate

    @change(candidate, "_complete")
    def complete(original: Callable[..., Any], msg: str, metadata: dict[str, Any], *rest: Any) -> Any:
        own = dict(metadata)
        candidate = original(msg, metadata, *rest)
        candidate.metadata |= own
        return candidate


@mutant(
    "sorted-by-code-alone",
    "Results of one code are reported as they come.",
    Kind.VERDICT,
    "result-11",
)
def sorted_by_code_alone() -> None:
    from refimpl import result

    replace(result, "sort_results", lambda results: tuple(sorted(results, key=lambda one: one.code)))


@mutant(
    "silence-is-consent",
    "When no rule says anything, the image has passed.",
    Kind.VERDICT,
    "result-13 result-14 result-15 selection-22",
)
def silence_is_consent() -> None:
    from refimpl.errors import EvaluationError
    from refimpl.evaluation.collector import Outcome, ResultCollector

    @change(ResultCollector, "outcome")
    def outcome(original: Callable[..., Any], self: Any) -> Any:
        try:
            return original(self)
        except EvaluationError:
            return Outcome()


@mutant(
    "odd-results-pass",
    "A result without a message is passed over.",
    Kind.VERDICT,
    "result-03 component-14",
)
def odd_results_pass() -> None:
    from refimpl.errors import EvaluationError
    from refimpl.evaluation import candidate

    @change(candidate, "_read")
    def read(original: Callable[..., Any], value: Any) -> Any:
        try:
            return original(value)
        except EvaluationError:
            return "", {}


@mutant(
    "one-unjudged-none-reported",
    "An image that can't be judged costs the others their verdicts: there is no report.",
    Kind.VERDICT,
    "hostile-01 hostile-02 hostile-03 hostile-06",
)
def one_unjudged_none_reported() -> None:
    from refimpl.commands import validate_image

    @change(validate_image, "fail_with")
    def fail_with(_: object, __: object, fault: Exception, *___: object) -> None:
        raise fault
