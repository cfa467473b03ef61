"""Lines of the format ``ndjson``, one of each kind and with each member."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from refimpl.errors import ComponentError, Error
from refimpl.ndjson.lines import Found, Run, Summary, encode_found, encode_line, encode_removed
from refimpl.policy.effective_time import EffectiveTime
from refimpl.record import replace
from refimpl.report.model import ComponentResult
from refimpl.report.outcome import ComponentOutcome
from refimpl.result import Result

__all__ = ["ndjson_lines"]

_DIGEST = "sha256:" + "a" * 64


def ndjson_lines() -> list[dict[str, Any]]:
    """As they are read."""
    told = Run(_DIGEST, "2026-11-27T11:00:00Z", "", {"publicKey": "key.pub"}, "v1", show_successes=True, documents=True)
    result = ComponentResult(
        "one",
        f"registry/one@{_DIGEST}",
        {"git": {"url": "https://git/one"}},
        violations=(Result("no", {"code": "main.rule"}),),
        successes=(Result("Pass"),),
        signatures=({"keyid": "", "sig": "c2ln"},),
        attestations=({"type": "https://in-toto.io/Statement/v0.1"},),
        policy_input=b"{}",
        statements=(b"{}",),
        attested=True,
    )
    outcome = ComponentOutcome(result, EffectiveTime(1), Error("fault"), digest=_DIGEST, images=("registry/two",))
    whole = replace(outcome, children=(ComponentOutcome(ComponentResult("two", "registry/two"), EffectiveTime(None)),))
    entry = "0123456789abcdef"
    summary = Summary(
        input=_DIGEST,
        entries=3,
        repeated=0,
        success=False,
        violations=1,
        warnings=0,
        successes=1,
        effective_time="2026-11-27T11:00:00Z",
        finished=datetime(2026, 11, 27, 11, tzinfo=UTC),
    )
    text = b"".join(
        (
            encode_line(told.to_json()),
            encode_found(Found(1, entry, whole), told),
            encode_found(Found(2, entry, outcome), replace(told, effective_time="")),
            encode_found(Found(3, entry, ComponentError("no image")), told),
            encode_removed(4),
            encode_line(summary.to_json()),
        )
    )
    return [json.loads(line) for line in text.splitlines()]
