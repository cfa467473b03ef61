"""How a list goes to workers and comes back: never more of it at a time than was said, whatever its length."""

from __future__ import annotations

import pickle
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.commands.dask.cluster import Workers
from refimpl.commands.dask.engine import _Run, _undone
from refimpl.commands.dask.grouping import LARGEST
from refimpl.commands.dask.plan import Plan
from refimpl.commands.dask.progress import Progress
from refimpl.commands.snapshot import Component
from refimpl.deadline import Deadline
from refimpl.errors import Error, TimeoutExceededError
from refimpl.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

worker = pytest.importorskip("refimpl.commands.dask.worker", reason="the extra isn't installed")

_IMAGES = 20_000


class _Future:
    """A batch on its way."""

    def __init__(self, work: object, batch: bytes, addresses: list[str]) -> None:
        self.reads = work is worker.read_batch
        self.batch = pickle.loads(batch)  # noqa: S301
        self.addresses = addresses
        self.answer: Any = None
        self.know: list[bool] = []
        self._called: SimpleQueue[Callable[[Any], None]] = SimpleQueue()

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        self._called.put(call)

    def end(self, answer: Any) -> None:
        self.answer = answer
        self._called.get()(self)

    def cancelled(self) -> bool:
        return self.answer is None

    def result(self, timeout: float | None) -> bytes:
        del timeout
        if isinstance(self.answer, Exception):
            raise self.answer
        return pickle.dumps(self.answer)

    def release(self) -> None:
        pass


class _Client:
    """A cluster of two workers, whose answers are those of `judge`."""

    status = "running"

    def __init__(self, judge: Callable[[_Future], Any]) -> None:
        self.batches: list[_Future] = []
        self.open = self.most = 0
        self._waiting: SimpleQueue[_Future] = SimpleQueue()
        self._judge = judge
        threading.Thread(target=self._work, daemon=True).start()

    def submit(self, function: object, *arguments: Any, **named: Any) -> Any:
        if function not in {worker.judge_batch, worker.read_batch}:
            return None
        future = _Future(function, arguments[1], named["workers"])
        self.batches.append(future)
        self.open += 1
        self.most = max(self.most, self.open)
        self._waiting.put(future)
        return future

    def cancel(self, *_: object, **__: object) -> None:
        pass

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        del n_workers
        return {"workers": {f"tcp://{number}": {"name": number, "nthreads": 1} for number in range(2)}}

    def _work(self) -> None:
        while True:
            future = self._waiting.get()
            answer = self._judge(future)
            self.open -= 1
            future.end(answer)


def _judge(future: _Future) -> Any:
    """Of an image's manifest its number is what registries said; its layer is its own."""
    if future.reads:
        found = ((number, (str(number).encode(), ((one.container_image, 1),))) for number, one, _ in future.batch)
        return worker.Answer("tcp://0", tuple(found))
    future.know = [answers == str(number).encode() for number, _, answers in future.batch]
    return worker.Answer("tcp://0", tuple((number, one.name) for number, one, _ in future.batch))


def _run(judge: Callable[[_Future], Any], *, count: int = 100, more: bool = True) -> tuple[_Run, _Client]:
    client: Any = _Client(judge)
    workers = Workers(client, "tcp://scheduler:1", local=False, dashboard="")
    return _Run(workers, Plan("run", "version", None, b""), count, more=more, progress=Progress(None)), client


def _components(read: list[int]) -> Iterator[Component]:
    for number in range(_IMAGES):
        read.append(number)
        yield Component(str(number), f"host/repository-{number % 50}:{number}")


def test_of_a_long_list_a_fixed_part_is_on_its_way() -> None:
    run, client = _run(_judge)
    read: list[int] = []
    seen: dict[int, Any] = {}
    furthest = 0
    for number, outcome in run.judge(_components(read), Deadline(120)):
        assert number not in seen
        seen[number] = outcome
        furthest = max(furthest, len(read) - len(seen))
    assert seen == {number: str(number) for number in range(_IMAGES)}
    assert client.most <= 6
    assert furthest <= 9 * LARGEST
    sizes = [len(future.batch) for future in client.batches if not future.reads]
    assert max(sizes) <= LARGEST
    assert len(sizes) < _IMAGES / 50
    assert sum(len(future.batch) for future in client.batches if future.reads) == _IMAGES
    assert all(all(future.know) for future in client.batches)


def test_an_unfit_workers_batch_goes_to_the_others_and_nothing_more_to_it() -> None:
    def judge(future: _Future) -> Any:
        if "tcp://1" in future.addresses:
            return worker.Answer("tcp://1", unfit="no space left on device")
        return _judge(future)

    run, client = _run(judge)
    assert len(dict(run.judge(_components([]), Deadline(120)))) == _IMAGES
    assert sum("tcp://1" in future.addresses for future in client.batches) <= 4


@pytest.mark.parametrize(("deaths", "batches"), [(1, 2), (3, 4), (9, 4)])
def test_images_whose_policy_engine_died_are_judged_again_and_count_once(deaths: int, batches: int) -> None:
    left = [deaths]

    def judge(future: _Future) -> Any:
        answer = _judge(future)
        if future.reads or not left[0]:
            return answer
        left[0] -= 1
        return replace(answer, found=tuple((number, "engine") for number, _ in answer.found), doubt="was killed")

    run, client = _run(judge, count=1, more=False)
    found: list[Any] = list(run.judge(iter([Component("only", "host/a:1")]), Deadline(120)))
    assert found == [(0, "engine" if deaths >= 4 else "only")]
    assert sum(not future.reads for future in client.batches) == batches


def test_where_no_worker_is_fit_the_error_says_why() -> None:
    run, _ = _run(lambda future: worker.Answer(future.addresses[0], unfit="no space left on device"))
    with pytest.raises(Error, match=r"^no worker can judge; the one at tcp://\d says: no space left on device$"):
        dict(run.judge(_components([]), Deadline(120)))


def test_a_lost_connection_names_the_scheduler() -> None:
    run, _ = _run(lambda _: None)
    with pytest.raises(Error, match=r"^the connection to Dask's scheduler at tcp://scheduler:1 was lost; "):
        dict(run.judge(_components([]), Deadline(120)))


def test_the_time_is_the_drivers() -> None:
    run, _ = _run(lambda _: worker.Answer("tcp://0", error=TimeoutExceededError("by the worker's clock")))
    with pytest.raises(TimeoutExceededError, match=r"^exceeded allowed execution time of 2m0s, "):
        dict(run.judge(_components([]), Deadline(120)))


def test_a_list_that_cannot_be_read_ends_the_run() -> None:
    def components() -> Iterator[Component]:
        yield Component("0", "host/a:1")
        raise Error("read list.txt: input/output error")

    run, _ = _run(_judge)
    with pytest.raises(Error, match=r"^read list\.txt"):
        dict(run.judge(components(), Deadline(120)))


def test_images_that_end_workers_are_named() -> None:
    from distributed import KilledWorker

    batch = [(number, Component("name", f"host/image-{number}"), b"") for number in range(5)]
    error = _undone(KilledWorker("task", None, 3), batch)  # type: ignore[arg-type]
    assert str(error) == (
        "4 workers ended while they judged host/image-0, host/image-1, host/image-2 and 2 more; "
        "there may have been too little memory for them"
    )
    missing = _undone(ModuleNotFoundError("No module named 'refimpl'"), batch)
    assert str(missing).endswith(", as the one that was started is: No module named 'refimpl'")
