"""Answers that the processes of one run share: what one of them has found out, or is finding out, no other asks for.

They are in memory that all processes have in common, of a fixed size: a table of keys, and a ring of values in which
the oldest make room for the newest. Nobody else can write there, so values are pickles.
"""

from __future__ import annotations

import hashlib
import mmap
import pickle
import struct
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from refimpl.deadline import Deadline

_T = TypeVar("_T")

_RING: Final = 64 << 20
_BUCKETS: Final = 1 << 13
_WAYS: Final = 8
_SLOT: Final = struct.Struct("<16sQQ")  # a key's digest; the number of its flight, 0 for none; where its value is
_HEAD: Final = struct.Struct("<QQ")  # the last flight's number; where the next value goes
_LENGTH: Final = struct.Struct("<Q")
_FAILED: Final = 1 << 63  # of a place: what is there is an error
_FLYING: Final = 0
_PAUSES: Final = (0.001, 0.002, 0.004, 0.008)  # seconds between two looks at what another process is finding out


@record
class _Claim:
    """A slot that this process has to fill."""

    slot: int
    flight: int


@record
class _Found:
    pickled: bytes


@record
class _Flying:
    """Another process is at work."""

    flight: int


class Exchange:
    """Single flight between processes. Make it before they are forked; safe to use from all their threads.

    Args:
        ring: bytes of the values that are kept. One of more than a quarter of it is shared with nobody.
        buckets: a power of two; there is room for eight times as many keys.

    Raises:
        OSError: the system has no memory or no semaphore to share.
    """

    def __init__(self, ring: int = _RING, buckets: int = _BUCKETS) -> None:
        from multiprocessing import get_context

        self._lock = get_context("fork").Lock()
        self._ring = ring
        self._buckets = buckets
        self._values = _HEAD.size + buckets * _WAYS * _SLOT.size
        self._memory = mmap.mmap(-1, self._values + ring)
        _HEAD.pack_into(self._memory, 0, 0, 1)

    def get(self, key: Hashable, compute: Callable[[], _T], deadline: Deadline, *, origin: Hashable = None) -> _T:
        """The value that a process has found for `key`, or the result of `compute`, called by one process at a time.

        Failures aren't kept: who waited for one of the same `origin` gets that very error, who asks later computes.

        Args:
            key: of texts, numbers, and tuples and frozen sets of them.
            compute: finds the value, which can be pickled.
            deadline: ends waiting.
            origin: whom a failure concerns.

        Raises:
            TimeoutExceededError: the deadline passed while another process computed.
        """
        digest = hashlib.blake2b(_spell(key), digest_size=16).digest()
        state = self._claim(digest)
        while isinstance(state, _Flying):
            failure = self._await(digest, state.flight, deadline)
            if failure is not None and failure[0] == _spell(origin):
                raise failure[1]
            state = self._claim(digest)
        if isinstance(state, _Found):
            found: _T = pickle.loads(state.pickled)  # noqa: S301 - by a process of this run
            return found
        if state is None:  # too many are at work
            return compute()
        return self._lead(state, compute, origin)

    def hold(self, key: Hashable, deadline: Deadline) -> Callable[[], None]:
        """Wait until no process holds `key`, and hold it; the answer gives it back.

        Raises:
            TimeoutExceededError: the deadline passed while another process held it.
        """
        digest = hashlib.blake2b(_spell(key), digest_size=16).digest()
        while isinstance(state := self._claim(digest), _Flying):
            self._await(digest, state.flight, deadline)
        if not isinstance(state, _Claim):
            return lambda: None
        claim = state
        return lambda: self._land(claim, b"", 0)

    def first(self, key: Hashable) -> bool:
        """Whether no process has asked this before, so that what all would say is said once."""
        state = self._claim(hashlib.blake2b(_spell(key), digest_size=16).digest())
        if isinstance(state, _Claim):
            self._land(state, b"said", 0)
        return isinstance(state, _Claim)

    def _lead(self, claim: _Claim, compute: Callable[[], _T], origin: Hashable) -> _T:
        outcome, failed = b"", 0
        try:
            value = compute()
            outcome = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            outcome, failed = pickle.dumps((_spell(origin), error), pickle.HIGHEST_PROTOCOL), _FAILED
            raise
        finally:
            self._land(claim, outcome, failed)
        return value

    def _await(self, digest: bytes, flight: int, deadline: Deadline) -> tuple[bytes, Exception] | None:
        """Wait until a flight has ended; what it failed with, if it did and that is still known."""
        looks = 0
        while True:
            time.sleep(deadline.cap(_PAUSES[min(looks, len(_PAUSES) - 1)]))
            looks += 1
            with self._lock:
                for slot in self._slots(digest):
                    known, number, place = _SLOT.unpack_from(self._memory, slot)
                    if known == digest and number == flight:
                        break
                else:
                    return None  # another flight has begun
                if place == _FLYING:
                    continue
                if not place & _FAILED:
                    return None
                pickled = self._value(place & ~_FAILED)
            return None if pickled is None else pickle.loads(pickled)  # noqa: S301 - by a process of this run

    def _claim(self, digest: bytes) -> _Claim | _Found | _Flying | None:
        """What is known of a key; if nothing is, it is this process's to find out. None if there is no room."""
        with self._lock:
            last, head = _HEAD.unpack_from(self._memory, 0)
            room, oldest = None, head
            for slot in self._slots(digest):
                known, flight, place = _SLOT.unpack_from(self._memory, slot)
                if flight and known == digest:
                    if place == _FLYING:
                        return _Flying(flight)
                    pickled = None if place & _FAILED else self._value(place)
                    if pickled is not None:
                        return _Found(pickled)
                    room, oldest = slot, -1
                elif not flight and oldest >= 0:
                    room, oldest = slot, 0
                elif place != _FLYING and place & ~_FAILED < oldest:
                    room, oldest = slot, place & ~_FAILED
            if room is None:
                return None
            _SLOT.pack_into(self._memory, room, digest, last + 1, _FLYING)
            _HEAD.pack_into(self._memory, 0, last + 1, head)
            return _Claim(room, last + 1)

    def _land(self, claim: _Claim, outcome: bytes, failed: int) -> None:
        size = _LENGTH.size + len(outcome)
        with self._lock:
            if not outcome or size > self._ring // 4:
                _SLOT.pack_into(self._memory, claim.slot, bytes(16), 0, 0)
                return
            last, place = _HEAD.unpack_from(self._memory, 0)
            if place % self._ring + size > self._ring:  # values are in one piece
                place += self._ring - place % self._ring
            start = self._values + place % self._ring
            self._memory[start : start + size] = _LENGTH.pack(len(outcome)) + outcome
            _HEAD.pack_into(self._memory, 0, last, place + size)
            digest, flight, _ = _SLOT.unpack_from(self._memory, claim.slot)
            _SLOT.pack_into(self._memory, claim.slot, digest, flight, place | failed)

    def _value(self, place: int) -> bytes | None:
        """What is there; None if it has made room for others."""
        _, head = _HEAD.unpack_from(self._memory, 0)
        if head > place + self._ring:
            return None
        start = self._values + place % self._ring
        (size,) = _LENGTH.unpack_from(self._memory, start)
        return self._memory[start + _LENGTH.size : start + _LENGTH.size + size]

    def _slots(self, digest: bytes) -> range:
        first = _HEAD.size + int.from_bytes(digest[:4]) % self._buckets * _WAYS * _SLOT.size
        return range(first, first + _WAYS * _SLOT.size, _SLOT.size)


def _spell(key: Any) -> bytes:
    """The key in bytes that are the same in each process."""
    if isinstance(key, frozenset):
        return b"{%b}" % b",".join(sorted(map(_spell, key)))
    if isinstance(key, tuple):
        return b"(%b)" % b",".join(map(_spell, key))
    return repr(key).encode("utf-8", "surrogatepass")
