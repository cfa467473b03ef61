"""Dask workers: of a cluster that is there, or of one that is made for the run, on this machine."""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import sys
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refimpl.errors import Error
from refimpl.golang.oserrors import describe
from refimpl.record import record
from refimpl.redaction import without_secrets
from refimpl.system import leftovers
from refimpl.system.cores import available_cores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client

    from refimpl.command_line.options import Options
    from refimpl.deadline import Deadline

_LOOPBACK = "127.0.0.1"
_ENDING = 5.0  # seconds
_WAITING = 60.0  # seconds, for a cluster's first worker
_LONGEST_PATH = 80  # bytes: addresses of local sockets have 104 on some systems, and their names 18
_COMPLAINT = "ignore:resource_tracker"
_REMEMBERED = 5  # entries of a scheduler's logs about batches, which hold all of a batch; by default thousands
_TLS = "DASK_DISTRIBUTED__COMM__TLS__"
_FILES = {"CA_FILE": "ca-file", "CLIENT__CERT": "client.cert", "CLIENT__KEY": "client.key"}
_LARGE = "2 GiB"  # a plan may have that much, and needs no warning


@record
class Worker:
    """One of them: where it is, and how many batches it judges at a time."""

    address: str
    threads: int


@record
class Workers:
    """Who judges.

    Attributes:
        client: of Dask's.
        scheduler: its address.
        local: whether the workers are there for this run alone.
        dashboard: its address; empty if there is none.
    """

    client: Client
    scheduler: str
    local: bool
    dashboard: str

    def find(self) -> dict[str, Worker]:
        """Those that there are, by their names."""
        known = self.client.scheduler_info(n_workers=-1)["workers"]
        return {str(one["name"]): Worker(address, one["nthreads"]) for address, one in sorted(known.items())}


@contextmanager
def connect(options: Options, folder: Path, deadline: Deadline) -> Iterator[Workers]:
    """The workers that `options` ask for.

    Args:
        options: of the command line.
        folder: for files of workers on this machine; it is removed with all that is in it when the run ends.
        deadline: of the run.

    Raises:
        Error: they can't be had.
    """
    import dask.config

    told = options.debug or options.verbose
    settings: dict[str, Any] = {
        "distributed.admin.large-graph-warning-threshold": _LARGE,
        "distributed.admin.log-length": _REMEMBERED,
        "distributed.admin.low-level-log-length": _REMEMBERED,
        "distributed.diagnostics.computations.max-history": _REMEMBERED,
        "temporary-directory": str(folder),
    }
    if not told:
        settings["logging"] = dict.fromkeys(("distributed", "distributed.client", "tornado.application"), "critical")
    if not options.scheduler and hasattr(os, "fork") and len(os.fsencode(folder)) <= _LONGEST_PATH:
        settings["distributed.worker.multiprocessing-method"] = "forkserver"  # imports once for all workers
    with dask.config.set(settings), _leaving_nothing(folder), ExitStack() as stack:
        found = _remote(options.scheduler, deadline) if options.scheduler else _start_local(options, folder, told=told)
        stack.callback(_close, found)
        yield found


@contextmanager
def _leaving_nothing(folder: Path) -> Iterator[None]:
    """Have what `multiprocessing` makes for workers, sockets and semaphores, removed when this process is killed.

    Otherwise a process that it starts removes that, which is killed with this one, and complains.
    """
    own = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # noqa: SLF001 - the only place for it
    before, name = dict(own), f"ec-ref-{os.getpid()}-{secrets.token_hex(3)}"
    leftovers.add_files(f"/dev/shm/sem.{name}")  # noqa: S108 - where Linux keeps semaphores
    own.update(tempdir=str(folder), semprefix=f"/{name}")
    sys.warnoptions.append(_COMPLAINT)
    try:
        yield
    finally:
        sys.warnoptions.remove(_COMPLAINT)
        own.update(before)


def _remote(address: str, deadline: Deadline) -> Workers:
    from distributed import Client

    try:
        if address.startswith("tls://"):
            _check_certificates()
        client = Client(address, name="ec-ref", set_as_default=False)
    except Exception as error:  # noqa: BLE001 - addresses, names, TLS and its files: each fails in its own way
        raise Error(f"unable to reach Dask's scheduler at {address}: {_words(error)}") from None
    found = Workers(client, address, local=False, dashboard=client.dashboard_link or "")
    try:
        client.wait_for_workers(1, timeout=deadline.cap(_WAITING))
    except TimeoutError:
        client.close(timeout=_ENDING)
        deadline.check()
        raise Error(f"Dask's scheduler at {address} has no workers, and got none within {_WAITING:g} s") from None
    return found


def _check_certificates() -> None:
    """See that there are certificates for TLS: Dask doesn't say which file it has no name of, or can't find.

    Raises:
        Error: there is none, or it can't be read.
    """
    import dask.config

    if dask.config.get("distributed.client.security-loader", None):
        return
    paths = {_TLS + name: dask.config.get(f"distributed.comm.tls.{key}", None) for name, key in _FILES.items()}
    unnamed = [name for name, path in paths.items() if not path and not name.endswith("KEY")]  # a file may have both
    if unnamed:
        raise Error(f"TLS needs certificates, whose files are named by {' and '.join(unnamed)}")
    for name, path in paths.items():
        try:
            if path:
                Path(path).open("rb").close()
        except OSError as error:
            raise Error(f"{name}: {describe('open', path, error)}") from None


def _start_local(options: Options, folder: Path, *, told: bool) -> Workers:
    import dask.config
    from distributed import Client, LocalCluster

    shows = find_spec("bokeh") is not None
    places = () if shows else ("scheduler", "worker")
    routes: dict[str, list[str]] = {f"distributed.{one}.http.routes": [] for one in places}
    try:
        with dask.config.set(routes):
            cluster = LocalCluster(
                n_workers=options.processes or available_cores(),
                threads_per_worker=1,
                host=_LOOPBACK,
                dashboard_address=f"{_LOOPBACK}:0",
                memory_limit=0,
                security=True,  # certificates of its own: nobody else on this machine may have pickles read here
                silence_logs=logging.INFO if told else logging.CRITICAL,
                local_directory=str(folder / "dask"),
            )
            client = Client(cluster, name="ec-ref", set_as_default=False)
    except Exception as error:  # noqa: BLE001 - as above
        raise Error(f"unable to make a cluster of Dask's: {_words(error)}") from None
    return Workers(client, cluster.scheduler_address, local=True, dashboard=cluster.dashboard_link if shows else "")


def _close(workers: Workers) -> None:
    """Release it. What doesn't end soon isn't waited for: this process ends, and with it all that it has made."""
    with suppress(Exception):
        workers.client.close(timeout=_ENDING)
    if workers.local and workers.client.cluster is not None:
        with suppress(Exception):
            workers.client.cluster.close(timeout=_ENDING)


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return without_secrets(text or type(error).__name__)
