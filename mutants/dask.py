"""Faults in judging images on a Dask cluster."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []


@mutant(
    "policies-fetched-for-workers",
    "What a policy's sources hold is fetched again for the workers.",
    Kind.SCALE,
    "dask-01",
)
def policies_fetched_for_workers() -> None:
    from refimpl.commands.dask import engine
    from refimpl.deadline import Deadline
    from refimpl.http.retry import Retry
    from refimpl.oci.client import Client
    from refimpl.policy.sources.workspace import Workspace, fetch_sources

    @change(engine, "content_of")
    def content_of(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        setup, environ = arguments[1], arguments[3]
        client = Client(deadline=Deadline(None), retry=Retry(), environ=environ)
        with client, Workspace(environ) as workspace, workspace.fetcher(client, Deadline(None)) as fetcher:
            fetch_sources(setup.policy, fetcher)
        return original(*arguments, **named)


@mutant(
    "numbered-as-batches-come",
    "What came of images counts for others, in the order in which their batches are done.",
    Kind.SCALE,
    "dask-02 dask-12",
)
def numbered_as_batches_come() -> None:
    from refimpl.commands.dask.engine import _Run

    @change(_Run, "judge")
    def judge(original: Callable[..., Iterator[Any]], *arguments: Any) -> Iterator[Any]:
        outcomes = [outcome for _, outcome in sorted(original(*arguments), key=lambda one: one[0])]
        yield from enumerate([*outcomes[-1:], *outcomes[:-1]])


@mutant(
    "batches-lost-with-their-worker",
    "What a worker had to judge that was killed is left out.",
    Kind.SCALE,
    "dask-02",
)
def batches_lost_with_their_worker() -> None:
    os.environ["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "0"  # read when Dask is loaded

    from refimpl.commands.dask import worker
    from refimpl.commands.dask.engine import _Run
    from refimpl.errors import Error

    @change(_Run, "_answer")
    def answer(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except Error:
            return worker.Answer("")


@mutant(
    "batches-counted-twice",
    "What came of a batch counts as often as it is told.",
    Kind.SCALE,
    "dask-02 dask-12",
)
def batches_counted_twice() -> None:
    from refimpl.commands.outputs import Outputs

    @change(Outputs, "add")
    def add(original: Callable[..., None], outputs: Any, number: int, found: Any) -> None:
        for place in (2 * number, 2 * number + 1):
            original(outputs, place, found)


@mutant(
    "late-batches-skipped",
    "What workers haven't judged when the time is over is left out of the report.",
    Kind.SCALE,
    "dask-03",
)
def late_batches_skipped() -> None:
    from refimpl.commands.dask import cluster, engine
    from refimpl.commands.dask.engine import _Run
    from refimpl.errors import TimeoutExceededError

    replace(cluster, "_close", lambda _: None)  # else the supervisor ends it meanwhile
    replace(engine, "_end_on_workers", lambda *_: None)

    @change(_Run, "judge")
    def judge(original: Callable[..., Iterator[Any]], *arguments: Any) -> Iterator[Any]:
        try:
            yield from original(*arguments)
        except TimeoutExceededError:
            return


@mutant(
    "workers-of-other-sessions",
    "A process of the cluster is a session of its own, which nobody ends with the run.",
    Kind.SCALE,
    "dask-04.1 dask-04.2",
)
def workers_of_other_sessions() -> None:
    from refimpl.commands.dask import cluster

    @change(cluster, "_start_local")
    def start_local(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        subprocess.run(["sh", "-c", "sleep 60 &"], start_new_session=True, check=True)
        return original(*arguments, **named)


@mutant(
    "lost-scheduler-is-the-end",
    "When the scheduler is lost, what is there is all there is.",
    Kind.SCALE,
    "dask-05",
)
def lost_scheduler_is_the_end() -> None:
    from refimpl.commands.dask import worker
    from refimpl.commands.dask.engine import _Run
    from refimpl.errors import Error

    @change(_Run, "_answer")
    def answer(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except Error:
            return worker.Answer("")


@mutant(
    "an-unreachable-scheduler-is-awaited",
    "A scheduler that can't be reached is asked again and again.",
    Kind.SCALE,
    "dask-06",
)
def an_unreachable_scheduler_is_awaited() -> None:
    from refimpl.commands.dask import cluster
    from refimpl.errors import Error

    @change(cluster, "_remote")
    def remote(original: Callable[..., Any], *arguments: Any) -> Any:
        while True:
            try:
                return original(*arguments)
            except Error:
                continue


@mutant(
    "one-unfit-worker-ends-all",
    "When one worker can't judge, the run ends, though others can.",
    Kind.SCALE,
    "dask-07",
)
def one_unfit_worker_ends_all() -> None:
    from refimpl.commands.dask.engine import _Run
    from refimpl.errors import Error

    @change(_Run, "_answer")
    def answer(original: Callable[..., Any], *arguments: Any) -> Any:
        found = original(*arguments)
        if found.unfit:
            raise Error(found.unfit)
        return found


@mutant(
    "shards-are-for-one-process",
    "A cluster judges all images, whatever the shard.",
    Kind.SCALE,
    "dask-09",
)
def shards_are_for_one_process() -> None:
    from refimpl.command_line.shard import Shard

    @change(Shard, "has")
    def has(*_: object) -> bool:
        return True


@mutant(
    "workers-without-a-pace",
    "Workers ask registries as fast as these answer, whatever was said.",
    Kind.SCALE,
    "dask-10",
)
def workers_without_a_pace() -> None:
    from distributed import Client

    @change(Client, "submit")
    def submit(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if "parts" in named:
            named["parts"] = 1e-6
        return original(*arguments, **named)


@mutant(
    "any-engine",
    "Engines that aren't there, and flags that mean nothing for one, are taken.",
    Kind.SCALE,
    "dask-11.1 dask-11.2 dask-11.3 dask-11.4",
)
def any_engine() -> None:
    from refimpl.command_line.commands import VALIDATE_IMAGE
    from refimpl.commands import dispatch

    for flag in VALIDATE_IMAGE.local:
        flag.choices = ()
    replace(dispatch, "_check_engine", lambda _: None)


@mutant(
    "one-cache-for-all-workers",
    "The workers of a run have one cache together.",
    Kind.SCALE,
    "dask-21",
)
def one_cache_for_all_workers() -> None:
    from distributed import Client

    @change(Client, "submit")
    def submit(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if "local" in named:
            named["local"] = False
        return original(*arguments, **named)


@mutant(
    "grouped-by-repository-alone",
    "Images go to workers by their repositories, whatever layers they share.",
    Kind.SCALE,
    "dask-31",
)
def grouped_by_repository_alone() -> None:
    from refimpl.commands.dask.grouping import home_of
    from refimpl.commands.dask.placement import Placement

    @change(Placement, "place")
    def place(_: object, __: Placement, repository: str, ___: object, workers: tuple[str, ...]) -> str:
        return home_of(repository, workers)


@mutant(
    "manifests-read-again",
    "Whoever judges an image asks for its manifest, though another worker has read it.",
    Kind.SCALE,
    "dask-31 dask-32",
)
def manifests_read_again() -> None:
    from refimpl.commands.dask.engine import _Run

    @change(_Run, "_await_judgement")
    def await_judgement(original: Callable[..., None], run: object, item: Any, layers: object) -> None:
        original(run, (*item[:2], b""), layers)


@mutant(
    "unread-images-left-out",
    "An image whose manifest couldn't be read before isn't judged.",
    Kind.SCALE,
    "dask-32",
)
def unread_images_left_out() -> None:
    from refimpl.commands.dask.engine import _Run

    @change(_Run, "_await_judgement")
    def await_judgement(original: Callable[..., None], run: object, item: Any, layers: object) -> None:
        if layers:
            original(run, item, layers)


@mutant(
    "a-full-disk-ends-a-run",
    "Where a worker can't keep layers, nothing is judged.",
    Kind.SCALE,
    "dask-22",
)
def a_full_disk_ends_a_run() -> None:
    from refimpl.commands.dask import engine

    @change(engine, "content_of")
    def content_of(original: Callable[..., Any], _: object, *arguments: Any, **named: Any) -> Any:
        return original(judging_with_room, *arguments, **named)


def judging_with_room(*arguments: Any, cache: Any, **named: Any) -> Any:
    """In a worker, which imports it: judge only where there is room in the cache."""
    from refimpl.commands.validate_image import judging_elsewhere
    from refimpl.errors import Error

    try:
        with tempfile.TemporaryFile(dir=cache._directory.path) as file:  # noqa: SLF001 - the place that is meant
            file.write(bytes(1 << 20))
    except OSError as error:
        raise Error(f"no room for layers: {error}") from None
    return judging_elsewhere(*arguments, cache=cache, **named)
