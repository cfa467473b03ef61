"""Typed placeholders for the values of one run, put in while a validator's output is parsed (docs/snapshots.md).

A placeholder is an object, not a text: a validator that prints ``<time>`` doesn't match the snapshot that says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.validator.process import Invocation

__all__ = ["Placeholder", "Redactions", "Templated"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
_HEXADECIMAL = re.compile("[0-9a-f]+")
_SLACK = timedelta(seconds=2)


class Placeholder:
    """Stands for a whole value, such as `<time>`. No dataclass: snapshots write those member by member."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Templated:
    """A text with known values in it: literal parts and placeholders in turn."""

    def __init__(self, parts: Sequence[str | Placeholder]) -> None:
        self.parts = tuple(parts)

    def __repr__(self) -> str:
        return " + ".join(repr(part) for part in self.parts)


@dataclass(slots=True)
class Redactions:
    """The values of this run that differ from run to run, by the name that snapshots give them."""

    values: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: str) -> None:
        """Remember a value; the first name of equal values stays."""
        if value:
            self.values.setdefault(value, name)

    def redact_document(self, document: Any, invocation: Invocation) -> Any:
        """A copy of a parsed report with placeholders for this run's values.

        ``effective-time`` becomes ``<time>`` only if it is within the invocation; ``ec-version`` becomes
        ``<version>`` if it is a non-empty text. All other texts get exactly the values that are known.
        """
        pattern = self._pattern()
        return self._value(document, "", pattern, invocation)

    def redact_text(self, text: str) -> str:
        """The text with this run's values replaced by ``<name>``, longest first, and times by ``<time>``."""
        pattern = self._pattern()
        if pattern is not None:
            text = pattern.sub(lambda match: f"<{self.values[match[0]]}>", text)
        return _TIME.sub("<time>", text)

    def _pattern(self) -> re.Pattern[str] | None:
        if not self.values:
            return None
        return re.compile("|".join(_expression(value) for value in sorted(self.values, key=len, reverse=True)))

    def _value(self, value: Any, member: str, pattern: re.Pattern[str] | None, invocation: Invocation) -> Any:
        if isinstance(value, dict):
            return {str(k): self._value(v, str(k), pattern, invocation) for k, v in _members(value)}
        if isinstance(value, list):
            return [self._value(item, "", pattern, invocation) for item in value]
        if not isinstance(value, str):
            return value
        if member == "effective-time" and _within(value, invocation):
            return Placeholder("time")
        if member == "ec-version" and value:
            return Placeholder("version")
        return value if pattern is None else self._text(value, pattern)

    def _text(self, text: str, pattern: re.Pattern[str]) -> Any:
        parts: list[str | Placeholder] = []
        end = 0
        for match in pattern.finditer(text):
            if match.start() > end:
                parts.append(text[end : match.start()])
            parts.append(Placeholder(self.values[match[0]]))
            end = match.end()
        if not parts:
            return text
        if end < len(text):
            parts.append(text[end:])
        return parts[0] if len(parts) == 1 else Templated(parts)


def _expression(value: str) -> str:
    """The value; one of hexadecimal digits, such as the beginning of a digest, isn't a part of a longer one."""
    return rf"(?<![0-9a-f]){value}(?![0-9a-f])" if _HEXADECIMAL.fullmatch(value) else re.escape(value)


def _members(value: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    return sorted(value.items(), key=lambda item: str(item[0]))


def _within(text: str, invocation: Invocation) -> bool:
    if not _TIME.fullmatch(text):
        return False
    seconds, _, fraction = text.rstrip("Z").partition(".")
    micro = int((fraction + "000000")[:6])
    moment = datetime.fromisoformat(seconds).replace(microsecond=micro, tzinfo=UTC)
    started = datetime.fromtimestamp(invocation.started, UTC)
    ended = datetime.fromtimestamp(invocation.ended, UTC)
    return started - _SLACK <= moment <= ended + _SLACK
