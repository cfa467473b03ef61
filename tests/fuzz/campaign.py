"""Runs one target for a while: guided by coverage where atheris is installed, else by what came of each input."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING

from fuzz.findings import Finding, Findings
from fuzz.mutation import Mutator
from fuzz.target import MOST_BYTES, execute

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.target import Target

__all__ = ["Campaign", "Limits", "is_guidable", "run_guided", "run_mutating"]

_VARYING = re.compile(r"[0-9a-f]{8,}|\d+|'[^']*'|\"[^\"]*\"|`[^`]*`")
_SHOWN = 80
_HANG = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """When a campaign ends: after so many executions, or seconds of CPU, whatever comes first."""

    executions: int
    seconds: float


@dataclass(slots=True)
class Campaign:
    """What came of it.

    Attributes:
        target: the name.
        engine: ``guided`` or ``mutating``.
        executions: how many.
        seconds: of CPU.
    """

    target: str
    engine: str
    executions: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Campaign:
        """Of such a line."""
        document = json.loads(text)
        return cls(**{**document, "findings": [Finding(**finding) for finding in document["findings"]]})


def is_guidable() -> bool:
    """Whether atheris is installed."""
    return find_spec("atheris") is not None


def run_mutating(target: Target, limits: Limits, folder: Path, *, seed: int) -> Campaign:
    """Change inputs at random. An input whose refusal hasn't been seen yet is changed further.

    Args:
        target: what to run.
        limits: when to end.
        folder: where findings go.
        seed: of the random choices.
    """
    seeds = list(target.seeds())
    mutator = Mutator(Random(seed), seeds, target.words)  # noqa: S311 - no secrets
    findings, campaign, seen = Findings(target, folder), Campaign(target.name, "mutating"), set[str]()
    began = time.process_time()
    waiting = seeds[::-1]
    while campaign.executions < limits.executions and time.process_time() - began < limits.seconds:
        data = waiting.pop() if waiting else mutator.make_input()
        campaign.executions += 1
        try:
            refusal = execute(target, data)
        except Exception as error:  # noqa: BLE001 - a finding may be of any class
            findings.add(data, error)
            continue
        outcome = "" if refusal is None else f"{type(refusal).__name__} {_VARYING.sub('', str(refusal)[:_SHOWN])}"
        if outcome not in seen:
            seen.add(outcome)
            mutator.keep(data)
    campaign.seconds = time.process_time() - began
    campaign.findings = findings.all
    return campaign


def run_guided(target: Target, limits: Limits, folder: Path, *, seed: int, report: Path) -> None:
    """The same, guided by atheris; ends the process. The campaign is written to `report`, beside which is room.

    The modules of `refimpl` must have been imported under `atheris.instrument_imports`.
    """
    import atheris

    findings, campaign = Findings(target, folder), Campaign(target.name, "guided")
    began = time.process_time()

    def write() -> None:
        campaign.seconds = time.process_time() - began
        campaign.findings = findings.all
        report.write_text(campaign.to_json(), encoding="utf-8")

    def one(data: bytes) -> None:
        try:
            execute(target, data)
        except Exception as error:  # noqa: BLE001 - a finding may be of any class
            findings.add(data, error)
        campaign.executions += 1
        if campaign.executions >= limits.executions or time.process_time() - began > limits.seconds:
            write()
            os._exit(0)  # libFuzzer doesn't return

    corpus, words = report.with_name("corpus"), report.with_name("words")
    corpus.mkdir()
    for number, data in enumerate(target.seeds()):
        (corpus / str(number)).write_bytes(data)
    words.write_text("".join(f'"{_escape(word)}"\n' for word in target.words if word), encoding="ascii")
    options = {"max_len": MOST_BYTES, "timeout": _HANG, "rss_limit_mb": 4096, "seed": seed}
    flags = [f"-{name}={value}" for name, value in options.items()]
    if target.words:
        flags.append(f"-dict={words}")
    atheris.Setup([sys.argv[0], *flags, f"-artifact_prefix={report.parent}/", str(corpus)], one)
    atheris.Fuzz()


def _escape(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word[:128])
