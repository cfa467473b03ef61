"""Work on several items at the same time, until all is done or the time is over."""

from __future__ import annotations

import threading
from collections.abc import Sized
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from refimpl.errors import ComponentError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from refimpl.deadline import Deadline

_T = TypeVar("_T")
_R = TypeVar("_R")

_WAITING = 2
"""How many results each thread may be ahead of who takes them."""


def run_each(
    work: Callable[[_T], _R],
    items: Iterable[_T],
    *,
    threads: int,
    name: str,
    deadline: Deadline,
    ended: Callable[[int], None] = lambda _: None,
) -> Generator[tuple[int, _R | ComponentError]]:
    """What `work` made of each item, with the item's number from 0, as soon as it is done.

    Things are taken when a thread is free for one, by that thread; results that nobody takes keep the threads waiting.
    When the iterator is closed, what still runs is left to its end, and nothing more is begun. Each thread tells the
    number of its item to `ended` before it takes another.

    Raises:
        Error: any but a component's own ends the work at once.
        TimeoutExceededError: the time is over.
    """
    if isinstance(items, Sized):
        threads = min(threads, len(items))
    pool = _ThreadPool(work, iter(items), threads, name, ended)
    pool.grow()
    try:
        while (done := _next(pool.done, deadline)) is not None:
            number, outcome = done
            if isinstance(outcome, BaseException) and not isinstance(outcome, ComponentError):
                raise outcome
            yield number, outcome
            pool.room.release()
    finally:
        pool.dismiss()


def run_all(work: Callable[[_T], _R], items: Sequence[_T], *, threads: int, name: str, deadline: Deadline) -> list[_R]:
    """What `work` made of each item, in their order.

    Raises:
        ComponentError: of all items that failed so, in their order, a line each.
        Error: any other ends the work at once.
        TimeoutExceededError: the time is over.
    """
    done = run_each(work, items, threads=threads, name=name, deadline=deadline)
    outcomes = [outcome for _, outcome in sorted(done, key=lambda one: one[0])]
    failures = [outcome for outcome in outcomes if isinstance(outcome, ComponentError)]
    if failures:
        raise ComponentError("\n".join(map(str, failures)))
    return [outcome for outcome in outcomes if not isinstance(outcome, ComponentError)]


def map_all(work: Callable[[_T], _R], items: Sequence[_T], *, threads: int, name: str) -> list[_R]:
    """What `work` made of each item, in their order.

    An error of any of them, or an interrupt of this thread, ends the wait at once; what still runs is left to its end.
    """
    if len(items) <= 1 or threads <= 1:
        return [work(item) for item in items]
    pool = ThreadPoolExecutor(min(threads, len(items)), name)
    try:
        futures = [pool.submit(work, item) for item in items]
        for future in wait(futures, return_when=FIRST_EXCEPTION).done:
            if future.exception() is not None:
                future.result()
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _next(done: SimpleQueue[_R], deadline: Deadline) -> _R:
    try:
        return done.get(timeout=deadline.remaining())
    except Empty:
        raise deadline.timeout_error() from None


class _ThreadPool(Generic[_T, _R]):
    """Threads that take items one after the other; what comes of them, and at last None, is in `done`.

    There is one more thread with each item that is taken, up to `threads`.
    """

    def __init__(
        self, work: Callable[[_T], _R], items: Iterator[_T], threads: int, name: str, ended: Callable[[int], None]
    ) -> None:
        self.done: SimpleQueue[tuple[int, _R | BaseException] | None] = SimpleQueue()
        self.room = threading.Semaphore(_WAITING * threads)
        self._work = work
        self._items = enumerate(items)
        self._threads = threads
        self._name = name
        self._tell = ended
        self._turn = threading.Lock()
        self._grown = 0
        self._busy = 0
        self._ended = False

    def grow(self) -> None:
        """Begin a thread if there may be one more; without any, all is done."""
        if self._grown == self._threads:
            if not self._threads:
                self.done.put(None)
            return
        thread = threading.Thread(target=self._run, name=f"{self._name}_{self._grown}", daemon=True)
        self._grown += 1
        self._busy += 1
        thread.start()

    def dismiss(self) -> None:
        """Have nothing more begun."""
        self._ended = True
        self.room.release(max(1, self._threads))

    def _run(self) -> None:
        while self._do_next():
            pass
        with self._turn:
            self._busy -= 1
            if not self._busy:
                self.done.put(None)

    def _do_next(self) -> bool:
        self.room.acquire()
        number = -1
        try:
            with self._turn:
                taken = None if self._ended else next(self._items, None)
                if taken is None:
                    self._ended = True
                    self.room.release()
                    return False
                self.grow()
            number, item = taken
            outcome: _R | BaseException = self._work(item)
        except BaseException as error:  # noqa: BLE001 - whoever takes the results raises it
            outcome = error
        if number >= 0:
            self._tell(number)
        self.done.put((number, outcome))
        return number >= 0
