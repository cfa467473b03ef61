"""Hands components to Dask workers in batches, a fixed number of them at a time, and takes what comes of them."""

from __future__ import annotations

import logging
import pickle
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from refimpl.command_line.version import VERSION
from refimpl.commands.dask.cluster import connect
from refimpl.commands.dask.grouping import LARGEST, SMALLEST, Repositories, batch_size, home_of
from refimpl.commands.dask.placement import Placement
from refimpl.commands.dask.plan import Plan, content_of, pack
from refimpl.commands.dask.progress import Progress, progress_on_terminal
from refimpl.commands.dask.stage import Sent, Stage
from refimpl.errors import Error, TimeoutExceededError
from refimpl.http.transport import close_idle
from refimpl.ndjson.writing import destinations
from refimpl.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from distributed import Future

    from refimpl.command_line.options import Options
    from refimpl.commands.component import Judge, Judged, Judging
    from refimpl.commands.dask.cluster import Worker, Workers
    from refimpl.commands.dask.grouping import Batch, Item
    from refimpl.commands.dask.placement import Layers
    from refimpl.commands.dask.worker import Answer
    from refimpl.commands.setup import Setup
    from refimpl.commands.snapshot import Component
    from refimpl.deadline import Deadline
    from refimpl.policy.sources.workspace import Workspace
    from refimpl.verify.roots import Roots

_log = logging.getLogger(__name__)

_AHEAD = 2
"""Batches on their way for each that is judged: one that is judged, and one that waits at the worker."""
_MOST = 512  # batches on their way
_PAUSE = 0.1  # seconds without a line, after which batches needn't be full
_FRESH = 3.0  # seconds for which it is known who the workers are
_ENDING = 5.0  # seconds for workers to release the run
_SHOWN = 3  # images
_TRIES = 4  # of a batch by which policy engines end, as often as Dask has one judged by which workers do


@contextmanager
def judging_on_dask(
    judging: Callable[..., AbstractContextManager[Judging]],
    setup: Setup,
    options: Options,
    *,
    environ: Any,
    workspace: Workspace,
    roots: Roots,
    deadline: Deadline,
) -> Iterator[Judge]:
    """What judges components by what was set up, with Dask workers; each is told when its batch is done.

    Args:
        judging: makes what judges in a worker; workers import it by its name.
        setup: what components are judged by; sources, keys and trust travel as content.
        options: of the command line.
        environ: of the process.
        workspace: holds the sources.
        roots: of trust.
        deadline: ends it all.

    Raises:
        Error: the workers can't be had.
    """
    content = content_of(
        judging,
        setup,
        options,
        environ,
        folder=workspace.path,
        roots=roots,
        now=time.time_ns(),
        local=not options.scheduler,
    )
    close_idle()
    with connect(options, workspace.path, deadline) as workers:
        plan = Plan(uuid.uuid4().hex, VERSION, deadline.remaining(), pack(content))
        count = setup.size
        shows_lines = any(not one.path for one in destinations(options.output))

        def judge(components: Iterable[Component], ended: Callable[[int], None] = lambda _: None) -> Iterator[Judged]:
            with progress_on_terminal(
                workers.scheduler, workers.dashboard, environ, lines_on_stdout=shows_lines
            ) as progress:
                run = _Run(workers, plan, count, more=setup.listed and count >= 2 * SMALLEST, progress=progress)
                try:
                    for number, outcome in run.judge(components, deadline):
                        ended(number)
                        yield number, outcome
                finally:
                    run.stop()
            _end_on_workers(workers, plan.run)

        yield judge


class _Run:
    """Components on their way to workers, and back."""

    def __init__(self, workers: Workers, plan: Plan, count: int, *, more: bool, progress: Progress) -> None:
        from refimpl.commands.dask.worker import judge_batch, read_batch

        self._workers = workers
        self._plan = workers.client.submit(Plan, *plan.__reduce__()[1], key=f"ec-ref-plan-{plan.run}", pure=False)
        self._name = plan.run
        self._count = count
        self._more = more
        self._progress = progress
        self._known: dict[str, Worker] = {}
        self._known_until = 0.0
        self._unfit: set[str] = set()
        self._batches = self._handed_out = 0
        self._events: SimpleQueue[Any] = SimpleQueue()
        self._look_for_workers()
        held = _AHEAD * LARGEST * max(1, len(self._known))
        self._reading = Stage(read_batch, held=held // _AHEAD, ahead=1, priority=1)
        self._judging = Stage(judge_batch, held=held, ahead=_AHEAD, priority=0)
        self._repositories, self._placement = Repositories(), Placement()
        self._room = threading.Semaphore(2 * held)
        self._ended = self._stopped = False

    def judge(self, components: Iterable[Component], deadline: Deadline) -> Iterator[Judged]:
        """What came of each component, with its number from 0."""
        threading.Thread(target=self._read, args=(components,), name="components", daemon=True).start()
        while not (self._ended and self._reading.is_empty and self._judging.is_empty):
            paused = False
            try:
                event = self._events.get(timeout=deadline.cap(_PAUSE))
            except Empty:
                deadline.check()
                paused = True
            else:
                yield from self._take(event, deadline)
            self._send(self._reading, all_there_is=paused or self._ended)
            self._send(self._judging, all_there_is=paused or (self._ended and self._reading.is_empty))
            self._show()

    def stop(self) -> None:
        """Want nothing any more."""
        self._stopped = True
        self._room.release()
        with suppress(Exception):
            self._workers.client.cancel([*self._reading.sent, *self._judging.sent], force=True)

    def _read(self, components: Iterable[Component]) -> None:
        """Read ahead, as far as there is room."""
        try:
            for numbered in enumerate(components):
                self._room.acquire()
                if self._stopped:
                    return
                self._events.put(numbered)
            self._events.put(None)
        except BaseException as error:  # noqa: BLE001 - whoever takes the outcomes raises it
            self._events.put(error)

    def _take(self, event: Any, deadline: Deadline) -> Iterator[Judged]:
        if event is None:
            self._ended = True
        elif isinstance(event, BaseException):
            raise event
        elif isinstance(event, tuple):
            self._begin(*event)
        else:
            yield from self._read_answer(event, deadline)

    def _begin(self, number: int, component: Component) -> None:
        """Let one wait for its manifest to be read, or for its verdict, where the manifest decides nothing."""
        item = (number, component, b"")
        names = self._names()
        if len(names) > 1 and not (component.problem or component.known_digest or component.unknown):
            self._reading.waiting.add(item, home_of(self._repositories.of(component), names))
        else:
            self._await_judgement(item, ())

    def _await_judgement(self, item: Item, layers: Layers) -> None:
        home = self._placement.place(self._repositories.of(item[1]), layers, self._names())
        self._judging.waiting.add(item, home)

    def _send(self, stage: Stage, *, all_there_is: bool) -> None:
        """Send what is due, as long as not too much is on its way."""
        at_a_time = max(1, sum(worker.threads for worker in self._known.values()))
        while len(stage.sent) < min(_MOST, stage.ahead * at_a_time):
            size = batch_size(self._count, sent=self._handed_out, workers=at_a_time, more=self._more)
            due = stage.waiting.take(size, all_there_is=all_there_is, is_busy=stage.is_busy)
            if due is None:
                return
            home, batch = due
            if stage is self._judging:
                self._handed_out += len(batch)
            self._submit(stage, Sent(home, batch))

    def _submit(self, stage: Stage, sent: Sent) -> None:
        """Send a batch to a worker, which others may take from it; to any that is fit, once one isn't."""
        self._look_for_workers()
        if self._workers.client.status != "running":
            raise self._describe_loss()
        fit = [worker.address for worker in self._known.values() if worker.address not in self._unfit]
        home = self._known.get(sent.home)
        self._batches += 1
        future = self._workers.client.submit(
            stage.work,
            self._plan,
            pickle.dumps(sent.batch),
            parts=max(1, len(self._known)),
            local=self._workers.local,
            key=f"ec-ref-{self._name}-{self._batches}",
            workers=fit if self._unfit or home is None else [home.address],
            allow_other_workers=not self._unfit,
            priority=stage.priority,
            pure=False,
        )
        stage.add(future, sent)
        future.add_done_callback(self._events.put)

    def _read_answer(self, future: Future[bytes], deadline: Deadline) -> Iterator[Judged]:
        stage = self._reading if future in self._reading.sent else self._judging
        sent = stage.remove(future)
        answer = self._answer(future, sent.batch, deadline)
        if isinstance(answer.error, TimeoutExceededError):
            raise deadline.timeout_error()
        if answer.error is not None:
            raise answer.error
        if answer.unfit:
            _log.warning("a worker at %s can't judge, and others do: %s", answer.worker, answer.unfit)
            self._unfit.add(answer.worker)
            if self._unfit.issuperset(worker.address for worker in self._known.values()):
                raise Error(f"no worker can judge; the one at {answer.worker} says: {answer.unfit}")
            self._submit(stage, sent)
        elif answer.doubt and sent.tries < _TRIES:
            _log.warning("images are judged again that a worker at %s had: %s", answer.worker, answer.doubt)
            self._submit(stage, replace(sent, tries=sent.tries + 1))
        elif stage is self._reading:
            read = dict(answer.found)
            for number, component, _ in sent.batch:
                answers, layers = read.get(number, (b"", ()))
                self._await_judgement((number, component, answers), layers)
        else:
            self._placement.finish(sent.home, len(sent.batch))
            self._progress.judged += len(answer.found)
            self._room.release(len(sent.batch))
            yield from answer.found

    def _answer(self, future: Future[bytes], batch: Batch, deadline: Deadline) -> Answer:
        if future.cancelled():
            raise self._describe_loss()
        try:
            data = future.result(timeout=deadline.remaining())
        except TimeoutError:
            raise deadline.timeout_error() from None
        except Exception as error:  # noqa: BLE001 - whatever Dask met
            if self._workers.client.status != "running" or future.cancelled():
                raise self._describe_loss() from None
            raise _undone(error, batch) from None
        future.release()
        found: Answer = pickle.loads(data)  # noqa: S301 - Dask's own messages are pickles, too
        return found

    def _describe_loss(self) -> Error:
        return Error(
            f"the connection to Dask's scheduler at {self._workers.scheduler} was lost; "
            "what --output ndjson has written stays, and --resume continues from there"
        )

    def _names(self) -> tuple[str, ...]:
        return tuple(name for name, worker in self._known.items() if worker.address not in self._unfit) or ("",)

    def _look_for_workers(self) -> None:
        """Find out who the workers are, now and then; if there are none for a while, batches wait."""
        if time.monotonic() < self._known_until:
            return
        self._known_until = time.monotonic() + _FRESH
        with suppress(Exception):  # whatever it is, those who wait for batches see it, too
            found = self._workers.find()
            if not found and self._known:
                _log.warning("there are no workers at %s any more; waiting for one", self._workers.scheduler)
            self._known = found

    def _show(self) -> None:
        self._progress.show(
            waiting=self._reading.waiting.count + self._judging.waiting.count,
            on_the_way=len(self._reading.sent) + len(self._judging.sent),
            workers=len(self._known),
            read=self._ended,
        )


def _undone(error: Exception, batch: Batch) -> Error:
    """What Dask says of a batch that it gave up."""
    from distributed import KilledWorker

    images = [component.container_image for _, component, _ in batch]
    shown = ", ".join(images[:_SHOWN]) + (f" and {len(images) - _SHOWN} more" if len(images) > _SHOWN else "")
    if isinstance(error, KilledWorker):
        return Error(
            f"{error.allowed_failures + 1} workers ended while they judged {shown}; "
            "there may have been too little memory for them"
        )
    if isinstance(error, ImportError):
        return Error(f"workers need ec-ref {VERSION}, as the one that was started is: {error}")
    return Error(f"workers can't judge {shown}: {type(error).__name__}: {' '.join(str(error).split())}")


def _end_on_workers(workers: Workers, run: str) -> None:
    """Have workers release the run; those that don't soon do it when they see that nobody needs it any more."""
    from refimpl.commands.dask.worker import end_run

    with suppress(Exception):
        workers.client.sync(workers.client.run, end_run, run, callback_timeout=_ENDING)
