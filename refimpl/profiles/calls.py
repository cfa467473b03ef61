"""Which function ran when, in which thread: a trace of calls, as Perfetto and Chrome's ``about:tracing`` show it.

The format is the JSON of trace events, a complete event (``X``) for each call. Only calls of this package that took a
while are in it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from refimpl.golang import jsontext

if TYPE_CHECKING:
    from types import FrameType

_SHORTEST_NS = 100_000
_MOST = 200_000
_OWN = "refimpl."


class CallTrace:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._events: list[tuple[int, int, int, str]] = []
        self._names: dict[int, str] = {}
        self._left_out = 0
        self._calls: dict[int, int] = {}
        self._begun = time.perf_counter_ns()
        threading.setprofile(self._note)
        sys.setprofile(self._note)

    def end(self) -> bytes:
        """End it; one document of JSON, times in microseconds since the start."""
        sys.setprofile(None)
        threading.setprofile(None)
        process = os.getpid()
        shown: list[dict[str, Any]] = [
            {"name": "thread_name", "ph": "M", "pid": process, "tid": thread, "args": {"name": name}}
            for thread, name in self._names.items()
        ]
        for thread, begun, ended, name in sorted(self._events, key=lambda event: event[1]):
            since = (begun - self._begun) // 1000
            shown.append(
                {"name": name, "cat": "call", "ph": "X", "ts": since, "dur": (ended - begun) // 1000}
                | {"pid": process, "tid": thread}
            )
        other = {"leftOut": self._left_out, "shortestMicroseconds": _SHORTEST_NS // 1000}
        return jsontext.encode({"displayTimeUnit": "ms", "otherData": other, "traceEvents": shown}) + b"\n"

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if event not in ("call", "return"):
            return
        module = frame.f_globals.get("__name__", "")
        if type(module) is not str or not module.startswith(_OWN) or module == __name__:
            return
        if event == "call":
            self._calls[id(frame)] = time.perf_counter_ns()
            return
        begun = self._calls.pop(id(frame), None)
        ended = time.perf_counter_ns()
        if begun is None or ended - begun < _SHORTEST_NS:
            return
        if len(self._events) >= _MOST:
            self._left_out += 1
            return
        thread = threading.get_native_id()
        self._names.setdefault(thread, threading.current_thread().name)
        self._events.append((thread, begun, ended, f"{module.removeprefix(_OWN)}.{frame.f_code.co_qualname}"))
