"""Which scenario finds which mutant, and what is missing both ways."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from mutants.scenarios import choose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mutants.catalogue import Mutant
    from mutants.scenarios import Scenario
    from mutants.trial import Finding

__all__ = ["PLAIN", "Matrix", "plain"]

PLAIN = ("happy-01", "layers-01", "layers-05")
"""The plain happy path: what isn't faulted passes with every mutant that works at all."""
_IMAGE = PLAIN[:1]


def plain(mutant: Mutant) -> tuple[str, ...]:
    """The scenarios that a mutant must pass: the plain ones but for those that are named for its fault.

    Those about layers take most of the time, and faults elsewhere have nothing to do with them.
    """
    wanted = PLAIN if mutant.kind.of_layers or not set(_IMAGE).isdisjoint(mutant.scenarios) else _IMAGE
    return tuple(name for name in wanted if name not in mutant.scenarios)


@dataclass(slots=True)
class Matrix:
    """What was found.

    Attributes:
        scenarios: all that there are, by id.
        mutants: those that were tried, by name.
        findings: by mutant, then by scenario.
        control: the same of the reference validator as it is.
        failures: of behave itself, by mutant.
        whole: whether every scenario of the cache ran with every mutant.
        every: whether every mutant was tried; else scenarios that find none are no problem.
        seconds: what it took.
    """

    scenarios: Mapping[str, Scenario]
    mutants: Mapping[str, Mutant]
    findings: dict[str, dict[str, Finding]] = field(default_factory=dict)
    control: dict[str, Finding] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    whole: bool = False
    every: bool = True
    seconds: float = 0.0

    def status(self, mutant: str, scenario: str) -> str:
        """What came of a scenario with a mutant; empty when it didn't run."""
        finding = self.findings.get(mutant, {}).get(scenario)
        return "" if finding is None else finding.status

    def verdict(self, name: str) -> str:
        """``killed``, ``survived``, or ``broken``: the happy path doesn't pass, so nothing is shown."""
        mutant = self.mutants[name]
        if name in self.failures:
            return "broken"
        if mutant.kind.works and any(self.status(name, one) != "passed" for one in plain(mutant)):
            return "broken"
        failed = [one for one, finding in self.findings.get(name, {}).items() if finding.status == "failed"]
        killers = [one for one in failed if not self.scenarios[one].tags.isdisjoint(mutant.scenarios)]
        return "killed" if killers else "survived"

    def killed_by(self, scenario: str) -> tuple[str, ...]:
        """The working mutants that this scenario finds; those that do nothing fail everywhere and don't count."""
        return tuple(
            name
            for name, mutant in self.mutants.items()
            if self.status(name, scenario) == "failed" and mutant.kind.works and self.verdict(name) != "broken"
        )

    def problems(self) -> tuple[str, ...]:
        """What keeps the matrix from being complete, one sentence each."""
        found = [
            f"{name} fails with the reference validator itself: {finding.status}: {finding.why}"
            for name, finding in self.control.items()
            if finding.status not in {"passed", "skipped"}
        ]
        for name in self.mutants:
            found += self.problems_of(name)
        found += [
            f"{one.id} ({one.name}) finds no mutant{'' if self.whole else ' of those that it is named for'}"
            for one in self.scenarios.values()
            if self.every and one.of_cache and not self._is_skipped(one.id) and not self.killed_by(one.id)
        ]
        return tuple(found)

    def problems_of(self, name: str) -> list[str]:
        """What is wrong with one mutant, or with what is named for it."""
        mutant = self.mutants[name]
        if name in self.failures:
            return [f"{name} is broken: {self.failures[name]}"]
        verdict = self.verdict(name)
        if verdict == "broken":
            failed = {one: self.findings[name].get(one) for one in plain(mutant) if self.status(name, one) != "passed"}
            return [f"{name} is broken: the plain happy path fails: {failed}"]
        found = [f"{name} survives"] if verdict == "survived" else []
        for tag in mutant.scenarios:
            named = [one for one in choose(self.scenarios, [tag]) if not self._is_skipped(one.id)]
            statuses = {one.id: self.status(name, one.id) for one in named}
            if not choose(self.scenarios, [tag]):
                found.append(f"no scenario has the tag {tag} that is named for {name}")
            elif statuses and "failed" not in statuses.values():
                found.append(f"{tag} is named for {name} but doesn't find it: {statuses}")
            elif not mutant.kind.works and set(statuses.values()) != {"failed"}:
                found.append(f"{name} does nothing, and yet not all of {tag} fail: {statuses}")
        return found

    def _is_skipped(self, scenario: str) -> bool:
        finding = self.control.get(scenario)
        return finding is not None and finding.status == "skipped"

    def to_json(self) -> dict[str, Any]:
        """The whole as JSON (mutants/matrix.schema.json)."""
        problems = self.problems()
        return {
            "format": 1,
            "complete": not problems,
            "whole": self.whole,
            "seconds": round(self.seconds, 1),
            "problems": list(problems),
            "control": {name: asdict(finding) for name, finding in self.control.items()},
            "mutants": [
                {
                    "name": name,
                    "fault": mutant.fault,
                    "kind": mutant.kind.value,
                    "named": list(mutant.scenarios),
                    "verdict": self.verdict(name),
                    "scenarios": {one: asdict(found) for one, found in self.findings.get(name, {}).items()},
                }
                for name, mutant in self.mutants.items()
            ],
            "scenarios": [
                {"id": one.id, "name": one.name, "feature": one.feature, "finds": list(self.killed_by(one.id))}
                for one in self.scenarios.values()
                if one.of_cache or any(one.id in found for found in self.findings.values())
            ],
        }
