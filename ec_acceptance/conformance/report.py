"""The JSON report of a run (`report.schema.json`): written, and read again as something that strangers wrote."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ec_acceptance.conformance.cpu import CpuTime
from ec_acceptance.conformance.errors import UsageError
from ec_acceptance.conformance.outcome import STATUSES, About, Outcome, ScenarioResult, Shard, replace_file
from ec_acceptance.conformance.profiles import MUST, SHOULD, Place
from ec_acceptance.conformance.suite import Scenario
from ec_acceptance.testbed.repro.document import BundleError, Member, parse

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["describe", "read_report", "write_report"]

_FORMAT = 1
_LIMIT = 256 << 20  # bytes of one report that is read
_EVIDENCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,200}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_PROGRAM = re.compile(r"sha256:[0-9a-f]{64}")


def describe(outcome: Outcome) -> dict[str, Any]:
    """The members of the report."""
    about = outcome.about
    return {
        "format": _FORMAT,
        "began": about.began,
        "suite": about.suite,
        "scenarios": about.scenarios,
        "selected": about.selected,
        "partial": about.partial,
        "shard": None if about.shard is None else asdict(about.shard),
        "validator": about.validator,
        "adapter": about.adapter,
        "program": about.program,
        "version": about.version,
        "registry": about.registry,
        "exit": outcome.exit.name.lower().replace("_", "-"),
        "meaning": outcome.meaning,
        "claims": [name for name in about.profiles if name in about.claims],
        "strict": about.strict,
        "expected": list(about.expected),
        "profiles": [
            {
                "name": one.name,
                "description": one.description,
                "claimed": one.claimed,
                "meaning": one.meaning,
                "counts": dict(one.counts),
                "recommended": one.recommended,
                "missing": one.missing,
            }
            for one in outcome.profiles
        ],
        "results": [asdict(result) for result in sorted(outcome.results, key=lambda result: result.location)],
        "missing": [scenario.location for scenario in outcome.missing],
        "not_run": [_describe_scenario(scenario) for scenario in outcome.missing],
        "problems": list(outcome.problems),
        "interrupted": outcome.interrupted,
        "unmet": list(outcome.unmet),
        "hung": outcome.hung,
        "unused": list(outcome.unused),
        "check": list(outcome.check),
        "cpu": None if outcome.cpu is None else asdict(outcome.cpu),
    }


def write_report(outcome: Outcome, path: Path) -> None:
    """Write it at once: the file is whole or not there."""
    text = json.dumps(describe(outcome), indent=1, ensure_ascii=False) + "\n"
    replace_file(path, text.encode("utf-8", "backslashreplace"))


def read_report(path: Path) -> Outcome:
    """What a report tells of its run.

    Raises:
        UsageError: it can't be read, or is no report of this format.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(content) > _LIMIT:
        raise UsageError(f"{path}: a report has {_LIMIT >> 20} MiB at most")
    try:
        return _read(parse(content, "it"))
    except BundleError as error:
        raise UsageError(f"{path} is no report of ec-conformance run: {error}") from None


def _describe_scenario(scenario: Scenario) -> dict[str, Any]:
    place = scenario.place
    return {
        "location": scenario.location,
        "feature": scenario.feature,
        "name": scenario.name,
        "tags": list(scenario.tags),
        "profile": place.profile,
        "point": place.point,
        "weight": place.weight,
    }


def _read(document: Member) -> Outcome:
    if document["format"].integer() != _FORMAT:
        raise BundleError(f"it is of format {document['format'].integer()}, and only {_FORMAT} can be read")
    profiles = {one["name"].words(): one["description"].words() for one in document["profiles"].members()}
    shard = document.get("shard")
    about = About(
        suite=document["suite"].words(),
        scenarios=_count(document["scenarios"]),
        selected=_count(document["selected"]),
        validator=_command(document["validator"]),
        version=document["version"].words(),
        registry=document["registry"].words(),
        profiles=profiles,
        claims=frozenset(_texts(document["claims"])),
        strict=document["strict"].flag(),
        adapter=document["adapter"].words(),
        program=_fitting(document["program"], _PROGRAM),
        expected=_texts(document["expected"]),
        shard=None if shard is None else _shard(shard),
        began=_fitting(document["began"], _MOMENT),
    )
    return Outcome(
        about,
        tuple(_result(one) for one in document["results"].members()),
        tuple(_scenario(one) for one in document["not_run"].members()),
        _texts(document["problems"]),
        document["interrupted"].words(),
        _texts(document["unmet"]),
        document["hung"].words(),
        _texts(document["check"]),
        _texts(document["unused"]),
        _cpu_time(document.get("cpu")),
    )


def _cpu_time(member: Member | None) -> CpuTime | None:
    """Reports of earlier versions don't have it."""
    if member is None:
        return None
    return CpuTime(member["suite"].seconds(), member["validator"].seconds())


def _shard(member: Member) -> Shard:
    shard = Shard(
        number=_count(member["number"]),
        count=_count(member["count"]),
        selected=_count(member["selected"]),
        selection=member["selection"].words(),
    )
    if not 1 <= shard.number <= shard.count:
        raise BundleError(f"{member.place}: there is no part {shard.number} of {shard.count}")
    return shard


def _result(member: Member) -> ScenarioResult:
    status = member["status"].words()
    if status not in STATUSES:
        raise BundleError(f"{member.place}.status is nothing that a scenario comes to")
    place = _place(member)
    return ScenarioResult(
        location=member["location"].words(),
        feature=member["feature"].words(),
        name=member["name"].words(),
        tags=_texts(member["tags"]),
        status=status,
        seconds=member["seconds"].seconds(),
        step=member["step"].words(),
        message=member["message"].words(),
        profile=place.profile,
        point=place.point,
        weight=place.weight,
        evidence=_fitting(member["evidence"], _EVIDENCE),
    )


def _scenario(member: Member) -> Scenario:
    return Scenario(
        member["location"].words(),
        member["name"].words(),
        _texts(member["tags"]),
        _place(member),
        member["feature"].words(),
    )


def _place(member: Member) -> Place:
    weight = member["weight"].words()
    if weight not in {MUST, SHOULD}:
        raise BundleError(f"{member.place}.weight is neither {MUST} nor {SHOULD}")
    return Place(member["profile"].words(), member["point"].words(), weight)


def _command(member: Member) -> str:
    text = member.words()
    try:
        shlex.split(text)
    except ValueError:
        raise BundleError(f"{member.place} is no command line") from None
    return text


def _fitting(member: Member, pattern: re.Pattern[str]) -> str:
    """A text of this form, or an empty one."""
    text = member.words()
    if text and not pattern.fullmatch(text):
        raise BundleError(f"{member.place} is {text[:100]!r}")
    return text


def _count(member: Member) -> int:
    number = member.integer()
    if number < 0:
        raise BundleError(f"{member.place} is below 0")
    return number


def _texts(member: Member) -> tuple[str, ...]:
    return tuple(one.words() for one in member.members())
