"""The policies of a source group, inspected and compiled once for a run while other work continues."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from refimpl.errors import Error
from refimpl.evaluation.rules import RuleSet
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from refimpl.deadline import Deadline
    from refimpl.rego.builtin import Builtin
    from refimpl.rego.engine import Engine, Program

_T = TypeVar("_T")


@record
class Sources:
    """Where a source group's files are (specification 11 §4.5).

    Attributes:
        inspected: the directory of each policy source, in the policy's order; one listed twice is inspected twice.
        policies: the directories to compile, such as ``WORK/policy``; they are named in error texts.
        data: the directories that hold data documents.
        documents: members of ``data`` that aren't files.
    """

    inspected: Sequence[Path]
    policies: Sequence[Path]
    data: Sequence[Path]
    documents: Mapping[str, Any] | None = None


@record
class Compiled:
    """Rules and program; neither changes any more."""

    rules: RuleSet
    program: Program


class Compilation:
    """Starts at once and is waited for when first needed.

    Args:
        engine: does the work.
        sources: of one source group.
        builtins: the ``ec.*`` functions.
        deadline: ends it.
    """

    def __init__(
        self, engine: Engine, sources: Sources, *, builtins: Sequence[Builtin] = (), deadline: Deadline | None = None
    ) -> None:
        self._rules = _start("inspect policies", lambda: _inspect(engine, sources.inspected, deadline))
        self._program = _start(
            "compile policies",
            lambda: engine.load(
                sources.policies, sources.data, builtins=builtins, documents=sources.documents, deadline=deadline
            ),
        )

    def result(self) -> Compiled:
        """What was made; waits for it.

        Raises:
            PolicyError: each time anew; inspection speaks first (specification 11 §5.1, §5.4).
            HostError: the engine is missing or died.
            TimeoutExceededError: the deadline passed.
        """
        return Compiled(self._rules.result(), self._program.result())

    def rules(self) -> RuleSet:
        """What inspection found; waits for it, not for the program. See `result`."""
        return self._rules.result()

    def close(self) -> None:
        """Forget the program, once it is there."""
        self._program.add_done_callback(_forget)


def _forget(program: Future[Program]) -> None:
    with suppress(Error):  # it was never made, or went with the engine
        program.result().close()


def _inspect(engine: Engine, directories: Sequence[Path], deadline: Deadline | None) -> RuleSet:
    rules = RuleSet()
    for directory in directories:
        rules.add(engine.inspect(directory, deadline=deadline))
    return rules


def _start(name: str, work: Callable[[], _T]) -> Future[_T]:
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            future.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return future
