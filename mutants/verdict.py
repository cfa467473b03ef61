"""Faults in judging components and in reporting what came of it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacing import changed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_LATE = 0.9  # seconds; scenarios let others come to rest for longer


@mutant(
    "order-of-completion",
    "A component that is ready a second after the first one has the first place in the report.",
    Kind.VERDICT,
    "cache-21",
)
def order_of_completion() -> None:
    from refimpl.examination import Examination
    from refimpl.report.model import Report

    lock = threading.Lock()
    ready: dict[str, float] = {}

    @changed(Examination, "examine")
    def examine(original: Callable[..., Any], self: Any, component: Any) -> Any:
        found = original(self, component)
        with lock:
            ready[component.name] = time.monotonic()
        return found

    @changed(Report, "__post_init__")
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
    from refimpl.evaluation.outcome import Judgement

    @changed(Judgement, "_in_future")
    def in_future(*_: object) -> bool:
        return False


@mutant(
    "exclude-always-wins",
    "What is excluded stays out, however exactly it is included.",
    Kind.VERDICT,
    "selection-15 selection-19 selection-20",
)
def exclude_always_wins() -> None:
    from refimpl.evaluation.scoring import Scale

    @changed(Scale, "totals")
    def totals(original: Callable[..., tuple[int, int]], *arguments: Any) -> tuple[int, int]:
        included, excluded = original(*arguments)
        return (0 if excluded else included), excluded


@mutant(
    "include-always-wins",
    "What is included stays in, however exactly it is excluded.",
    Kind.VERDICT,
    "selection-16 selection-17 selection-18",
)
def include_always_wins() -> None:
    from refimpl.evaluation.scoring import Scale

    @changed(Scale, "totals")
    def totals(original: Callable[..., tuple[int, int]], *arguments: Any) -> tuple[int, int]:
        included, excluded = original(*arguments)
        return included, (0 if included else excluded)


@mutant(
    "terms-ignored",
    "Criteria for a term of a rule mean nothing.",
    Kind.VERDICT,
    "selection-03 selection-04 selection-10 selection-18",
)
def terms_ignored() -> None:
    from refimpl.evaluation import drafts

    @changed(drafts, "matchers")
    def matchers(original: Callable[..., Any], code: str, _: object = (), collections: Any = ()) -> Any:
        return original(code, (), collections)


@mutant(
    "collections-ignored",
    "Criteria for a collection mean nothing.",
    Kind.VERDICT,
    "selection-11 selection-15 selection-21",
)
def collections_ignored() -> None:
    from refimpl.evaluation import drafts, selection

    for module in (drafts, selection):

        @changed(module, "matchers")
        def matchers(original: Callable[..., Any], code: str, terms: Any = (), _: object = ()) -> Any:
            return original(code, terms)


@mutant(
    "warnings-are-violations",
    "What a policy warns of counts as a violation.",
    Kind.VERDICT,
    "result-01 selection-01 layers-01 layers-05",
)
def warnings_are_violations() -> None:
    from refimpl.evaluation.outcome import Judgement

    @changed(Judgement, "_place_warning")
    def place_warning(_: object, self: Any, draft: Any) -> None:
        self._violations.append(draft)


@mutant(
    "unknown-names-pass",
    "An include that matches nothing is passed over in silence.",
    Kind.VERDICT,
    "selection-12 selection-13 selection-14",
)
def unknown_names_pass() -> None:
    from refimpl.evaluation.outcome import Judgement

    @changed(Judgement, "outcome")
    def outcome(original: Callable[..., Any], self: Any) -> Any:
        self._missing = {}
        return original(self)


@mutant(
    "successes-doubled",
    "Each rule that passes is counted twice.",
    Kind.VERDICT,
    "selection-01 happy-01 layers-01",
)
def successes_doubled() -> None:
    from refimpl.evaluation.outcome import Judgement, Outcome

    @changed(Judgement, "outcome")
    def outcome(original: Callable[..., Any], self: Any) -> Any:
        found = original(self)
        return Outcome(found.violations, found.warnings, found.successes * 2)


@mutant(
    "waivers-for-ever",
    "An exclusion that isn't in force yet, or any more, counts all the same.",
    Kind.VERDICT,
    "volatile-03 volatile-05 volatile-06",
)
def waivers_for_ever() -> None:
    from refimpl.evaluation import criteria

    @changed(criteria, "_active")
    def active(*_: object) -> bool:
        return True


@mutant(
    "severity-ignored",
    "The severity that a result gives itself moves nothing.",
    Kind.VERDICT,
    "result-04",
)
def severity_ignored() -> None:
    from refimpl.evaluation import outcome

    @changed(outcome, "_severity")
    def severity(*_: object) -> str:
        return ""
