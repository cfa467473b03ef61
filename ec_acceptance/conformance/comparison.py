"""Two validators on the same scenarios: what differs between what they did, and of which kind it is."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from ec_acceptance.conformance.replay import name_request
from ec_acceptance.testbed.expect.redactions import Redactions
from ec_acceptance.testbed.expect.report import load_exact_json
from ec_acceptance.testbed.scenario.evidence import SEEN
from ec_acceptance.testbed.validator.process import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["KINDS", "Difference", "Pair", "Side", "compare", "read_side"]

KINDS = {
    "verdict": "one passes what the other one rejects, or they end with other exit statuses",
    "code": "they reject, or warn of, other things",
    "message": "they say it in other words, or other members of a report differ",
    "order": "they say the same in another order",
    "requests": "they ask for other things, or more or less often",
}
"""The kinds of differences, the gravest first."""
_LOG = 'time="'
_DIGEST = re.compile(r"\b[a-z0-9]+[:-][0-9a-f]{40,}")
_JUDGED = ("violations", "warnings", "successes")


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference: `kind` is one of `KINDS`, `place` where it is, `lines` show it (`-` the first validator)."""

    kind: str
    place: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A scenario on two validators: what it came to on each, and what differs; None where that can't be said."""

    id: str
    name: str
    statuses: tuple[str, str]
    differences: tuple[Difference, ...] | None


@dataclass(frozen=True, slots=True)
class _Run:
    status: str
    stdout: str
    stderr: str
    document: Any
    """Of a JSON report, with placeholders; None of anything else."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one validator did in a scenario, without what differs from run to run."""

    runs: tuple[_Run, ...]
    requests: Counter[str]


def read_side(folder: Path) -> Side | None:
    """What a scenario left in its folder of artifacts; None if it isn't there."""
    try:
        seen = json.loads((folder / SEEN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    redactions = Redactions(seen["values"])
    runs = [_read_run(run, folder, redactions) for group in seen["groups"] for run in group["runs"]]
    requests = Counter(
        name_request(one["server"], redactions.redact_text(one["asked"].partition("?")[0]), one["status"])
        for group in seen["groups"]
        for one in group["requests"]
    )
    return Side(tuple(runs), requests)


def compare(one: Side, other: Side) -> list[Difference]:
    """What differs, the gravest kinds first."""
    found: list[Difference] = []
    for number, (left, right) in enumerate(zip_longest(one.runs, other.runs), 1):
        if left is None or right is None:
            counts = (f"-{len(one.runs)} runs", f"+{len(other.runs)} runs")
            found.append(Difference("verdict", "the scenario continues for one of them alone", counts))
            break
        place = f"run {number}: " if max(len(one.runs), len(other.runs)) > 1 else ""
        found += [Difference(kind, f"{place}{what}", lines) for kind, what, lines in _compare_runs(left, right)]
    left_requests, right_requests = _named_alike(one.requests, other.requests)
    if left_requests != right_requests:
        lines = tuple(
            f"{sign}{requests[asked]} × {asked}"
            for asked in sorted(left_requests | right_requests)
            for sign, requests in (("-", left_requests), ("+", right_requests))
            if left_requests[asked] != right_requests[asked]
        )
        found.append(Difference("requests", f"{one.requests.total()} and {other.requests.total()} requests", lines))
    order = list(KINDS)
    return sorted(found, key=lambda difference: order.index(difference.kind))


def _named_alike(one: Counter[str], other: Counter[str]) -> tuple[Counter[str], Counter[str]]:
    """Requests in which digests that only one side has are no names: attachments have the log's times in them."""
    digests = [{digest for asked in requests for digest in _DIGEST.findall(asked)} for requests in (one, other)]
    known = digests[0] & digests[1]
    renamed = []
    for requests in (one, other):
        counter: Counter[str] = Counter()
        for asked, count in requests.items():
            counter[_DIGEST.sub(lambda found: found[0] if found[0] in known else "<digest>", asked)] += count
        renamed.append(counter)
    return renamed[0], renamed[1]


def _compare_runs(left: _Run, right: _Run) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    if left.status != right.status:
        yield "verdict", "exit status", (f"-{left.status}", f"+{right.status}")
    if left.document is not None and right.document is not None:
        yield from _compare_documents(left.document, right.document)
    elif difference := _compare_texts(left.stdout.splitlines(), right.stdout.splitlines()):
        yield difference[0], "standard output", difference[1]
    if difference := _compare_texts(_sorted_log(left.stderr), _sorted_log(right.stderr)):
        yield difference[0], "standard error", difference[1]


def _compare_documents(left: Any, right: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    verdicts = [document.get("success") if isinstance(document, dict) else None for document in (left, right)]
    if verdicts[0] != verdicts[1]:
        yield "verdict", "success", tuple(f"{sign}{json.dumps(one)}" for sign, one in zip("-+", verdicts, strict=True))
    codes = [sorted(_codes(document)) for document in (left, right)]
    if codes[0] != codes[1]:
        yield "code", "codes of the report", tuple(_lines(*codes, context=0))
    texts = [_show(document) for document in (left, right)]
    if texts[0] == texts[1]:
        return
    settled = [_show(_settle(document)) for document in (left, right)]
    if settled[0] == settled[1]:
        yield "order", "the report", tuple(_lines(*texts))
    elif codes[0] == codes[1]:
        yield "message", "the report", tuple(_lines(*settled))


def _codes(document: Any) -> Iterator[str]:
    """A line for each result of each component of a report of images, or of files."""
    if not isinstance(document, dict):
        return
    for component in (*_list(document, "components"), *_list(document, "filepaths")):
        name = component.get("name") or component.get("filepath") or ""
        for kind in _JUDGED:
            for result in _list(component, kind):
                metadata = result.get("metadata")
                code = metadata.get("code", "") if isinstance(metadata, dict) else ""
                yield f"{name} {kind} {code}".strip()


def _list(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = document.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _compare_texts(left: Sequence[str], right: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    if left == right:
        return None
    return ("order" if sorted(left) == sorted(right) else "message"), tuple(_lines(left, right))


def _lines(left: Sequence[str], right: Sequence[str], *, context: int = 2) -> Iterator[str]:
    differences = difflib.unified_diff(left, right, lineterm="", n=context)
    return (line for line in differences if not line.startswith(("--- ", "+++ ", "@@")))


def _settle(value: Any) -> Any:
    """A document in which the order of arrays doesn't count."""
    if isinstance(value, dict):
        return {name: _settle(one) for name, one in value.items()}
    if isinstance(value, list):
        return sorted((_settle(one) for one in value), key=repr)
    return value


def _show(document: Any) -> list[str]:
    return json.dumps(document, indent=1, ensure_ascii=False, default=repr).splitlines()


def _sorted_log(text: str) -> list[str]:
    """Lines; those of a log come first, sorted: components are validated at the same time."""
    lines = text.splitlines()
    return [*sorted(one for one in lines if one.startswith(_LOG)), *(one for one in lines if not one.startswith(_LOG))]


def _read_run(run: dict[str, Any], folder: Path, redactions: Redactions) -> _Run:
    out, err = ((folder / run[stream]).read_bytes() for stream in ("stdout", "stderr"))
    started, ended = run["clock"]
    invocation = Invocation(tuple(run["command"]), {}, run["status"], out, err, started, ended, run["timed_out"])
    try:
        document = redactions.redact_document(load_exact_json(invocation.out), invocation)
    except (ValueError, RecursionError):
        document = None
    status = f"{run['status']}{', stopped' if run['timed_out'] else ''}"
    return _Run(status, redactions.redact_text(invocation.out), redactions.redact_text(invocation.err), document)
