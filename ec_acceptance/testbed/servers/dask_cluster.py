"""A Dask cluster beside the validator: a scheduler and workers, each a process that can be killed or stopped.

``python -m ec_acceptance.testbed.servers.dask_cluster PLAN`` is the process that they are forked from, so that what
they load is loaded once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DaskCluster"]

_LOOPBACK = "127.0.0.1"


class DaskCluster:
    """A scheduler and two workers, each of which judges one batch at a time.

    Args:
        folder: for their files; what they print is there, too.
        environments: of the workers, which need not be equal.
        largest_file: bytes that a file of the first worker may have; 0 for any number.

    Raises:
        RuntimeError: they don't start.
    """

    def __init__(self, folder: Path, environments: Sequence[Mapping[str, str]], *, largest_file: int = 0) -> None:
        folder.mkdir(parents=True)
        self.log = folder / "log"
        plan = {"environments": [dict(one) for one in environments], "largest-file": largest_file}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ec_acceptance.testbed.servers.dask_cluster", json.dumps(plan)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
            )
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        if not told:
            self.close()
            raise RuntimeError(f"the cluster didn't start: {self.log.read_text(encoding='utf-8', errors='replace')}")
        found = json.loads(told)
        self.address: str = found["address"]
        self.processes: dict[str, int] = found["processes"]

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to ``scheduler``, or to the worker ``0`` or ``1``."""
        os.kill(self.processes[name], number)

    def close(self) -> None:
        """End all of it."""
        for process in getattr(self, "processes", {}).values():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.kill()
        self._process.communicate()


def _main(plan: Mapping[str, Any]) -> None:
    """Fork them, tell who they are, and wait for the end."""
    import distributed  # noqa: F401 - before they are forked

    address, processes = _start(lambda told: asyncio.run(_schedule(told)))
    found = {"scheduler": processes}
    started = [
        _start(lambda told, at=number: asyncio.run(_work(told, plan, at, address)))
        for number in range(len(plan["environments"]))
    ]
    found |= {str(number): process for number, (_, process) in enumerate(started)}
    sys.stdout.write(json.dumps({"address": address, "processes": found}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


def _start(serve: Any) -> tuple[str, int]:
    """Fork one, and wait for the address that it tells."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(reading)
            serve(writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as stream:
        return stream.readline().strip(), process


async def _schedule(told: int) -> None:
    import dask.config
    from distributed import Scheduler

    dask.config.set({"distributed.scheduler.http.routes": []})
    async with Scheduler(host=_LOOPBACK, port=0, dashboard_address=f"{_LOOPBACK}:0") as scheduler:
        os.write(told, f"{scheduler.address}\n".encode())
        os.close(told)
        await scheduler.finished()


async def _work(told: int, plan: Mapping[str, Any], number: int, scheduler: str) -> None:
    import dask.config
    from distributed import Worker

    os.environ.clear()
    os.environ.update(plan["environments"][number])
    dask.config.set({"distributed.worker.http.routes": []})
    if number == 0 and plan["largest-file"]:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (plan["largest-file"], plan["largest-file"]))
    folder = str(Path.cwd() / f"worker-{number}")
    async with Worker(
        scheduler, nthreads=1, host=_LOOPBACK, local_directory=folder, memory_limit=0, name=str(number)
    ) as worker:
        os.write(told, f"{worker.address}\n".encode())
        os.close(told)
        await worker.finished()


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
