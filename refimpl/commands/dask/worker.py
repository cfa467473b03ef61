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
from refimpl.commands.dask.manifests import look_up
from refimpl.commands.dask.plan import Place, Plan, UnfitError
from refimpl.commands.snapshot import registry_of
from refimpl.errors import Error, InternalError, NotSupportedError
from refimpl.layers.directory import UnusableError, user_cache_directory
from refimpl.oci.reference import parse
from refimpl.record import record
from refimpl.system.turns import Turns
from refimpl.system.workers import run_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from distributed import Worker

    from refimpl.commands.component import Judged, Judging
    from refimpl.commands.dask.grouping import Batch, Item
    from refimpl.commands.dask.placement import Layers
    from refimpl.commands.snapshot import Component

_plans: weakref.WeakSet[Plan] = weakref.WeakSet()

Read = tuple[bytes, "Layers"]
"""What registries said of a component: pickled `Answers`, and its largest layers."""


@record
class Answer:
    """What a worker says of a batch.

    Attributes:
        worker: its address.
        found: what came of components, or `Read` of them, with their numbers.
        doubt: why this may come of a bad moment of the worker's, so that somebody should look again.
        unfit: why this worker can't judge.
        error: why the run can't continue.
    """

    worker: str
    found: tuple[tuple[int, Any], ...] = ()
    doubt: str = ""
    unfit: str = ""
    error: Error | None = None


def judge_batch(plan: Plan, batch: bytes, *, parts: int, local: bool) -> bytes:
    """Judge components, in a thread of the worker's.

    Args:
        plan: what they are judged by.
        batch: pickled.
        parts: how many workers there are.
        local: whether the worker is on the machine of whoever asks, and was made for this run.

    Returns:
        An `Answer`, pickled.
    """

    def judge(judging: Judging, items: Iterator[Item], ended: Callable[[int], None]) -> Iterator[Judged]:
        def components() -> Iterator[Component]:
            for _, component, answers in items:
                if answers:
                    judging.client.learn(pickle.loads(answers))  # noqa: S301 - Dask's own messages are pickles, too
                yield component

        return judging.judge(components(), ended)

    return _carry_out(judge, plan, batch, parts, local=local)


def read_batch(plan: Plan, batch: bytes, *, parts: int, local: bool) -> bytes:
    """Read the manifests of components that aren't judged yet, so that those go together which share layers.

    Arguments and answer are those of `judge_batch`.
    """

    def read(judging: Judging, items: Iterator[Item], ended: Callable[[int], None]) -> Iterator[tuple[int, Any]]:
        client = judging.client

        def look_up_one(item: Item) -> Read:
            answers, layers = look_up(client, parse(item[1].container_image))
            return pickle.dumps(answers, pickle.HIGHEST_PROTOCOL), layers

        return run_each(
            look_up_one, items, threads=judging.at_a_time, name="manifest", deadline=client.deadline, ended=ended
        )

    return _carry_out(read, plan, batch, parts, local=local)


def _carry_out(
    work: Callable[[Judging, Iterator[Item], Callable[[int], None]], Iterator[tuple[int, Any]]],
    plan: Plan,
    batch: bytes,
    parts: int,
    *,
    local: bool,
) -> bytes:
    """What comes of a batch, or why nothing does."""
    worker = get_worker()
    if plan.version != VERSION:
        words = f"the worker at {worker.address} has ec-ref {VERSION}, but the one that was started is {plan.version}"
        return pickle.dumps(Answer(worker.address, error=NotSupportedError(words)))
    try:
        judging = plan.judging(_place(worker, local=local), parts)
        _plans.add(plan)
        given: Batch = pickle.loads(batch)  # noqa: S301 - as above
        turns = Turns(given, lambda one: registry_of(one[1]))
        wanted = _while_wanted(turns, worker, worker.get_current_task())
        found = ((turns.settle(handed)[1][0], outcome) for handed, outcome in work(judging, wanted, turns.end))
        answer = Answer(worker.address, tuple(found), str(judging.host.dead or ""))
        if answer.doubt:
            plan.close()  # the next batch gets a policy engine that lives
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


def _while_wanted(items: Iterable[Item], worker: Worker, task: Any) -> Iterator[Item]:
    """The components, until whoever asked for them has gone or asks for nothing any more."""
    for item in items:
        known = worker.state.tasks.get(task)
        if known is None or known.state not in ("executing", "long-running"):
            return
        yield item


def _place(worker: Worker, *, local: bool) -> Place:
    environ: Mapping[str, str] = dict(os.environ)
    cache = environ
    if local:
        with suppress(UnusableError):
            own = user_cache_directory(environ) / "ec" / "dask" / str(worker.name)
            cache = {**environ, "XDG_CACHE_HOME": str(own)}
    return Place(environ, worker.local_directory, cache)
