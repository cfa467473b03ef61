"""Images judged by a Dask cluster: one beside the validator, or one that the validator makes."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

from behave import given, then, when

from ec_acceptance.testbed.cache.directory import CacheDirectory, user_cache
from ec_acceptance.testbed.scenario.behave_context import Context, skipping
from ec_acceptance.testbed.scenario.world import World
from ec_acceptance.testbed.servers.dask_cluster import DaskCluster
from ec_acceptance.testbed.validator.judges import find_judges, is_connected
from ec_acceptance.testbed.validator.sandbox import full_disk

_WORKERS = 2
_FULL = 64 << 10  # bytes, less than a layer has


def _start(world: World, *, largest_file: int = 0) -> None:
    folder = world.folders.root / "cluster"
    variables = {**os.environ, **world.runs.environment_variables()}
    environments = [{**variables, "XDG_CACHE_HOME": str(folder / f"cache-{one}")} for one in range(_WORKERS)]
    cluster = DaskCluster(folder, environments, largest_file=largest_file)
    world.servers.extra_servers.append(cluster)
    world.variables["SCHEDULER"] = cluster.address


def _clusters(world: World) -> list[DaskCluster]:
    return [one for one in world.servers.extra_servers if isinstance(one, DaskCluster)]


def _worker_that_waits(world: World) -> int:
    """One that has a connection to the registry, once as many images wait as there are workers.

    Before that a worker may have a connection for which it has no use any more.
    """
    world.injector.limit = world.services.options.timeout  # each of a cluster's processes takes seconds to start
    held = "an image that waits for each worker"
    world.injector.wait_for(lambda: sum(one.state == "held" for one in world.runs.requests_so_far()) >= _WORKERS, held)
    others = [process for one in _clusters(world) for name, process in one.processes.items() if name != "scheduler"]
    port = int(world.servers.gate.address.rpartition(":")[2])
    until = time.monotonic() + world.injector.limit
    while True:
        for process in (*others, *find_judges(world.runs.running[""].pid)):
            if is_connected(process, port):
                return process
        assert time.monotonic() < until, "no worker waits for the registry"
        time.sleep(0.01)


def _caches(world: World) -> list[CacheDirectory]:
    """Those of the workers that the validator makes."""
    folder = user_cache(world.runs.environment_variables()).parent / "dask"
    return [CacheDirectory(folder / str(number) / "ec" / "images") for number in range(_WORKERS)]


@given("a cluster of Dask's")
def a_cluster(context: Context) -> None:
    _start(context.world)


@given("a cluster of Dask's whose first worker can't write files of more than 1 MiB")
def a_cluster_with_a_small_disk(context: Context) -> None:
    _start(context.world, largest_file=1 << 20)


@given('a file "{name}" of 2 MiB')
def a_large_file(context: Context, name: str) -> None:
    context.world.write(name, f'{{"large": "{"x" * (2 << 20)}"}}')


@when("a worker waits for the registry")
def a_worker_waits(context: Context) -> None:
    with skipping(context):
        _worker_that_waits(context.world)


@when("a worker that waits for the registry gets {number:w}")
def a_worker_gets(context: Context, number: str) -> None:
    with skipping(context):
        os.kill(_worker_that_waits(context.world), signal.Signals[number])


@when("no image waits any more")
def no_image_waits(context: Context) -> None:
    """Those that wait before their layers continue, and so do those that get there later."""
    context.world.injector.clear()


@when("the scheduler gets {number:w}")
def the_scheduler_gets(context: Context, number: str) -> None:
    (cluster,) = _clusters(context.world)
    os.kill(cluster.processes["scheduler"], signal.Signals[number])


@when("each copy of the shared layer that a worker keeps is cut")
def copies_are_cut(context: Context) -> None:
    layer = context.world.fixtures.layer("the shared layer")
    kept = [entry for cache in _caches(context.world) if (entry := cache.entry(layer.digest)) is not None]
    assert kept, f"no worker keeps the shared layer:\n{context.world.runs.last.describe()}"
    for entry in kept:
        entry.path.write_bytes(entry.path.read_bytes()[:-1])


@then("one worker keeps {one}, and the other one {other}")
def each_keeps_one(context: Context, one: str, other: str) -> None:
    wanted = {name: {context.world.fixtures.layer(name).digest} for name in (one, other)}
    kept = [
        {entry.digest for entry in cache.entries()} & set().union(*wanted.values()) for cache in _caches(context.world)
    ]
    assert sorted(kept, key=sorted) == sorted(wanted.values(), key=sorted), (
        f"of {wanted} the workers keep {kept}:\n{context.world.runs.last.describe()}"
    )


@then("the registry was asked for each manifest as often as in the validation before")
def as_often_as_before(context: Context) -> None:
    runs = context.world.runs
    before, now = (
        Counter((one.method, one.path) for one in asked)
        for asked in (runs.earlier_requests(kind="manifest"), runs.requests(kind="manifest"))
    )
    assert before, "the validation before asked for nothing"
    more = {one: (before[one], now[one]) for one in before | now if before[one] != now[one]}
    assert not more, f"asked before and now: {more}\n{runs.last.describe()}"


@given("the disk for the cache of one of the workers is full")
def a_full_disk(context: Context) -> None:
    world = context.world
    place, left = _caches(world)[0].path, world.folders.root / "left"
    place.mkdir(parents=True, mode=0o700)
    left.mkdir()
    with skipping(context):
        world.runs.sandbox = full_disk(place, _FULL, left)


@then("no worker keeps a damaged copy")
def nothing_damaged(context: Context) -> None:
    caches = [*_caches(context.world), CacheDirectory(context.world.folders.root / "left")]
    damaged = [f"{entry.path}: {entry.damage}" for cache in caches for entry in cache.entries() if entry.damage]
    assert not damaged, f"damaged: {damaged}"
    assert any(cache.entries() for cache in caches), "no worker keeps anything"
