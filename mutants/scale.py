"""Faults in judging images in several processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []


@mutant(
    "layers-for-each-process",
    "Processes of one run don't wait for each other's downloads.",
    Kind.SCALE,
    "processes-01.1 processes-01.2",
)
def layers_for_each_process() -> None:
    from refimpl.layers.layers import Layers

    @change(Layers, "share")
    def share(*_: object) -> None:
        return


@mutant(
    "answers-for-each-process",
    "What one process of a run has asked a registry for, another one asks for again.",
    Kind.SCALE,
    "processes-02",
)
def answers_for_each_process() -> None:
    from refimpl.oci.client import Client

    @change(Client, "share")
    def share(*_: object) -> None:
        return


@mutant(
    "attestations-left-behind",
    "What a process found out of attestations isn't told to the one that reports.",
    Kind.SCALE,
    "processes-03",
)
def attestations_left_behind() -> None:
    from refimpl.record import replace as with_changes

    def lose(outcome: Any) -> Any:
        return with_changes(outcome, result=with_changes(outcome.result, attestations=()))

    _change_outcomes(lambda outcomes: [(number, lose(outcome)) for number, outcome in outcomes])


@mutant(
    "numbered-as-they-come",
    "Outcomes of several processes count in the order in which they come.",
    Kind.SCALE,
    "processes-04",
)
def numbered_as_they_come() -> None:
    _change_outcomes(lambda outcomes: [*enumerate(outcome for _, outcome in reversed(outcomes))])


@mutant(
    "dead-process-skipped",
    "What a process had to judge that was killed is left out of the report.",
    Kind.SCALE,
    "processes-05",
)
def dead_process_skipped() -> None:
    from refimpl.system.processes import _ProcessPool

    @change(_ProcessPool, "_receive")
    def receive(original: Callable[..., Any], crew: Any, process: Any) -> Any:
        message = original(crew, process)
        return None if "was ended by" in str(message) else message


@mutant(
    "late-outcomes-skipped",
    "What isn't judged when the time is over is left out of the report.",
    Kind.SCALE,
    "processes-06",
)
def late_outcomes_skipped() -> None:
    from refimpl.errors import TimeoutExceededError
    from refimpl.system.processes import _ProcessPool

    @change(_ProcessPool, "work")
    def work(original: Callable[..., Any], crew: Any, things: Any, deadline: Any) -> Iterator[Any]:
        try:
            yield from original(crew, things, deadline)
        except TimeoutExceededError:
            return


@mutant(
    "processes-of-other-sessions",
    "The processes are sessions of their own, which nobody ends with the run.",
    Kind.SCALE,
    "processes-07.1 processes-07.2",
)
def processes_of_other_sessions() -> None:
    from refimpl.system import processes

    def leave(_: int) -> None:
        if os.fork():
            os._exit(0)
        os.setsid()

    replace(processes, "die_with", leave)


@mutant(
    "processes-outlive-the-first",
    "When the process that was started is killed, those that judge continue.",
    Kind.SCALE,
    "processes-08",
)
def processes_outlive_the_first() -> None:
    from refimpl.system import processes

    replace(processes, "die_with", lambda _: None)


@mutant(
    "any-number-of-processes",
    "No process at all is as good as one.",
    Kind.SCALE,
    "processes-09.1",
)
def any_number_of_processes() -> None:
    from refimpl.command_line.commands import VALIDATE_IMAGE

    for flag in VALIDATE_IMAGE.local:
        flag.automatic = False


def _change_outcomes(alter: Callable[[list[tuple[int, Any]]], list[tuple[int, Any]]]) -> None:
    from refimpl.commands import processes

    @change(processes, "work_in_processes")
    def work(original: Callable[..., Any], *arguments: Any, **named: Any) -> Iterator[tuple[int, Any]]:
        yield from alter(sorted(original(*arguments, **named), key=lambda one: one[0]))


@mutant(
    "pace-ignored",
    "Registries are asked as fast as they answer, whatever was said.",
    Kind.SCALE,
    "budget-01.1 budget-01.2",
)
def pace_ignored() -> None:
    from refimpl.oci.budget import Budget

    @change(Budget, "turn")
    def turn(*_: object) -> float:
        return 0.0


@mutant(
    "pace-for-each-process",
    "Each process asks as fast as all together may.",
    Kind.SCALE,
    "budget-01.2",
)
def pace_for_each_process() -> None:
    from refimpl.oci.budget import Budget

    @change(Budget, "__init__")
    def init(original: Callable[..., None], budget: Any, *arguments: Any, **named: Any) -> None:
        original(budget, *arguments, **named)
        replace(budget, "_memory", bytearray(budget._memory[:]))  # noqa: SLF001 - what processes share


@mutant(
    "bytes-uncounted",
    "What registries send counts for nothing.",
    Kind.SCALE,
    "budget-02",
)
def bytes_uncounted() -> None:
    from refimpl.oci.budget import Budget

    @change(Budget, "note_received")
    def note_received(*_: object) -> None:
        return


@mutant(
    "refusals-forgotten",
    "Of a registry that has had too many requests, others ask on.",
    Kind.SCALE,
    "budget-03",
)
def refusals_forgotten() -> None:
    from refimpl.oci.budget import Budget

    @change(Budget, "note_refused")
    def note_refused(*_: object) -> None:
        return


@mutant(
    "any-pace",
    "A pace below zero, or one that is no number, is as good as none.",
    Kind.SCALE,
    "budget-04.1 budget-04.2",
)
def any_pace() -> None:
    from refimpl.command_line.commands import VALIDATE_IMAGE

    for flag in VALIDATE_IMAGE.local:
        flag.natural = False
