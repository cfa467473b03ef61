"""Results on their way: from the values of rules, with what annotations add (specification 11 §7.5-7.6)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from refimpl.errors import EvaluationError
from refimpl.evaluation.dates import NINETY_DAYS, parse_utc
from refimpl.evaluation.specificity import criterion_texts
from refimpl.golang.printing import format_quoted, format_value
from refimpl.record import record
from refimpl.result import first_text, plain_text, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from refimpl.evaluation.rules import RuleInfo

_log = logging.getLogger(__name__)
_NOT_METADATA = frozenset(("msg", "_loc", "query"))


@record(frozen=False)
class Candidate:
    """A result whose metadata may still change.

    Attributes:
        msg: never empty.
        metadata: own.
        code: what it is filtered by; empty for none.
        depends_on: the annotation's, not the result's own.
    """

    msg: str
    metadata: dict[str, Any]
    code: str
    depends_on: tuple[str, ...]

    @property
    def exact_code(self) -> str | None:
        """The code when it is a string: only such results count as a rule's own."""
        return plain_text(self.metadata.get("code"))

    def texts(self) -> tuple[str, ...]:
        """The criterion texts that it answers to."""
        exact = self.exact_code is not None  # `_complete` made the collections a list of strings
        collections = self.metadata.get("collections", ()) if exact else ()
        return criterion_texts(self.code, texts(self.metadata.get("term")), collections)

    def complain(self) -> None:
        """Log that its collections don't count: without a code they stay what they were."""
        if self.exact_code is None and "collections" in self.metadata:
            collections = format_value(self.metadata["collections"])
            _log.error("Unsupported collections set in Metadata, expecting []string got: %s", collections)


def check(values: Iterable[Any]) -> None:
    """Refuse an object without a message among the values of a rule; the OPA evaluator takes it.

    Raises:
        EvaluationError: there is one.
    """
    for value in values:
        _read(value)


def read_candidates(
    values: Iterable[Any], annotated: Mapping[str, RuleInfo], *, time_ns: int, opa: bool = False
) -> list[Candidate]:
    """The results among the values of a rule.

    Args:
        values: elements of the rule's set or array.
        annotated: the group's rules by code.
        time_ns: nanoseconds since 1970; effective dates more than 90 days before it are left out.
        opa: read them as the OPA evaluator does (specification 11 §9). Otherwise only strings and
            objects are results, and all else is nothing.

    Raises:
        EvaluationError: an object without a message.
    """
    read = _read_as_opa if opa else _read
    found: list[Candidate] = []
    for value in values:
        msg, members = read(value)
        if msg:
            found.append(_complete(msg, members, annotated, time_ns))
    return found


def _read(value: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(value, dict):
        return plain_text(value) or "", {}
    msg = plain_text(value.get("msg"))
    if msg is None:
        raise EvaluationError('query rule: check: query rule: new result: "msg" field must be present and a string')
    return msg, {key: item for key, item in value.items() if key not in _NOT_METADATA}


def _read_as_opa(value: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(value, dict):
        return plain_text(value.get("msg")) or "", {key: item for key, item in value.items() if key != "msg"}
    text = plain_text(value)
    if text is None:
        text = f"unexpected policy result type {_type_name(value)}: {format_value(value)}"
    return text, {}


def _type_name(value: Any) -> str:
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "bool"
    return "[]interface {}" if isinstance(value, list) else "json.Number"


def _complete(msg: str, metadata: dict[str, Any], annotated: Mapping[str, RuleInfo], time_ns: int) -> Candidate:
    code = plain_text(metadata.get("code"))
    if code is None:
        return Candidate(msg, metadata, first_text(metadata.get("code")), ())
    if "collections" in metadata:
        collections = metadata.pop("collections")
        if isinstance(collections, list):
            metadata["collections"] = [format_value(item) for item in collections]
    info = annotated.get(code)
    if info:
        metadata |= info.metadata()
    effective_on = plain_text(metadata.get("effective_on"))
    if effective_on is not None:
        point = parse_utc(effective_on)
        if point is None:
            _log.warning('Invalid "effective_on" value %s', format_quoted(info.effective_on if info else ""))
        elif point < time_ns - NINETY_DAYS:
            del metadata["effective_on"]
    return Candidate(msg, metadata, code, info.depends_on if info else ())
