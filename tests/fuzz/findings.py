"""Findings: inputs that did what none may, each kind once, made as short as it goes, and kept as files."""

from __future__ import annotations

import hashlib
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fuzz.target import SlowError, execute

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.target import Target

__all__ = ["Finding", "Findings"]

_SHORTENINGS = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """One input that shows a fault.

    Attributes:
        target: the target's name.
        file: where the input is.
        trace: what came of it.
    """

    target: str
    file: str
    trace: str


class Findings:
    """The findings of one target, written to a folder as they come."""

    def __init__(self, target: Target, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._kinds: set[str] = set()
        self.all: list[Finding] = []

    def add(self, data: bytes, error: Exception) -> None:
        """Keep an input, if it is the first of its kind."""
        kind = _kind(error)
        if kind in self._kinds:
            return
        self._kinds.add(kind)
        trace = "".join(traceback.format_exception(error))
        data = data if isinstance(error, SlowError) else self._shorten(data, kind)
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / hashlib.sha256(data).hexdigest()[:16]
        file.write_bytes(data)
        self.all.append(Finding(self._target.name, str(file), trace))

    def _shorten(self, data: bytes, kind: str) -> bytes:
        """The input without what it does without."""
        size, left = len(data) // 2, _SHORTENINGS
        while size and left > 0:
            place = 0
            while place < len(data) and left > 0:
                left -= 1
                shorter = data[:place] + data[place + size :]
                if self._shows(shorter, kind):
                    data = shorter
                else:
                    place += size
            size //= 2
        return data

    def _shows(self, data: bytes, kind: str) -> bool:
        try:
            execute(self._target, data)
        except Exception as error:  # noqa: BLE001 - whatever a target raises is what is looked for
            return _kind(error) == kind
        return False


def _kind(error: Exception) -> str:
    """The same for inputs that show the same fault: the class, and the last line of ours that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "refimpl" in frame.filename or "/fuzz/targets/" in frame.filename]
    place = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__} {place}"
