"""The processes of the tool: one for each image, none of which outlives the harness."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Ended", "Tools"]

_SAID = 4096  # bytes of what a tool said that are kept: the last ones, where tools tell why they end
_PATIENCE = 5.0  # seconds in which a tool may end that was told to
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: `status` as `subprocess` has it, None when its time was over; `said` is its error stream."""

    status: int | None
    said: str


class Tools:
    """Starts the tool and ends what is left of it.

    Args:
        deadline: when `time.monotonic()` is so late, what still runs is killed; None: never.
    """

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._lock = threading.Lock()

    @property
    def seconds_left(self) -> float | None:
        """Until the deadline, at least a hundredth; None where there is none."""
        return None if self._deadline is None else max(0.01, self._deadline - time.monotonic())

    def run(self, words: Sequence[str], variables: Mapping[str, str], folder: Path) -> Ended:
        """Run the tool to its end.

        Args:
            words: its command line.
            variables: added to the environment of the harness.
            folder: an existing one, for what the tool says.
        """
        streams = folder / "said"
        with streams.open("wb") as said:
            with self._lock:
                if self._stopped:
                    return Ended(None, "it was not started")
                try:
                    process = subprocess.Popen(
                        words,
                        env={**os.environ, **variables},
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=said,
                        process_group=0,
                        preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - it calls nothing but the kernel
                    )
                except OSError as error:
                    return Ended(127, f"it cannot be started: {error.strerror}")
                self._running.add(process)
            try:
                status: int | None = process.wait(self.seconds_left)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                _kill(process, signal.SIGKILL)
                process.wait()
                self._running.discard(process)
        with streams.open("rb") as read:
            read.seek(max(0, streams.stat().st_size - _SAID))
            return Ended(status, read.read(_SAID).decode("utf-8", "backslashreplace").strip())

    def stop(self) -> None:
        """Tell all to end, as by Ctrl-C or ``kill``, and wait for them."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _kill(process, signal.SIGTERM)
        until = time.monotonic() + _PATIENCE
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, until - time.monotonic()))
            _kill(process, signal.SIGKILL)


def _kill(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the process and all that it started in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _end_with(parent: int) -> Callable[[], None] | None:
    """What has a child killed when this process is (Linux); elsewhere SIGKILL of the harness leaves tools behind."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def prepare_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before
            os._exit(1)

    return prepare_child
