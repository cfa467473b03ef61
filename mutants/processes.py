"""Faults in what happens between several validations that share a directory."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__: list[str] = []

_POLL = 0.02


@mutant(
    "lock-between-processes",
    "Only one process may fetch a layer; the others wait for its lock for ever.",
    Kind.PROCESSES,
    "cache-13",
)
def lock_between_processes() -> None:
    import fcntl  # not on Windows

    from refimpl.layers.directory import PREFIX

    @contextmanager
    def locked(temporary: Path, digest: str) -> Iterator[None]:
        lock = os.open(temporary.with_name(f"{PREFIX}{digest}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    _fetch_under(locked)


@mutant(
    "stale-lock-honoured",
    "A file is the lock; when its owner dies, all others wait for ever.",
    Kind.PROCESSES,
    "cache-14.1 cache-14.2 cache-14.3 cache-14.6",
)
def stale_lock_honoured() -> None:
    never = threading.Event()

    @contextmanager
    def locked(temporary: Path, digest: str) -> Iterator[None]:
        path = temporary.with_name(f".lock-{digest}")
        while True:
            try:
                path.touch(exist_ok=False)
                break
            except FileExistsError:
                never.wait(_POLL)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    _fetch_under(locked)


def _fetch_under(lock: Callable[[Path, str], AbstractContextManager[None]]) -> None:
    from refimpl.layers.download import Download

    @change(Download, "__init__")
    def make(
        original: Callable[..., None], self: Any, descriptor: Any, origin: Any, fetch: Any, temporary: Any, *rest: Any
    ) -> None:
        @contextmanager
        def fetched() -> Iterator[Any]:
            with lock(temporary.path, descriptor.digest.replace(":", "-")), fetch() as stream:
                yield stream

        original(self, descriptor, origin, fetched, temporary, *rest)
