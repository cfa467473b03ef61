"""What a run did, for who asks with ``--trace``: ``cpu``, ``mem`` and ``perf`` (specification 10 §1.4).

Each is a file ``<kind>.<decimal digits>`` in the folder for temporary files that only the user may read, of which the
run tells at its end. They have names of functions and numbers of lines in them, and no values.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from refimpl.errors import OutputError
from refimpl.golang.oserrors import describe
from refimpl.system import leftovers
from refimpl.system.streams import print_error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["profile"]

_FREE_NAMES = 100


class _Profile(Protocol):
    """Begins when it is made."""

    def end(self) -> bytes:
        """End it; the file's content."""


def profile(kinds: Collection[str], work: Callable[[], int]) -> int:
    """Carry out `work` and write profiles of it.

    Args:
        kinds: those of ``--trace``; others than ``cpu``, ``mem`` and ``perf`` are none of ours.
        work: handles its own errors; the answer is its exit status.

    Raises:
        OutputError: a file can't be made, before `work` begins, or can't be written, when it has ended.
    """
    begun: list[tuple[str, Path, _Profile]] = []
    try:
        for kind, (name, title, begin) in _KINDS.items():
            if kind in kinds:
                begun.append((title, _make(name, title), begin()))
        status = work()
    finally:
        # Ended before the first is written: writing is no part of what was asked about.
        contents = [profile.end() for *_, profile in reversed(begun)]
    for (title, path, _), content in zip(begun, reversed(contents), strict=True):
        try:
            path.write_bytes(content)
        except OSError as error:
            raise OutputError(f"could not create {title}: {describe('write', str(path), error)}") from None
        leftovers.drop(path)
        print_error(f"Wrote {title} to: {path}\n")
    return status


def _make(name: str, title: str) -> Path:
    folder = os.environ.get("TMPDIR") or tempfile.gettempdir()
    for _ in range(_FREE_NAMES):
        path = Path(folder) / f"{name}.{int.from_bytes(os.urandom(4), 'big')}"
        leftovers.add_file(path)
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            leftovers.drop(path)
        except OSError as error:
            leftovers.drop(path)
            raise OutputError(f"could not create {title}: {describe('open', str(path), error)}") from None
        else:
            return path
    raise OutputError(f"could not create {title}: no free name in {folder}")


def _memory() -> _Profile:
    from refimpl.profiles.memory import MemoryProfile

    return MemoryProfile()


def _cpu() -> _Profile:
    from refimpl.profiles.cpu import CpuProfile

    return CpuProfile()


def _calls() -> _Profile:
    from refimpl.profiles.calls import CallTrace

    return CallTrace()


_KINDS: dict[str, tuple[str, str, Callable[[], _Profile]]] = {
    "mem": ("memprofile", "memory profile", _memory),
    "cpu": ("cpuprofile", "CPU profile", _cpu),
    "perf": ("perf", "performance trace", _calls),
}
"""By the word of ``--trace``, in the order in which they are told: a file's name, what it is called, what begins it."""
