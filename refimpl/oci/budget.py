"""How fast registries may be asked: requests and bytes a second for each, by all processes of a run together.

A registry that answers 429 is asked half as fast from then on, and not at all before the time that it names
(``Retry-After``); each second without such an answer gives an eighth back (specification 10 §1.5).
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable

_REGISTRIES: Final = 256
_SLOT: Final = struct.Struct("<16sdddd")
_SLOWEST: Final = 1 / 16
_GROWTH: Final = 1 / 8


@record
class Pace:
    """Requests and bytes a second; 0 for any number."""

    requests: float = 0.0
    bytes: float = 0.0


@record
class _State:
    """What is known of a registry; times are those of the clock.

    Attributes:
        digest: of its name.
        free: when the next request may be sent.
        held: before then none is sent at all, as the registry asked for.
        share: of the pace that it may be asked at.
        changed: when `share` last became smaller or larger.
    """

    digest: bytes
    free: float
    held: float
    share: float
    changed: float


class Budget:
    """Keeps to a pace. Make it before processes are forked; safe to use from all their threads.

    Args:
        pace: of each registry.
        clock: monotonic seconds, the same in all processes.
    """

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._whole = self._pace = pace
        self._clock = clock
        self._memory = mmap.mmap(-1, _REGISTRIES * _SLOT.size)
        if sys.platform == "win32":
            self._lock = threading.Lock()
        else:
            from multiprocessing import get_context

            self._lock = get_context("fork").Lock()

    def divide(self, parts: int) -> None:
        """Keep to so small a part of the pace, since as many others do, of whom nothing is known here."""
        self._pace = Pace(self._whole.requests / parts, self._whole.bytes / parts)

    def turn(self, registry: str) -> float:
        """Seconds to wait before the next request, which is counted."""
        with self._lock:
            place, state = self._find(registry)
            now = self._clock()
            share, changed = state.share, state.changed
            quiet = int(now - changed)
            if share < 1 and quiet > 0:
                share, changed = min(1.0, share + quiet * _GROWTH), changed + quiet
            begins = max(now, state.free, state.held)
            gap = 1 / (self._pace.requests * share) if self._pace.requests else 0.0
            self._store(place, _State(state.digest, begins + gap, state.held, share, changed))
        return begins - now

    def note_received(self, registry: str, size: int) -> None:
        """Count the bytes of an answer: the next request waits until there is room for them."""
        if not self._pace.bytes or not size:
            return
        with self._lock:
            place, state = self._find(registry)
            free = max(self._clock(), state.free) + size / (self._pace.bytes * state.share)
            self._store(place, _State(state.digest, free, state.held, state.share, state.changed))

    def note_refused(self, registry: str, seconds: float) -> None:
        """The registry had too many requests, and wants none for so many seconds."""
        with self._lock:
            place, state = self._find(registry)
            now = self._clock()
            share = max(_SLOWEST, state.share / 2)
            self._store(place, _State(state.digest, state.free, max(state.held, now + seconds), share, now))

    def _find(self, registry: str) -> tuple[int, _State]:
        """The registry's place; those that are too many have the last one together."""
        digest = hashlib.blake2b(registry.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        last = (_REGISTRIES - 1) * _SLOT.size
        for place in range(0, last + 1, _SLOT.size):
            state = _State(*_SLOT.unpack_from(self._memory, place))
            if state.share == 0.0:  # nobody's yet
                return place, _State(digest, 0.0, 0.0, 1.0, self._clock())
            if state.digest == digest:
                return place, state
        return last, _State(*_SLOT.unpack_from(self._memory, last))

    def _store(self, place: int, state: _State) -> None:
        _SLOT.pack_into(self._memory, place, state.digest, state.free, state.held, state.share, state.changed)
