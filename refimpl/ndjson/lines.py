"""The lines of the format ``ndjson``: of the run, of what came of components, of the end (docs/outputs.md).

What is written is read again without loss: reports made of these lines are those of the run itself.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from refimpl.command_line.shard import Shard
from refimpl.errors import ComponentError, Error
from refimpl.golang import instant, jsontext
from refimpl.golang.utf8 import replace_surrogates
from refimpl.policy.effective_time import EffectiveTime
from refimpl.record import record, replace
from refimpl.redaction import without_secrets_in
from refimpl.report.model import ComponentResult
from refimpl.report.outcome import ComponentOutcome
from refimpl.result import Result
from refimpl.verify.checks import is_final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_VERSION = 1


class LineError(ValueError):
    """A line isn't one of this format; ``str()`` says why."""


@record
class Run:
    """What all results of a run have in common.

    Attributes:
        verdict_key: of all that decides besides the image and the time: equal keys judge alike.
        effective_time: RFC 3339; empty where attestations tell it, or where it is open until the end.
        key: the public key in PEM, empty for the keyless way.
        policy: as in the report.
        ec_version: of the program.
        snapshot: the text of ``--snapshot``.
        show_successes: whether there are successes in the lines, not only how many.
        documents: whether there is in the lines what rules saw, and what attestations state.
        shard: which part of the images it is about.
    """

    verdict_key: str
    effective_time: str
    key: str
    policy: Mapping[str, Any]
    ec_version: str
    snapshot: str = ""
    show_successes: bool = False
    documents: bool = False
    shard: Shard = Shard()

    def to_json(self) -> dict[str, Any]:
        """The first line."""
        return {
            "type": "run",
            "format": _VERSION,
            "verdict-key": self.verdict_key,
            "effective-time": self.effective_time,
            "shard": str(self.shard),
            "snapshot": self.snapshot,
            "key": self.key,
            "policy": self.policy,
            "ec-version": self.ec_version,
            "show-successes": self.show_successes,
            "documents": self.documents,
        }

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Run:
        """Read the first line; `LineError` if it is another."""
        if line.get("type") != "run" or line.get("format") != _VERSION:
            raise LineError('the first line is no "run" of format 1')
        return cls(
            _get(line, "verdict-key", str),
            _get(line, "effective-time", str),
            _get(line, "key", str),
            _get(line, "policy", dict),
            _get(line, "ec-version", str),
            _get(line, "snapshot", str),
            _get(line, "show-successes", bool),
            _get(line, "documents", bool),
            Shard.parse(_get(line, "shard", str)),
        )


@record
class Summary:
    """How a run ended.

    Attributes:
        input: digest of the list or snapshot.
        entries: how many images it named, of this shard; each has its lines.
        repeated: how many lines named an image again, and were passed over.
        success: whether no component has a violation.
        violations: of all components, as are the next two.
        effective_time: of the report.
        finished: when.
    """

    input: str
    entries: int
    repeated: int
    success: bool
    violations: int
    warnings: int
    successes: int
    effective_time: str
    finished: datetime

    def to_json(self) -> dict[str, Any]:
        """The last line."""
        return {
            "type": "summary",
            "success": self.success,
            "entries": self.entries,
            "repeated": self.repeated,
            "violation-count": self.violations,
            "warning-count": self.warnings,
            "success-count": self.successes,
            "effective-time": self.effective_time,
            "input": self.input,
            "finished": f"{self.finished.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        }

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Summary:
        """Read the last line; `LineError` if it can't be one."""
        try:
            finished = datetime.fromisoformat(_get(line, "finished", str))
        except ValueError:
            raise LineError('"finished" is no time') from None
        if finished.tzinfo is None:
            raise LineError('"finished" has no time zone')
        return cls(
            _get(line, "input", str),
            _get(line, "entries", int),
            _get(line, "repeated", int),
            _get(line, "success", bool),
            _get(line, "violation-count", int),
            _get(line, "warning-count", int),
            _get(line, "success-count", int),
            _get(line, "effective-time", str),
            finished,
        )


@record
class Found:
    """What came of one entry of a list or snapshot.

    Attributes:
        position: the number of its line, or its place, from 1.
        entry: tells what is named there; see `refimpl.commands.image_list.Entry`.
        outcome: of the image, with those of its index's images; or why there is none.
        is_kept: whether it comes from the file of an earlier run.
    """

    position: int
    entry: str
    outcome: ComponentOutcome | ComponentError
    is_kept: bool = False

    @property
    def outcomes(self) -> tuple[ComponentOutcome, ...]:
        """Of all components: the image, and those of its index."""
        if isinstance(self.outcome, ComponentError):
            return ()
        return (self.outcome, *self.outcome.children)


def encode_line(members: Mapping[str, Any]) -> bytes:
    """One line. Whatever is in the texts, nobody takes it for a line break: the one at the end is the only one."""
    text = replace_surrogates(jsontext.dumps(members))
    return text.replace("\x85", "\\u0085").encode() + b"\n"  # stands in texts alone


def encode_removed(position: int) -> bytes:
    """The line that says that an entry isn't named any more."""
    return encode_line({"type": "removed", "position": position})


def read_position(line: Mapping[str, Any]) -> int:
    """Which entry a line is about.

    Raises:
        LineError: it doesn't say so.
    """
    position: int = _get(line, "position", int)
    if position < 1:
        raise LineError('"position" is less than 1')
    return position


def encode_found(found: Found, run: Run) -> bytes:
    """The lines of an entry: one for each component, in one piece."""
    head = {"position": found.position, "entry": found.entry}
    if isinstance(found.outcome, ComponentError):
        return encode_line({"type": "error", **head, "error": str(found.outcome)})
    parts = found.outcomes
    lines = []
    for number, outcome in enumerate(parts, 1):
        placed = {**head, "part": number, "parts": len(parts)} if len(parts) > 1 else head
        lines.append(encode_line({"type": "component", **placed, **_describe(outcome, run)}))
    return b"".join(lines)


def decode_found(lines: Sequence[Mapping[str, Any]]) -> Found:
    """What `encode_found` wrote.

    Raises:
        LineError: it didn't write this.
    """
    first = lines[0]
    position, entry = read_position(first), _get(first, "entry", str)
    if first.get("type") == "error":
        return Found(position, entry, ComponentError(_get(first, "error", str)), is_kept=True)
    outcome, *children = map(_read_outcome, lines)
    return Found(position, entry, replace(outcome, children=tuple(children)), is_kept=True)


def is_settled(line: Mapping[str, Any]) -> bool:
    """Whether a component's line tells all that another validation would: nothing failed that may be mended by now."""
    if line.get("type") != "component" or "fault" in line or not line.get("digest"):
        return False
    return all(is_final(result.code) for result in _read_results(line, "violations"))


def _describe(outcome: ComponentOutcome, run: Run) -> dict[str, Any]:
    result = outcome.result
    shown: dict[str, Any] = {
        "name": result.name,
        "containerImage": result.container_image,
        "digest": outcome.digest,
        "source": without_secrets_in(result.source),
        "success": result.success,
        "violations": [one.to_json() for one in result.violations],
        "warnings": [one.to_json() for one in result.warnings],
    }
    if run.show_successes:
        shown["successes"] = [one.to_json() for one in result.successes]
    shown["success-count"] = result.success_count
    shown["signatures"] = result.signatures
    shown["attestations"] = result.attestations
    if outcome.images:
        shown["images"] = outcome.images
    if not run.effective_time and outcome.effective_time.nanoseconds is not None:
        shown["effective-time"] = instant.format_rfc3339(outcome.effective_time.nanoseconds)
    if result.attested:
        shown["attested"] = True
    if outcome.fault is not None:
        shown["fault"] = str(outcome.fault)
    if run.documents:
        shown["policy-input"] = b64encode(result.policy_input).decode()
        shown["statements"] = [b64encode(one).decode() for one in result.statements]
    return shown


def _read_outcome(line: Mapping[str, Any]) -> ComponentOutcome:
    successes = _read_results(line, "successes")
    result = ComponentResult(
        name=_get(line, "name", str),
        container_image=_get(line, "containerImage", str),
        source=_get(line, "source", dict),
        violations=_read_results(line, "violations"),
        warnings=_read_results(line, "warnings"),
        successes=successes,
        signatures=tuple(_read_signatures(line)),
        attestations=tuple(_get_all(line, "attestations", dict)),
        policy_input=_read_bytes(line.get("policy-input", "")),
        statements=tuple(map(_read_bytes, _get_all(line, "statements", str))),
        attested=line.get("attested") is True,
        unlisted_successes=max(0, _get(line, "success-count", int) - len(successes)),
    )
    if result.success is not _get(line, "success", bool):
        raise LineError('"success" isn\'t what "violations" say')
    return ComponentOutcome(
        result,
        _read_time(line.get("effective-time", "")),
        fault=Error(_get(line, "fault", str)) if "fault" in line else None,
        digest=_get(line, "digest", str),
        images=tuple(_get_all(line, "images", str)),
    )


def _read_results(line: Mapping[str, Any], name: str) -> tuple[Result, ...]:
    found = _get_all(line, name, dict)
    return tuple(
        Result(_get(one, "msg", str), _get(one, "metadata", dict) if "metadata" in one else {}) for one in found
    )


def _read_signatures(line: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in _get_all(line, "signatures", dict):
        for shown in ("keyid", "sig"):
            _get(one, shown, str)
        yield one


def _read_time(text: Any) -> EffectiveTime:
    try:
        return EffectiveTime(instant.parse_rfc3339(text) if text else None)
    except (ValueError, TypeError, AttributeError):
        raise LineError('"effective-time" is no time') from None


def _read_bytes(text: Any) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise LineError("a document isn't in base64") from None


def _get(line: Any, name: str, kind: type[Any], default: Any = None) -> Any:
    value = line.get(name, default) if isinstance(line, dict) else None
    if type(value) is not kind:
        raise LineError(f'no member "{name}"' if value is None else f'"{name}" is of the wrong type')
    return value


def _get_all(line: Mapping[str, Any], name: str, kind: type[Any]) -> list[Any]:
    """All that a list has; it may be missing."""
    values: list[Any] = _get(line, name, list, [])
    if any(type(value) is not kind for value in values):
        raise LineError(f'what "{name}" lists is of the wrong type')
    return values
