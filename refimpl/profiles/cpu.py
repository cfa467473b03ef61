"""Where processor time goes: each thread's stack, a hundred times a second, and the time that it has used since.

The time of a thread is the system's own, so that one that waits, for the network say, costs nothing. Programs that are
started, such as the policy engine's, have processes of their own, which aren't in it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from refimpl.profiles.pprof import encode

if TYPE_CHECKING:
    from types import FrameType

    from refimpl.profiles.pprof import Frame, Stack

_PERIOD_NS = 10_000_000
_DEEPEST = 256


class CpuProfile:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._samples: dict[Stack, list[int]] = defaultdict(lambda: [0, 0])
        self._started = time.time_ns()
        self._begun = time.monotonic_ns()
        self._used = {thread.native_id: _used_ns(thread) for thread in threading.enumerate()}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cpu profile", daemon=True)
        self._thread.start()

    def end(self) -> bytes:
        """End it; the profile in pprof's format, by samples and by nanoseconds."""
        self._ending.set()
        self._thread.join()
        self._look()
        lasted = time.monotonic_ns() - self._begun
        kinds = [("samples", "count"), ("cpu", "nanoseconds")]
        period = ("cpu", "nanoseconds", _PERIOD_NS)
        return encode(self._samples, kinds, started_ns=self._started, lasted_ns=lasted, period=period)

    def _watch(self) -> None:
        while not self._ending.wait(_PERIOD_NS / 1e9):
            self._look()

    def _look(self) -> None:
        frames = sys._current_frames()  # noqa: SLF001 - there is no other way
        for thread in threading.enumerate():
            frame = frames.get(thread.ident or 0)
            if thread is self._thread or frame is None:
                continue
            used = _used_ns(thread)
            before = self._used.get(thread.native_id, 0)
            self._used[thread.native_id] = used
            if used > before:  # numbers of threads are used again
                sample = self._samples[_stack(frame)]
                sample[0] += 1
                sample[1] += used - before


def _used_ns(thread: threading.Thread) -> int:
    """The processor time that a thread has used; where the system doesn't tell, the main thread has all of it."""
    if sys.platform == "linux" and thread.native_id is not None:
        try:
            # The clock of a thread by its number, as pthread_getcpuclockid makes it; that one is undefined for a
            # thread that has ended meanwhile, of which this only says that there is none.
            return time.clock_gettime_ns(~thread.native_id << 3 | 6)
        except OSError:
            return 0
    return time.process_time_ns() if thread is threading.main_thread() else 0


def _stack(frame: FrameType | None) -> Stack:
    found: list[Frame] = []
    while frame is not None and len(found) < _DEEPEST:
        name = f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}"
        found.append((name, frame.f_code.co_filename, frame.f_lineno or 0))
        frame = frame.f_back
    return tuple(found)
