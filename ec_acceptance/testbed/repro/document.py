"""Reading JSON that others wrote: each value with the place at which it stands."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BundleError", "Member", "parse"]


class BundleError(Exception):
    """A repro bundle can't be read, or asks for what isn't done."""


@dataclass(frozen=True, slots=True)
class Member:
    """A value and its place, such as ``groups[0].runs[1].status``.

    Each reader raises BundleError when the value isn't of its kind.
    """

    value: Any
    place: str

    def __getitem__(self, name: str) -> Member:
        """A member that must be there."""
        found = self.get(name)
        if found is None:
            raise BundleError(f"{self.place or 'the document'} has no {name}")
        return found

    def get(self, name: str) -> Member | None:
        """A member; None when it isn't there, or is null."""
        value = self._of(dict, "an object").get(name)
        return None if value is None else Member(value, f"{self.place}.{name}" if self.place else name)

    def members(self) -> Iterator[Member]:
        """The members of an array."""
        for number, value in enumerate(self._of(list, "an array")):
            yield Member(value, f"{self.place}[{number}]")

    def items(self) -> Iterator[tuple[str, Member]]:
        """The members of an object, by name."""
        for name, value in self._of(dict, "an object").items():
            yield name, Member(value, f"{self.place}.{name[:80]}")

    def text(self) -> str:
        """A text that a command line may have: without NUL; half a pair stands for a byte that is no UTF-8."""
        text = str(self._of(str, "a text"))
        try:
            content = os.fsencode(text)
        except ValueError:
            raise BundleError(f"{self.place} is no text") from None
        if b"\0" in content:
            raise BundleError(f"{self.place} has a NUL in it")
        return text

    def words(self) -> str:
        """Any text."""
        return str(self._of(str, "a text"))

    def texts(self) -> list[str]:
        """An array of texts."""
        return [one.text() for one in self.members()]

    def flag(self) -> bool:
        """True or false."""
        return bool(self._of(bool, "true or false"))

    def integer(self) -> int:
        """A whole number."""
        if isinstance(self.value, bool):
            raise BundleError(f"{self.place} is no whole number")
        return int(self._of(int, "a whole number"))

    def seconds(self) -> float:
        """A number of seconds, 0 or more, and less than a day."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not 0 <= self.value < 86400:
            raise BundleError(f"{self.place} is no number of seconds")
        return float(self.value)

    def moment(self) -> float:
        """Seconds since 1970."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not 0 <= self.value < 1 << 33:
            raise BundleError(f"{self.place} is no time")
        return float(self.value)

    def port(self) -> int:
        """A port that programs without special rights may listen at."""
        number = self.integer()
        if not 1024 <= number < 1 << 16:
            raise BundleError(f"{self.place} is no port from 1024 to 65535")
        return number

    def _of(self, kind: type, what: str) -> Any:
        if not isinstance(self.value, kind):
            raise BundleError(f"{self.place or 'the document'} is not {what}")
        return self.value


def parse(content: bytes, name: str) -> Member:
    """A JSON document.

    Raises:
        BundleError: it is none.
    """
    try:
        return Member(json.loads(content), "")
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{name} is no JSON: {error}") from None
