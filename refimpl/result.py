"""One line of a report: a violation, a warning or a success (specification 24 §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALWAYS_SHOWN = ("code", "effective_on", "term")


def plain_text(value: Any) -> str | None:
    """The value when it is a JSON string; None for all else, also for a number carried as text."""
    return value if type(value) is str else None


def texts(value: Any) -> tuple[str, ...]:
    """The non-empty strings of a value that is a string or a list of strings (specification 11 §7.2)."""
    if type(value) is str:
        return (value,) if value else ()
    if isinstance(value, list):
        return tuple(item for item in value if type(item) is str and item)
    return ()


def first_text(value: Any) -> str:
    """The first of `texts`, or empty text."""
    found = texts(value)
    return found[0] if found else ""


@record
class Result:
    """A message and what is known about it.

    `metadata` is never changed after construction. Its values are JSON as `jsontext.loads` gives it.
    """

    msg: str
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The rule's code; of a list the first non-empty string; empty text without one."""
        return first_text(self.metadata.get("code"))

    @property
    def term(self) -> str:
        """The first non-empty term, or empty text."""
        return first_text(self.metadata.get("term"))

    @property
    def sort_key(self) -> tuple[str, str, str]:
        """Code, term, message: code points sort as their UTF-8 bytes do (specification 11 §7.9)."""
        return (self.code, self.term, self.msg)

    def reduce(self, *, info: bool) -> Result:
        """With `info` the result itself, else one that keeps only code, effective date and term."""
        if info:
            return self
        return Result(self.msg, {key: self.metadata[key] for key in _ALWAYS_SHOWN if key in self.metadata})

    def to_json(self) -> dict[str, Any]:
        """``{"msg": …, "metadata": {…}}``: metadata sorted by key, left out when empty."""
        document: dict[str, Any] = {"msg": self.msg}
        if self.metadata:
            document["metadata"] = dict(sorted(self.metadata.items()))
        return document


def sort_results(results: list[Result] | tuple[Result, ...]) -> tuple[Result, ...]:
    """The results in the report's order; equal ones stay as they came."""
    return tuple(sorted(results, key=lambda result: result.sort_key))


def arrange(results: list[Result], *, info: bool) -> tuple[Result, ...]:
    """The results in the report's order, each reduced unless `info` is wanted."""
    return tuple(result.reduce(info=info) for result in sort_results(results))
