"""Inputs made of others: bytes and words changed, parts repeated, members of JSON replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fuzz.target import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

__all__ = ["Mutator"]

_KEPT = 2000
_USUAL = 0.9
_TIMES = (100, 1000, MOST_BYTES)
_WORDS = tuple(
    word.encode("utf-8", "surrogatepass")
    for word in (
        *("0", "-1", "1e999", "1e-999", "18446744073709551616", "9" * 5000, "0x10", "1_000", "٣", "NaN", "-0", "01"),
        *("\x00", "\ufffd", "\ud800", "\\ud800", "\\u0000", "\u2028", "\u0085", "\r\n", "\t", "ſ", "\u212a", "İ"),
        *("[" * 5000, '{"a":' * 2000, "[{},{}]", "null", "true", "{}", "[]", '""', '"', "\\", "//", "..", "%", "%00"),
        *("=", "==", "====", "-", "_", "+", "@", ":", "::", "[", "]", ",", ";", "<", ">", "#", "?", "&", "*", "!"),
        *("http://", "https://", "127.0.0.1", "2130706433", "[::1]", "xn--", "a" * 70, "sha256:", "é", " ", "\n\n"),
    )
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1 << 63, 1 << 70, 10**400, "", "a", "\ud800", "\x00", "\ufffd", "9" * 40),
    *([], {}, [None], [[]], [{}], {"": None}, {"a": {"a": {}}}, ["a", 1], "sha256:" + "0" * 64, "AAAA", "AA", "A==="),
)


class Mutator:
    """Makes inputs without end.

    Args:
        random: where choices come from.
        seeds: inputs to begin with.
        words: that inputs may have in them.
    """

    def __init__(self, random: Random, seeds: Iterable[bytes], words: Iterable[bytes] = ()) -> None:
        self._random = random
        self._pool = [seed[:MOST_BYTES] for seed in seeds] or [b""]
        self._words = (*words, *words, *_WORDS)
        self._edits: tuple[Callable[[bytes], bytes], ...] = (
            self._flip,
            self._replace,
            self._insert,
            self._insert,
            self._remove,
            self._repeat,
            self._cut,
            self._splice,
            self._move,
            self._structure,
            self._structure,
            self._structure,
        )

    def keep(self, data: bytes) -> None:
        """Begin with this input, too: it led somewhere new."""
        if len(self._pool) < _KEPT:
            self._pool.append(data)
        else:
            self._pool[self._random.randrange(_KEPT // 2, _KEPT)] = data

    def make_input(self) -> bytes:
        """A new input."""
        random = self._random
        data = random.choice(self._pool)
        for _ in range(1 + int(random.expovariate(0.7))):
            data = random.choice(self._edits)(data)
        return data[:MOST_BYTES]

    def _place(self, data: bytes) -> int:
        return self._random.randrange(len(data) + 1)

    def _part(self, data: bytes) -> tuple[int, int]:
        start = self._place(data)
        length = self._random.choice((1, 1, 2, 4, 8, 16, 64, 512, len(data)))
        return start, min(len(data), start + length)

    def _flip(self, data: bytes) -> bytes:
        if not data:
            return data
        changed = bytearray(data)
        changed[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        return bytes(changed)

    def _replace(self, data: bytes) -> bytes:
        start, end = self._part(data)
        return data[:start] + self._random.randbytes(min(end - start, 16)) + data[end:]

    def _insert(self, data: bytes) -> bytes:
        place, word = self._place(data), self._random.choice(self._words)
        end = place + len(word) if self._random.random() < 0.5 else place
        return data[:place] + word + data[end:]

    def _remove(self, data: bytes) -> bytes:
        start, end = self._part(data)
        return data[:start] + data[end:]

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._part(data)
        part = data[start:end]
        if not part:
            return data
        # Long inputs are what shows that a reader isn't linear; but they take their time, so they are rare.
        times = self._random.choice((1, 2, 3, 10)) if self._random.random() < _USUAL else self._random.choice(_TIMES)
        times = min(times, MOST_BYTES // len(part))
        return data[:end] + part * times + data[end:]

    def _cut(self, data: bytes) -> bytes:
        return data[: self._place(data)]

    def _splice(self, data: bytes) -> bytes:
        other = self._random.choice(self._pool)
        return data[: self._place(data)] + other[self._place(other) :]

    def _move(self, data: bytes) -> bytes:
        start, end = self._part(data)
        rest = data[:start] + data[end:]
        place = self._place(rest)
        return rest[:place] + data[start:end] + rest[place:]

    def _structure(self, data: bytes) -> bytes:
        """Put an odd value in the place of one of a JSON document."""
        if data[:1] not in {b"{", b"["}:
            return self._insert(data)
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return self._insert(data)
        random, parent = self._random, document
        while True:
            places = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
            if not places:
                break
            place = random.choice(places)
            inner = parent[place]
            if isinstance(inner, (dict, list)) and inner and random.random() < 0.8:
                parent = inner
                continue
            self._change(parent, place)
            break
        try:
            return json.dumps(document).encode()
        except (ValueError, RecursionError):
            return data

    def _change(self, parent: Any, place: Any) -> None:
        random = self._random
        how = random.randrange(5)
        if how == 0:
            del parent[place]
        elif how == 1 and isinstance(parent, dict):
            parent[str(place).swapcase()] = parent[place]
        elif how == 2 and isinstance(parent[place], str):
            parent[place] = self.edited_text(parent[place])
        else:
            parent[place] = random.choice(_VALUES)

    def edited_text(self, text: str) -> str:
        """A text with one change."""
        place = self._random.randrange(len(text) + 1)
        word = self._random.choice(self._words).decode("utf-8", "surrogateescape")
        return text[:place] + word + text[place + self._random.choice((0, 0, 1, len(word))) :]
