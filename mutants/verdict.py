"""Faults in judging components and in reporting what came of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacing import changed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "order-of-completion",
    "The report has the components in the order in which they were ready.",
    Kind.VERDICT,
    "cache-21",
)
def order_of_completion() -> None:
    from refimpl.examination import Examination
    from refimpl.report.model import Report

    lock = threading.Lock()
    ready: list[str] = []

    @changed(Examination, "examine")
    def examine(original: Callable[..., Any], self: Any, component: Any) -> Any:
        found = original(self, component)
        with lock:
            ready.append(component.name)
        return found

    @changed(Report, "__post_init__")
    def in_order(_: object, self: Any) -> None:
        found = tuple(sorted(self.components, key=lambda one: ready.index(one.name)))
        object.__setattr__(self, "components", found)
