"""Work on many items in several processes, until all is done, one of them fails or the time is over.

The processes are copies of the one that asks, from before it has threads. It hands out items and takes what comes of
them, and does nothing else; each copy takes the next item as soon as it has room for one. When the asking process
ends, however it does, the system ends the copies.
"""

from __future__ import annotations

import os
import pickle
import threading
from itertools import count
from multiprocessing import connection
from queue import SimpleQueue
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, Generic, TypeVar

from refimpl.errors import Error, InternalError
from refimpl.golang.oserrors import reason
from refimpl.system.supervisor import die_with

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from refimpl.deadline import Deadline

_LONGEST = 86400.0  # seconds; systems can't be asked to wait for much longer

_T = TypeVar("_T")
_R = TypeVar("_R")


def work_in_processes(
    serve: Callable[[int, Iterator[_T]], Iterable[tuple[int, _R]]],
    items: Iterable[_T],
    *,
    room: Iterable[int],
    deadline: Deadline,
    ended: Callable[[int], None] = lambda _: None,
) -> Generator[tuple[int, _R]]:
    """What came of each item, with its number from 0, as soon as it is done.

    Args:
        serve: called in each process, with the number of the process and the items that it gets; yields what comes of
            them, with their numbers there.
        items: taken when a process has room for one.
        room: how many items each process may have at a time; there are as many processes as there are numbers, or as
            many as the system lets be made.
        deadline: ends the work.
        ended: told the number of each item that nobody works on any more, before another one is taken.

    Raises:
        Error: what `serve` or `items` raised, or a process died; all of them are ended.
        TimeoutExceededError: the time is over.
    """
    pool: _ProcessPool[_T, _R] = _ProcessPool(serve, [*room])
    try:
        yield from pool.work(items, deadline, ended)
    finally:
        pool.end()


class _Process:
    """One of them, as its parent sees it."""

    def __init__(self, number: int, room: int) -> None:
        self.number = number
        self.room = room
        self.taken, self.items = connection.Pipe(duplex=False)
        self.outcomes, self.told = connection.Pipe(duplex=False)
        self.living, self.alive = os.pipe()
        self.pid = 0

    def close_ours(self) -> None:
        """In a process that isn't the parent: close the parent's ends."""
        self.items.close()
        self.outcomes.close()
        os.close(self.alive)

    def close_its(self) -> None:
        """In the parent: close the process's ends."""
        self.taken.close()
        self.told.close()
        os.close(self.living)


class _ProcessPool(Generic[_T, _R]):
    """The processes, and who hands out items to them."""

    def __init__(self, serve: Callable[[int, Iterator[_T]], Iterable[tuple[int, _R]]], room: list[int]) -> None:
        self._count = len(room)
        self._processes: list[_Process] = []
        self._free: SimpleQueue[_Process | None] = SimpleQueue()
        self._failed, self._failing = connection.Pipe(duplex=False)
        try:
            for number, most in enumerate(room):
                self._start(_Process(number, most), serve)
        except OSError as error:  # too many processes, or open files: those that are there do
            if not self._processes:
                raise Error(f"unable to start {len(room)} processes: {reason(error)}; use --processes 1") from None
        for place in range(max(room)):
            for process in self._processes:
                if place < process.room:
                    self._free.put(process)

    def work(self, items: Iterable[_T], deadline: Deadline, ended: Callable[[int], None]) -> Generator[tuple[int, _R]]:
        """See `work_in_processes`."""
        threading.Thread(target=self._hand_out, args=(items,), name="components", daemon=True).start()
        with DefaultSelector() as waiting:
            waiting.register(self._failed, EVENT_READ)
            for process in self._processes:
                waiting.register(process.outcomes, EVENT_READ, process)
            working = len(self._processes)
            while working:
                ready = waiting.select(deadline.cap(_LONGEST))
                if not ready:
                    deadline.check()
                for each, _ in ready:
                    if each.data is None:
                        raise self._failed.recv()
                    message = self._receive(each.data)
                    if isinstance(message, BaseException):
                        raise message
                    if message is None:
                        waiting.unregister(each.fileobj)
                        working -= 1
                        continue
                    ended(message[0])
                    yield message
                    self._free.put(each.data)

    def end(self) -> None:
        """End them all, whatever they do."""
        import signal

        self._free.put(None)
        for process in self._processes:
            os.kill(process.pid, signal.SIGKILL)  # it isn't waited for yet, so the number is its own
        for process in self._processes:
            os.waitpid(process.pid, 0)
        self._processes.clear()

    def _start(self, process: _Process, serve: Callable[[int, Iterator[_T]], Iterable[tuple[int, _R]]]) -> None:
        process.pid = os.fork()
        if process.pid:
            process.close_its()
            self._processes.append(process)
            return
        status = 1
        try:
            for each in (*self._processes, process):
                each.close_ours()
            die_with(process.living)
            _serve(process, serve)
            status = 0
        finally:
            os._exit(status)

    def _hand_out(self, items: Iterable[_T]) -> None:
        """Take each item when a process has room for it, and give it to this one."""
        numbered = enumerate(items)
        try:
            while (process := self._free.get()) is not None:
                if (following := next(numbered, None)) is None:
                    break
                process.items.send_bytes(pickle.dumps(following, pickle.HIGHEST_PROTOCOL))
            for process in self._processes:
                process.items.close()
        except OSError:
            pass  # it died, and what it tells ends with it
        except BaseException as error:  # noqa: BLE001 - whoever takes the outcomes raises it
            self._failing.send(error)

    def _describe(self, code: int) -> Error:
        """What to say when one has ended that hasn't told all."""
        import signal

        several = "one of the processes that judge images"
        if code >= 0:
            return InternalError(f"{several} ended with status {code}")
        name = signal.Signals(-code).name
        hint = f"; there may have been too little memory for {self._count} of them" if name == "SIGKILL" else ""
        return Error(f"{several} was ended by {name}, so there is no report{hint}")

    def _receive(self, process: _Process) -> tuple[int, _R] | BaseException | None:
        """What a process tells: an outcome, what ended it, or None when it has done all."""
        try:
            message: tuple[int, _R] | BaseException | None = process.outcomes.recv()
        except (EOFError, OSError):
            _, status = os.waitpid(process.pid, 0)
            self._processes.remove(process)
            return self._describe(os.waitstatus_to_exitcode(status))
        return message


def _serve(process: _Process, serve: Callable[[int, Iterator[_T]], Iterable[tuple[int, _R]]]) -> None:
    """In the process: work, and tell what comes of it."""
    numbers: dict[int, int] = {}  # by those that they have here

    def items() -> Iterator[_T]:
        for here in count():
            try:
                numbers[here], item = process.taken.recv()
            except EOFError:
                return
            yield item

    try:
        for number, outcome in serve(process.number, items()):
            process.told.send_bytes(pickle.dumps((numbers.pop(number), outcome), pickle.HIGHEST_PROTOCOL))
    except BaseException as error:  # noqa: BLE001 - the parent raises it
        process.told.send(error if isinstance(error, Error) else InternalError.of(error))
    else:
        process.told.send(None)
