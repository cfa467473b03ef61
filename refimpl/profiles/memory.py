"""What memory is held at the end of a run, and where it was asked for, of what Python's allocators gave.

Memory of libraries that are written in other languages isn't in it, nor that of other processes, nor the code of what a
validation loads: that is loaded first, as programs in machine code have it before they begin.
"""

from __future__ import annotations

import time
import tracemalloc
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from refimpl.profiles.pprof import encode

if TYPE_CHECKING:
    from refimpl.profiles.pprof import Frame, Stack

#: Lines of a stack. Python notes it at each allocation, so each line costs.
_DEEPEST = 3
#: What validations load, which would be most of what is noted: loading makes a million allocations, a validation few.
_CODE = (
    "cryptography.x509",
    "refimpl.commands.validate_image",
    "refimpl.evaluation.evaluator",
    "refimpl.http.connection",
    "refimpl.policy.sources.fetcher",
    "refimpl.rego.builtins.sigstore",
    "refimpl.rego.host",
    "refimpl.report.structured",
    "refimpl.report.targets",
    "refimpl.verify.bundle",
    "refimpl.verify.cosign",
    "refimpl.verify.rekor",
    "refimpl.verify.slsa",
)


class MemoryProfile:
    """Begins when it is made."""

    def __init__(self) -> None:
        for name in _CODE:
            import_module(name)
        self._started = time.time_ns()
        self._begun = time.monotonic_ns()
        tracemalloc.start(_DEEPEST)

    def end(self) -> bytes:
        """End it; the profile in pprof's format, by objects and by bytes. Lines stand for functions."""
        lasted = time.monotonic_ns() - self._begun
        taken = tracemalloc.take_snapshot()
        tracemalloc.stop()
        samples: dict[Stack, list[int]] = {}
        for held in taken.statistics("traceback"):
            stack = tuple(_place(frame.filename, frame.lineno) for frame in reversed(held.traceback))
            samples[stack] = [held.count, held.size]
        kinds = [("inuse_objects", "count"), ("inuse_space", "bytes")]
        return encode(samples, kinds, started_ns=self._started, lasted_ns=lasted)


@cache
def _place(file: str, line: int) -> Frame:
    """Named by the end of its path; readers take what is in angle brackets for types."""
    return f"{'/'.join(file.rsplit('/', 2)[-2:]).strip('<>')}:{line}", file, line
