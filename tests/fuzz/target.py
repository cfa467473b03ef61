"""Targets: a parser, inputs to begin with, and what counts as a finding."""

from __future__ import annotations

import logging
import resource
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from refimpl.errors import Error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["MOST_BYTES", "ExpensiveError", "SlowError", "Target", "all_targets", "execute", "guarded", "target"]

FAMILIES = (
    "images", "signatures", "keyless", "archives", "policies", "transport", "documents", "git", "summaries", "results",
)  # fmt: skip
MOST_BYTES = 1 << 16
"""The longest input that is made."""
_SECONDS = 1.0  # of CPU for an input of `MOST_BYTES` or fewer; longer ones may take as much longer
_HANG = 10  # seconds after which an execution is ended
_KILOBYTES = 256 << 10  # by which one execution may raise the most memory that the process had


class SlowError(AssertionError):
    """An input takes too long for its size."""


class ExpensiveError(AssertionError):
    """An input takes too much memory for its size."""


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    Attributes:
        name: as on the command line.
        run: reads an input; may raise `refusals` only.
        seeds: makes inputs to begin with, made by the testbed; at least one isn't refused.
        words: what inputs may have in them.
        refusals: how the parser says no.
    """

    name: str
    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[bytes, ...] = ()
    refusals: tuple[type[Exception], ...] = (Error,)


_targets: dict[str, Target] = {}
_began: list[float] = []


def target(
    name: str,
    seeds: Callable[[], Iterable[bytes]],
    *words: bytes | str,
    refuses: tuple[type[Exception], ...] = (),
) -> Callable[[Callable[[bytes], object]], Callable[[bytes], object]]:
    """Make a function a target. `refuses` are what it may raise besides the errors of `refimpl.errors`."""
    known = tuple(word.encode("utf-8", "surrogatepass") if isinstance(word, str) else word for word in words)

    def register(run: Callable[[bytes], object]) -> Callable[[bytes], object]:
        assert name not in _targets
        _targets[name] = Target(name, run, seeds, known, (Error, *refuses))
        return run

    return register


def all_targets() -> Mapping[str, Target]:
    """All targets by name."""
    for family in FAMILIES:
        import_module(f"fuzz.targets.{family}")
    return dict(sorted(_targets.items()))


def execute(target: Target, data: bytes) -> Exception | None:
    """Run a target once; the answer is the refusal, None if the input was taken.

    Raises:
        SlowError: it took too long.
        ExpensiveError: it took too much memory.
        Exception: anything that is no refusal is a finding.
    """
    refusal = None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    _began.append(began)
    try:
        target.run(data)
    except target.refusals as error:
        refusal = error
    finally:
        _began.clear()
    spent = time.process_time() - began
    if spent > _SECONDS * max(1.0, len(data) / MOST_BYTES):
        raise SlowError(f"{spent:.1f} s of CPU for {len(data)} bytes")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    if grown > _KILOBYTES:
        raise ExpensiveError(f"{grown >> 10} MiB for {len(data)} bytes")
    return refusal


@contextmanager
def guarded() -> Iterator[None]:
    """End executions that hang with `SlowError`; and log nothing meanwhile."""

    def look(*_: object) -> None:
        if _began and time.process_time() - _began[-1] > _HANG:
            _began.clear()
            raise SlowError(f"more than {_HANG} s of CPU")

    logging.disable()
    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, 1.0, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
        logging.disable(logging.NOTSET)
