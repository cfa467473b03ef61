"""Work on several things at the same time, until all is done or the time is over."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from refimpl.errors import ComponentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from refimpl.deadline import Deadline

__all__ = ["map_all", "run_all"]

_T = TypeVar("_T")
_R = TypeVar("_R")


def run_all(work: Callable[[_T], _R], things: Sequence[_T], *, threads: int, name: str, deadline: Deadline) -> list[_R]:
    """What `work` made of each thing, in their order.

    Raises:
        ComponentError: of all things that failed so, in their order, a line each.
        Error: any other ends the work at once.
        TimeoutExceededError: the time is over.
    """
    if not things:
        return []
    pool = ThreadPoolExecutor(threads, name)
    try:
        futures = [pool.submit(work, thing) for thing in things]
        _await(futures, deadline)
        failures = [error for future in futures if isinstance(error := future.exception(), ComponentError)]
        if failures:
            raise ComponentError("\n".join(str(error) for error in failures))
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def map_all(work: Callable[[_T], _R], things: Sequence[_T], *, threads: int, name: str) -> list[_R]:
    """What `work` made of each thing, in their order.

    An error of any of them, or an interrupt of this thread, ends the wait at once; what still runs is left to its end.
    """
    if len(things) <= 1 or threads <= 1:
        return [work(thing) for thing in things]
    pool = ThreadPoolExecutor(min(threads, len(things)), name)
    try:
        futures = [pool.submit(work, thing) for thing in things]
        for future in wait(futures, return_when=FIRST_EXCEPTION).done:
            if future.exception() is not None:
                future.result()
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _await(futures: Sequence[Future[_R]], deadline: Deadline) -> None:
    """Wait for all of them; what isn't a component's own error ends the wait at once.

    Each one is looked at once: `concurrent.futures.wait`, called anew for each that is done, looks at all of them.
    """
    done: SimpleQueue[Future[_R]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(done.put)
    for _ in futures:
        try:
            error = done.get(timeout=deadline.remaining()).exception()
        except Empty:
            raise deadline.exceeded() from None
        if error is not None and not isinstance(error, ComponentError):
            raise error
