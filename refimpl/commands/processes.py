"""Components judged in several processes, which ask for nothing twice (docs/scale.md)."""

from __future__ import annotations

import gc
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from refimpl.errors import Error, NotSupportedError
from refimpl.evaluation.evaluators import write_sources
from refimpl.golang.oserrors import reason
from refimpl.http.transport import close_idle
from refimpl.system.exchange import Exchange
from refimpl.system.processes import work_in_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from refimpl.command_line.options import Options
    from refimpl.commands.component import Judge, Judged
    from refimpl.commands.setup import Services, Setup
    from refimpl.commands.snapshot import Component


_RING_OF_LISTS = 16 << 20
"""Bytes that are kept for others where images come and go: most of what one needs no other one asks for."""
_PATIENCE = 5.0  # seconds for all threads that are ending


@contextmanager
def judging_in_processes(
    processes: int,
    judging: Callable[[int, Exchange, int], AbstractContextManager[Judge]],
    exchange: Exchange,
    setup: Setup,
    options: Options,
    services: Services,
) -> Iterator[Judge]:
    """What judges components by what was set up, in so many processes.

    All that they share is found out before they are made: sources, keys and trust. What one of them asks a registry for
    is told to the others. Together they judge no more components at a time than one process would, but each judges one.

    Args:
        processes: how many.
        judging: makes in each of them what judges there; it gets the number of components at a time less one, what all
            know, and the time.
        exchange: what they know together.
        setup: what components are judged by.
        options: of the command line.
        services: what the run works with; its deadline ends them all.

    Raises:
        Error: they can't be made.
    """
    now = time.time_ns()
    write_sources(
        setup.policy,
        setup.fetched,
        key=setup.key,
        ignore_rekor=options.ignore_rekor,
        workspace=services.workspace,
        now=now,
    )
    services.client.share(exchange)
    room = shares(options.workers + 1, processes)

    def serve(number: int, components: Iterator[Component]) -> Iterator[Judged]:
        with judging(room[number] - 1, exchange, now) as judge:
            yield from judge(components)

    def judge(components: Iterable[Component], ended: Callable[[int], None] = lambda _: None) -> Iterator[Judged]:
        _release_inherited()
        return work_in_processes(serve, components, room=room, deadline=services.deadline, ended=ended)

    yield judge


def make_exchange(*, asked: bool, listed: bool = False) -> Exchange | None:
    """What processes know together; None where the system has none, so that one process judges all.

    Raises:
        NotSupportedError: the system has no copies of processes.
        Error: it can't be had, and several processes were asked for.
    """
    if sys.platform == "win32":
        raise NotSupportedError("--processes is not supported on Windows")
    try:
        return Exchange(_RING_OF_LISTS) if listed else Exchange()
    except OSError as error:
        if not asked:
            return None
        raise Error(f"unable to share memory between processes: {reason(error)}; use --processes 1") from None


def shares(total: int, count: int) -> list[int]:
    """`total` in `count` nearly equal parts, none of them less than one."""
    return [max(1, total // count + (number < total % count)) for number in range(count)]


def _release_inherited() -> None:
    """Give up what a copy of this process couldn't have: connections, and threads, which are ending."""
    close_idle()
    until = time.monotonic() + _PATIENCE
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, until - time.monotonic()))
    gc.freeze()  # what is there isn't looked through, and so not copied, in each of them
