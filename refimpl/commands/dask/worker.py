"""What a Dask worker carries out. Our errors go back in answers: those that Dask raises are its own."""

from __future__ import annotations

import asyncio
import os
import pickle
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from distributed import get_worker

from refimpl.command_line.version import VERSION
from refimpl.commands.dask.plan import Place, Plan, UnfitError
from refimpl.commands.snapshot import registry_of
from refimpl.errors import Error, InternalError, NotSupportedError
from refimpl.layers.directory import UnusableError, user_cache_directory
from refimpl.record import record
from refimpl.system.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from distributed import Worker

    from refimpl.commands.component import Judged
    from refimpl.commands.dask.grouping import Batch
    from refimpl.commands.snapshot import Component

_plans: weakref.WeakSet[Plan] = weakref.WeakSet()


@record
class Answer:
    """What a worker says of a batch.

    Attributes:
        worker: its address.
        judged: what came of components, with their numbers.
        unfit: why this worker can't judge.
        error: why the run can't continue.
    """

    worker: str
    judged: tuple[Judged, ...] = ()
    unfit: str = ""
    error: Error | None = None


def judge_batch(plan: Plan, batch: bytes, *, parts: int, local: bool) -> bytes:
    """Judge components, in a thread of the worker's.

    Args:
        plan: what they are judged by.
        batch: pickled, with their numbers.
        parts: how many workers there are.
        local: whether the worker is on the machine of whoever asks, and was made for this run.

    Returns:
        An `Answer`, pickled.
    """
    worker = get_worker()
    if plan.version != VERSION:
        words = f"the worker at {worker.address} has ec-ref {VERSION}, but the one that was started is {plan.version}"
        return pickle.dumps(Answer(worker.address, error=NotSupportedError(words)))
    try:
        judge = plan.judge(_place(worker, local=local), parts)
        _plans.add(plan)
        given: Batch = pickle.loads(batch)  # noqa: S301 - Dask's own messages are pickles, too
        turns = Turns(given, lambda one: registry_of(one[1]))
        wanted = _while_wanted(turns, worker, worker.get_current_task())
        outcomes = ((turns.done(handed)[1][0], outcome) for handed, outcome in judge(wanted, turns.ended))
        answer = Answer(worker.address, tuple(outcomes))
    except UnfitError as error:
        answer = Answer(worker.address, unfit=str(error))
    except Error as error:
        answer = Answer(worker.address, error=error)
    except Exception as error:  # noqa: BLE001 - whoever asked tells it
        answer = Answer(worker.address, error=InternalError.of(error))
    return pickle.dumps(answer)


async def end_run(run: str) -> None:
    """Release what a run has here; the worker itself continues meanwhile."""
    ended = [plan for plan in _plans if plan.run == run]
    await asyncio.gather(*(asyncio.to_thread(plan.close) for plan in ended))


def _while_wanted(components: Iterable[tuple[int, Component]], worker: Worker, task: Any) -> Iterator[Component]:
    """The components, until whoever asked for them has gone or asks for nothing any more."""
    for _, component in components:
        known = worker.state.tasks.get(task)
        if known is None or known.state not in ("executing", "long-running"):
            return
        yield component


def _place(worker: Worker, *, local: bool) -> Place:
    environ: Mapping[str, str] = dict(os.environ)
    cache = environ
    if local:
        with suppress(UnusableError):
            own = user_cache_directory(environ) / "ec" / "dask" / str(worker.name)
            cache = {**environ, "XDG_CACHE_HOME": str(own)}
    return Place(environ, worker.local_directory, cache)
