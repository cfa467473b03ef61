"""Profiles in the format of pprof: a gzipped message of protobuf, which ``go tool pprof`` and its kind read.

The format is google/pprof's ``proto/profile.proto``; the numbers below are those of its fields.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Frame = tuple[str, str, int]
"""Function, file and line."""

Stack = tuple[Frame, ...]
"""From the function that runs to the one that was called first."""

_VARINT, _BYTES = 0, 2


def encode(
    samples: Mapping[Stack, Sequence[int]],
    kinds: Sequence[tuple[str, str]],
    *,
    started_ns: int,
    lasted_ns: int,
    period: tuple[str, str, int] | None = None,
) -> bytes:
    """The file of a profile.

    Args:
        samples: values by stack.
        kinds: of the values: what they are, and their unit, such as ``("cpu", "nanoseconds")``.
        started_ns: since the epoch.
        lasted_ns: how long it took.
        period: between two samples: what it is, its unit, how much.
    """
    tables = _Tables()
    body = [_message(1, _value_type(tables, kind, unit)) for kind, unit in kinds]
    for stack, values in samples.items():
        locations = [tables.location(frame) for frame in stack]
        body.append(_message(2, _pack(1, locations) + _pack(2, values)))
    body += tables.messages()
    body += [_number(9, started_ns), _number(10, lasted_ns)]
    if period is not None:
        body += [_message(11, _value_type(tables, period[0], period[1])), _number(12, period[2])]
    body += [_message(6, text.encode(errors="replace")) for text in tables.texts]
    return gzip.compress(b"".join(body), mtime=0)


class _Tables:
    """What samples refer to by number: locations (field 4), functions (5), texts (6, of which the first is empty)."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {"": 0}
        self._functions: dict[tuple[str, str], int] = {}
        self._locations: dict[Frame, int] = {}

    def text(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def location(self, frame: Frame) -> int:
        known = self._locations.get(frame)
        if known is not None:
            return known
        self._functions.setdefault(frame[:2], len(self._functions) + 1)
        return self._locations.setdefault(frame, len(self._locations) + 1)

    def messages(self) -> Iterable[bytes]:
        for (name, file, line), number in self._locations.items():
            at = _number(1, self._functions[name, file]) + _number(2, line)
            yield _message(4, _number(1, number) + _message(4, at))
        for (name, file), number in self._functions.items():
            called = _number(2, self.text(name)) + _number(3, self.text(name))
            yield _message(5, _number(1, number) + called + _number(4, self.text(file)))


def _value_type(tables: _Tables, kind: str, unit: str) -> bytes:
    return _number(1, tables.text(kind)) + _number(2, tables.text(unit))


@lru_cache(maxsize=1 << 16)
def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _pack(field: int, values: Iterable[int]) -> bytes:
    return _message(field, b"".join(map(_varint, values)))
