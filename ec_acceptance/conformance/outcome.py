"""What came of a run: a result a scenario, what that means, and the reports."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ec_acceptance.conformance.cpu import add_times
from ec_acceptance.conformance.errors import Exit
from ec_acceptance.conformance.profiles import MUST
from ec_acceptance.conformance.suite import id_of
from ec_acceptance.testbed.scenario.claims import UNCLAIMED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ec_acceptance.conformance.cpu import CpuTime
    from ec_acceptance.conformance.suite import Scenario

__all__ = [
    "STATUSES",
    "WRONG",
    "About",
    "Outcome",
    "ProfileSummary",
    "ScenarioResult",
    "Shard",
    "Status",
    "combine",
    "replace_file",
]


# What XML 1.0 can't hold (its production Char).
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Status:
    """What a scenario may come to.

    Attributes:
        words: for people.
        junit: the element of JUnit that says so; empty: none.
    """

    words: str
    junit: str


STATUSES = {
    "passed": Status("passed", ""),
    "failed": Status("failed", "failure"),
    "wrong-reason": Status("rejected for the wrong reason", "failure"),
    "hung": Status("hung", "failure"),
    "flaky": Status("flaky", "failure"),
    "broken": Status("broken", "error"),
    "expected": Status("failed as expected", "skipped"),
    "not-applicable": Status("not applicable", "skipped"),
    "undecided": Status("undecided", "skipped"),
}
"""All that a scenario may come to, by the word for it in reports."""
WRONG = frozenset({"failed", "wrong-reason", "hung", "flaky"})
"""The statuses that say that the validator is wrong."""


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario that ran. `status` is one of `STATUSES`; `message` says why an undecided one is.

    `evidence` is the folder's name among the artifacts that has what it saw; empty without any.
    """

    location: str
    feature: str
    name: str
    tags: tuple[str, ...]
    status: str
    seconds: float
    step: str
    message: str
    profile: str = ""
    point: str = ""
    weight: str = MUST
    evidence: str = ""

    @property
    def id(self) -> str:
        """The most exact tag, such as ``cache-02.1``; empty without any."""
        return id_of(self.tags)

    @classmethod
    def without_run(cls, scenario: Scenario, status: str, message: str) -> ScenarioResult:
        """Of a scenario that ran not at all, or not to its end."""
        place = scenario.place
        return cls(
            location=scenario.location,
            feature=scenario.feature,
            name=scenario.name,
            tags=scenario.tags,
            status=status,
            seconds=0.0,
            step="",
            message=message,
            profile=place.profile,
            point=place.point,
            weight=place.weight,
        )

    @classmethod
    def read(cls, line: str) -> ScenarioResult:
        """From a line of the formatter `lines`."""
        document = json.loads(line)
        return cls(**{**document, "tags": tuple(document["tags"])})


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of a run this is (`--shard`).

    Attributes:
        number: from 1 on.
        count: how many parts there are.
        selected: how many scenarios all parts have together.
        selection: `digest_of` all of them.
    """

    number: int
    count: int
    selected: int
    selection: str


@dataclass(frozen=True, slots=True)
class About:
    """What a report is about: the suite, how much of it was to run, and the validator.

    Attributes:
        suite: its name and version.
        scenarios: how many it has.
        selected: how many of them were to run.
        validator: its command line.
        version: what it calls its version.
        registry: the back end that was asked for.
        profiles: those of the suite, with their descriptions.
        claims: those that the validator claims.
        strict: whether a scenario of the weight "should" counts as much as one of "must".
        adapter: as it was given; empty: none was.
        program: the digest of its file, ``sha256:…``; empty if that can't be read.
        expected: ids of the scenarios of which a failure is known.
        shard: if it is one.
        began: when the run began, as RFC 3339 has it.
    """

    suite: str
    scenarios: int
    selected: int
    validator: str
    version: str
    registry: str
    profiles: Mapping[str, str] = field(default_factory=dict)
    claims: frozenset[str] = frozenset()
    strict: bool = False
    adapter: str = ""
    program: str = ""
    expected: tuple[str, ...] = ()
    shard: Shard | None = None
    began: str = ""

    @property
    def partial(self) -> bool:
        """Whether only a part of the suite was to run: nothing that comes of it says that a validator conforms."""
        return self.selected < self.scenarios


@dataclass(frozen=True, slots=True)
class ProfileSummary:
    """What a run showed of one profile.

    Attributes:
        counts: of its scenarios, by status.
        recommended: how many of those that are wrong have the weight "should".
        missing: how many didn't run.
        partial: whether the run is of a part of the suite.
    """

    name: str
    description: str
    claimed: bool
    counts: Mapping[str, int]
    recommended: int
    missing: int
    partial: bool = False

    @property
    def meaning(self) -> str:
        """Its verdict in a few words."""
        wrong = sum(self.counts.get(status, 0) for status in WRONG)
        if not self.claimed:
            return "not claimed"
        if wrong > self.recommended:
            return "doesn't conform"
        if self.counts.get("broken") or self.counts.get("undecided") or self.missing:
            return "incomplete"
        if not self.counts.get("passed"):
            return "not shown"
        if self.partial:
            return "a part of it passed, but for recommendations" if wrong else "a part of it passed"
        if self.counts.get("expected"):
            return "conforms, but for failures that are known"
        return "conforms, but for recommendations" if wrong else "conforms"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results, the scenarios that should have run and didn't, and what else went wrong.

    Attributes:
        about: what was to run.
        interrupted: by whom the run was ended before its end; empty if it wasn't.
        unmet: expected failures that passed, a line each.
        hung: why the rest of the run was spared; empty if it wasn't.
        check: what was odd about the validator before any scenario, a line each.
        unused: of a shard: stored snapshots that none of its scenarios compared with.
        cpu: what it took of the processors; None where that isn't known.
    """

    about: About
    results: tuple[ScenarioResult, ...]
    missing: tuple[Scenario, ...] = ()
    problems: tuple[str, ...] = ()
    interrupted: str = ""
    unmet: tuple[str, ...] = ()
    hung: str = ""
    check: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    cpu: CpuTime | None = None

    @property
    def exit(self) -> Exit:
        """What it means; a suite or machine that is broken says nothing of the validator."""
        statuses = Counter(result.status for result in self.results)
        if self.interrupted:
            return Exit.INTERRUPTED
        if self.problems or statuses["broken"]:
            return Exit.BROKEN
        if any(self._counts_as_wrong(result) for result in self.results) or self.unmet or self.hung:
            return Exit.NOT_CONFORMANT
        if self.about.partial or self.missing or statuses["undecided"] or self.unshown:
            return Exit.INCOMPLETE
        if len(self.results) != self.about.scenarios:
            return Exit.INCOMPLETE
        return Exit.AS_EXPECTED if statuses["expected"] else Exit.CONFORMANT

    def _counts_as_wrong(self, result: ScenarioResult) -> bool:
        return result.status in WRONG and (result.weight == MUST or self.about.strict)

    @property
    def unshown(self) -> tuple[str, ...]:
        """The profiles that are claimed, and of which no scenario showed anything."""
        shown = {result.profile for result in self.results if result.status not in {"undecided", "not-applicable"}}
        return tuple(name for name in self.about.profiles if name in self.about.claims - shown)

    @property
    def profiles(self) -> list[ProfileSummary]:
        """What it showed of each profile, in the order of the suite's table."""
        found = []
        for name, description in self.about.profiles.items():
            results = [result for result in self.results if result.profile == name]
            wrong = [result for result in results if result.status in WRONG]
            found.append(
                ProfileSummary(
                    name,
                    description,
                    name in self.about.claims,
                    Counter(result.status for result in results),
                    sum(not self._counts_as_wrong(result) for result in wrong),
                    sum(scenario.place.profile == name for scenario in self.missing),
                    self.about.partial,
                )
            )
        return found

    @property
    def touched_profiles(self) -> list[ProfileSummary]:
        """Those of which a scenario was selected."""
        return [one for one in self.profiles if one.counts or one.missing or not self.about.partial]

    @property
    def summary(self) -> str:
        """One line for people: counts, and what they mean."""
        statuses = Counter(result.status for result in self.results)
        parts = [f"{statuses['passed']} scenarios passed", f"{statuses['failed']} failed"]
        parts += [
            f"{statuses[name]} {status.words}"
            for name, status in STATUSES.items()
            if name not in {"passed", "failed"} and (statuses[name] or name == "broken")
        ]
        if self.missing:
            parts.append(f"{len(self.missing)} didn't run")
        if self.about.partial:
            parts.append(f"{self.about.scenarios - self.about.selected} not selected")
        return ", ".join(parts)

    @property
    def meaning(self) -> str:
        """The summary's meaning in a few words."""
        match self.exit:
            case Exit.CONFORMANT:
                left = sum(result.status in WRONG for result in self.results)
                short = f"all but {left} that are recommendations" if left else "every scenario"
                claimed = [name for name in self.about.profiles if name in self.about.claims]
                if len(claimed) == len(self.about.profiles):
                    return f"the validator conforms: {short} passed"
                return f"the validator conforms to {', '.join(claimed)}: {short} of what it claims passed"
            case Exit.NOT_CONFORMANT:
                return f"the validator doesn't conform{self.hung and f': {self.hung}'}"
            case Exit.AS_EXPECTED:
                return "the validator fails where it was expected to, and nowhere else"
            case Exit.INTERRUPTED:
                return f"the run was ended by {self.interrupted}"
            case Exit.BROKEN:
                return "the suite or the machine is broken, so nothing is said of the validator"
            case Exit.INCOMPLETE | Exit.USAGE:
                if self.unshown and not self.about.partial:
                    return f"no scenario shows what is claimed of {', '.join(self.unshown)}, so nothing is said of it"
                part = "a part of the suite was selected" if self.about.partial else "not every scenario ran"
                return f"{part}, so nothing is said of the whole"

    @property
    def judges_snapshots(self) -> bool:
        """Whether all ran and passed: only then does a snapshot that nothing compared with say something."""
        if self.about.partial or self.missing:
            return False
        return all(
            result.status == "passed"
            or (result.status == "not-applicable" and any(tag.startswith(UNCLAIMED) for tag in result.tags))
            for result in self.results
        )

    def write_junit(self, path: Path) -> None:
        """Write JUnit XML: a test suite a feature, and one that says whether every scenario ran."""
        root = ET.Element("testsuites", name=self.about.suite)
        features = sorted({result.feature for result in self.results})
        for feature in features:
            results = [result for result in self.results if result.feature == feature]
            _junit_suite(root, feature, sorted(results, key=lambda result: result.location))
        self._junit_of_profiles(root)
        self._junit_of_run(root)
        replace_file(path, ET.tostring(root, encoding="utf-8", xml_declaration=True))

    def _junit_of_profiles(self, root: ET.Element) -> None:
        """A test for each profile, for those who look at a table of tests alone."""
        profiles = self.touched_profiles
        if not profiles:
            return
        kinds = {"doesn't conform": "failure", "incomplete": "error", "not shown": "error", "not claimed": "skipped"}
        suite = ET.SubElement(root, "testsuite", name="profiles", tests=str(len(profiles)))
        found: Counter[str] = Counter()
        for one in profiles:
            case = ET.SubElement(suite, "testcase", classname="profiles", name=f"{one.name}: {one.description}")
            kind = kinds.get(one.meaning, "")
            found[kind] += 1
            if kind:
                ET.SubElement(case, kind, message=one.meaning)
        for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(name, str(found[kind]))

    def _junit_of_run(self, root: ET.Element) -> None:
        texts = [*self.problems, *self.unmet, *(f"didn't run: {scenario.location}" for scenario in self.missing)]
        if self.interrupted:
            texts.insert(0, self.meaning)
        if not texts and not self.about.partial:
            return
        suite = ET.SubElement(root, "testsuite", name="run", tests="1", failures="0")
        suite.set("errors", "1" if texts else "0")
        suite.set("skipped", "0" if texts else "1")
        case = ET.SubElement(suite, "testcase", classname="run", name="every scenario of the suite ran")
        if texts:
            ET.SubElement(case, "error", message=_printable("; ".join(texts)))
        else:
            about = self.about
            message = f"a part was selected: {about.selected} of {about.scenarios} scenarios"
            ET.SubElement(case, "skipped", message=message)


def combine(outcomes: Sequence[Outcome]) -> Outcome:
    """What several runs of the same came to: for each scenario the worst, and a word on it where they differ."""
    if len(outcomes) == 1:
        return outcomes[0]
    by_place: dict[str, list[ScenarioResult]] = {}
    for outcome in outcomes:
        for result in outcome.results:
            by_place.setdefault(result.location, []).append(result)
    last = outcomes[-1]
    return replace(
        last,
        cpu=add_times(outcome.cpu for outcome in outcomes),
        results=tuple(_worst(results) for results in by_place.values()),
        missing=tuple(one for one in last.missing if one.location not in by_place),
        problems=tuple(problem for outcome in outcomes for problem in outcome.problems),
        unmet=tuple(line for outcome in outcomes for line in outcome.unmet),
    )


def _worst(results: Sequence[ScenarioResult]) -> ScenarioResult:
    order = ("passed", "not-applicable", "undecided", "expected", "hung", "wrong-reason", "failed", "broken")
    worst = max(results, key=lambda one: order.index(one.status))
    alike = sum(one.status == worst.status for one in results)
    if alike == len(results):
        return worst
    message = f"It is flaky: {STATUSES[worst.status].words} in {alike} of {len(results)} runs.\n{worst.message}"
    return replace(worst, status="flaky" if worst.status in WRONG else worst.status, message=message)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file aside and rename it, so that it is whole or as it was; its folder is made.

    What isn't a file, such as a pipe, is written into: another file in the place of ``/dev/null`` would be no help.
    """
    if path.is_relative_to("/dev") or (path.exists() and not path.is_file() and not path.is_dir()):
        with path.open("ab") as device:
            device.write(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _junit_suite(root: ET.Element, feature: str, results: Iterable[ScenarioResult]) -> None:
    suite = ET.SubElement(root, "testsuite", name=feature)
    counts: Counter[str] = Counter()
    for result in results:
        kind = STATUSES[result.status].junit
        counts["tests"] += 1
        counts[kind] += 1
        case = ET.SubElement(suite, "testcase", classname=feature, name=f"{result.id} {result.name}".strip())
        if result.profile:
            properties = ET.SubElement(case, "properties")
            for name in ("profile", "point", "weight"):
                ET.SubElement(properties, "property", name=name, value=getattr(result, name))
        case.set("time", f"{result.seconds:.3f}")
        if kind:
            details = ET.SubElement(case, kind, message=_printable(result.step or STATUSES[result.status].words))
            details.set("type", result.status)
            details.text = _printable(result.message)
    for name, kind in (("tests", "tests"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(counts[kind]))


def _printable(text: str) -> str:
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)
