"""Faults in telling which rules count: criteria, waivers, intentions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "exclude-always-wins",
    "What is excluded stays out, however exactly it is included.",
    Kind.CRITERIA,
    "selection-15 selection-19 selection-20",
)
def exclude_always_wins() -> None:
    from refimpl.evaluation.specificity import CriteriaMatcher

    @change(CriteriaMatcher, "totals")
    def totals(original: Callable[..., tuple[int, int]], *arguments: Any) -> tuple[int, int]:
        included, excluded = original(*arguments)
        return (0 if excluded else included), excluded


@mutant(
    "include-always-wins",
    "What is included stays in, however exactly it is excluded.",
    Kind.CRITERIA,
    "selection-16 selection-17 selection-18",
)
def include_always_wins() -> None:
    from refimpl.evaluation.specificity import CriteriaMatcher

    @change(CriteriaMatcher, "totals")
    def totals(original: Callable[..., tuple[int, int]], *arguments: Any) -> tuple[int, int]:
        included, excluded = original(*arguments)
        return included, (0 if included else excluded)


@mutant(
    "terms-ignored",
    "Criteria for a term of a rule mean nothing.",
    Kind.CRITERIA,
    "selection-03 selection-04 selection-10 selection-18",
)
def terms_ignored() -> None:
    from refimpl.evaluation import candidate

    @change(candidate, "criterion_texts")
    def criterion_texts(original: Callable[..., Any], code: str, _: object = (), collections: Any = ()) -> Any:
        return original(code, (), collections)


@mutant(
    "collections-ignored",
    "Criteria for a collection mean nothing.",
    Kind.CRITERIA,
    "selection-11 selection-15 selection-21",
)
def collections_ignored() -> None:
    from refimpl.evaluation import candidate, selection

    for module in (candidate, selection):

        @change(module, "criterion_texts")
        def criterion_texts(original: Callable[..., Any], code: str, terms: Any = (), _: object = ()) -> Any:
            return original(code, terms)


@mutant(
    "unknown-names-pass",
    "An include that matches nothing is passed over in silence.",
    Kind.CRITERIA,
    "selection-12 selection-13 selection-14",
)
def unknown_names_pass() -> None:
    from refimpl.evaluation.collector import ResultCollector

    @change(ResultCollector, "outcome")
    def outcome(original: Callable[..., Any], self: Any) -> Any:
        self._missing = {}
        return original(self)


@mutant(
    "waivers-for-ever",
    "An exclusion that isn't in force yet, or any more, counts all the same.",
    Kind.CRITERIA,
    "volatile-03 volatile-05 volatile-06",
)
def waivers_for_ever() -> None:
    from refimpl.evaluation import criteria

    @change(criteria, "_active")
    def active(*_: object) -> bool:
        return True


@mutant(
    "waivers-for-everybody",
    "What is said of one image or component counts for all of them.",
    Kind.CRITERIA,
    "volatile-08 volatile-10 volatile-11 volatile-12 volatile-15",
)
def waivers_for_everybody() -> None:
    from refimpl.evaluation.criteria import Items

    @change(Items, "select")
    def select(_: object, self: Any, *__: object) -> tuple[str, ...]:
        return (*self.unscoped, *(item for items in self.by_component.values() for item in items))


@mutant(
    "criteria-weigh-the-same",
    "An exact criterion weighs no more than one for everything.",
    Kind.CRITERIA,
    "selection-18",
)
def criteria_weigh_the_same() -> None:
    from refimpl.evaluation import specificity

    replace(specificity, "score", lambda _: 1)


@mutant(
    "excluded-rules-succeed",
    "A rule that is excluded is reported as passed.",
    Kind.CRITERIA,
    "selection-02 selection-07",
)
def excluded_rules_succeed() -> None:
    from refimpl.evaluation.collector import ResultCollector

    @change(ResultCollector, "_keeps")
    def keeps(original: Callable[..., bool], self: Any, candidate: Any, selected: Any) -> bool:
        return candidate.msg == "Pass" or original(self, candidate, selected)


@mutant(
    "intentions-ignored",
    "What the pipeline is for doesn't count, though it should.",
    Kind.CRITERIA,
    "intention-01 intention-02 intention-03 intention-04",
)
def intentions_ignored() -> None:
    from refimpl.evaluation import evaluator

    replace(evaluator, "intention", lambda _: None)
