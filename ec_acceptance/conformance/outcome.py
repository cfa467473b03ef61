"""What came of a run: a result a scenario, what that means, and the reports."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ec_acceptance.conformance.suite import Scenario

__all__ = ["Exit", "Outcome", "ScenarioResult"]


_ORDERLY = {"passed", "failed", "skipped"}


class Exit(IntEnum):
    """The exit statuses of the runner."""

    CONFORMANT = 0
    NOT_CONFORMANT = 1
    USAGE = 2
    BROKEN = 3
    INCOMPLETE = 4


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario that ran.

    `status` is behave's: `passed`, `failed` (the validator is wrong), `skipped` (`message` says why: rights are
    missing, say); any other says that the suite or the machine is broken.
    """

    location: str
    feature: str
    name: str
    tags: tuple[str, ...]
    status: str
    seconds: float
    step: str
    message: str

    @classmethod
    def read(cls, line: str) -> ScenarioResult:
        """From a line of the formatter `lines`."""
        document = json.loads(line)
        return cls(**{**document, "tags": tuple(document["tags"])})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results, the scenarios that should have run and didn't, and what else went wrong."""

    results: tuple[ScenarioResult, ...]
    missing: tuple[Scenario, ...]
    problems: tuple[str, ...]

    @property
    def exit(self) -> Exit:
        """What it means; a suite or machine that is broken says nothing of the validator."""
        statuses = Counter(result.status for result in self.results)
        if self.problems or statuses.keys() - _ORDERLY:
            return Exit.BROKEN
        if statuses["failed"]:
            return Exit.NOT_CONFORMANT
        return Exit.INCOMPLETE if self.missing or not self.results else Exit.CONFORMANT

    @property
    def summary(self) -> str:
        """One line for people."""
        statuses = Counter(result.status for result in self.results)
        broken = sum(count for status, count in statuses.items() if status not in _ORDERLY)
        parts = [f"{statuses['passed']} scenarios passed", f"{statuses['failed']} failed", f"{broken} broken"]
        if statuses["skipped"]:
            parts.append(f"{statuses['skipped']} skipped")
        if self.missing:
            parts.append(f"{len(self.missing)} didn't run")
        return ", ".join(parts)

    def write_json(self, path: Path, *, validator: str, version: str, registry: str) -> None:
        """Write everything for machines."""
        document = {
            "validator": validator,
            "version": version,
            "registry": registry,
            "exit": self.exit.name.lower().replace("_", "-"),
            "results": [asdict(result) for result in sorted(self.results, key=lambda result: result.location)],
            "missing": [scenario.location for scenario in self.missing],
            "problems": list(self.problems),
        }
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def write_junit(self, path: Path) -> None:
        """Write JUnit XML: a test suite a feature."""
        root = ET.Element("testsuites")
        features = sorted({result.feature for result in self.results})
        for feature in features:
            results = [result for result in self.results if result.feature == feature]
            _junit_suite(root, feature, sorted(results, key=lambda result: result.location))
        if self.missing or self.problems:
            suite = ET.SubElement(root, "testsuite", name="run", tests="1", failures="0", errors="1", skipped="0")
            case = ET.SubElement(suite, "testcase", classname="run", name="every scenario runs")
            texts = [*self.problems, *(f"didn't run: {scenario.location}" for scenario in self.missing)]
            ET.SubElement(case, "error", message=_printable("; ".join(texts)))
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _junit_suite(root: ET.Element, feature: str, results: Iterable[ScenarioResult]) -> None:
    suite = ET.SubElement(root, "testsuite", name=feature)
    counts: Counter[str] = Counter()
    for result in results:
        kind = {"passed": "", "failed": "failure", "skipped": "skipped"}.get(result.status, "error")
        counts["tests"] += 1
        counts[kind] += 1
        identity = next((tag for tag in result.tags if "." in tag), next(iter(result.tags), ""))
        case = ET.SubElement(suite, "testcase", classname=feature, name=f"{identity} {result.name}".strip())
        case.set("time", f"{result.seconds:.3f}")
        if kind:
            details = ET.SubElement(case, kind, message=_printable(result.step))
            details.text = _printable(result.message)
    for name, kind in (("tests", "tests"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(counts[kind]))


def _printable(text: str) -> str:
    return "".join(character if character >= " " or character in "\n\t" else "�" for character in text)
