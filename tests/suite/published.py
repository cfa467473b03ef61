"""Results of runs that are published: stored in `docs/results`, shown on the site's pages "results" and "traceability".

    ec-conformance run --adapter ec --report report.json
    python tests/suite/published.py ec report.json

stores what the run came to as `docs/results/ec.json`, in the place of an older one. It must be a whole run, and each
scenario that failed must be known and explained (`expected-failures` of the adapter): else nothing is stored.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from ec_acceptance.conformance.errors import ConformanceError, Exit, UsageError  # noqa: E402
from ec_acceptance.conformance.expected import read_expected  # noqa: E402
from ec_acceptance.conformance.outcome import replace_file  # noqa: E402
from ec_acceptance.conformance.report import read_report  # noqa: E402
from ec_acceptance.conformance.suite import Suite  # noqa: E402
from ec_acceptance.conformance.terminal import print_line  # noqa: E402
from ec_acceptance.testbed.validator.adapter import Adapter  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ec_acceptance.conformance.outcome import Outcome
    from ec_acceptance.conformance.suite import Scenario

FOLDER = ROOT / "docs" / "results"
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_SEVERITY = ("passed", "expected")
_HEAD = """# Results

What validators came to that were held against this suite: the reference validator, the real `ec`, and tools that only
fetch images ([pullers](pullers.md)). Each was run as its adapter has it (`ec-conformance run --adapter NAME`), and its
report stored by `python tests/suite/published.py NAME report.json`. By points of the contract the same results stand in
[traceability](traceability.md). Scenarios that are newer than a run have no result in it.
"""


@dataclass(frozen=True, slots=True)
class Known:
    """Failures of one cause: why, where that is told at length, and of which scenarios."""

    reason: str
    link: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """What one run came to.

    Attributes:
        name: of the validator, and of its file.
        version: what it calls its version.
        program: the digest of its file; empty if it isn't known.
        suite: name and version.
        date: of the run.
        claims: the profiles that it was held to.
        meaning: the run's verdict in words.
        passed: ids of scenarios of which all rows passed.
        known: those that failed as it was known.
    """

    name: str
    version: str
    program: str
    suite: str
    date: str
    claims: tuple[str, ...]
    meaning: str
    passed: tuple[str, ...]
    known: tuple[Known, ...]

    @classmethod
    def read(cls, path: Path) -> Published:
        """Of a stored file."""
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = tuple(Known(**{**one, "ids": tuple(one["ids"])}) for one in document.pop("known"))
        claims, passed = (tuple(document.pop(name)) for name in ("claims", "passed"))
        return cls(**document, claims=claims, passed=passed, known=known)

    @property
    def results(self) -> dict[str, str]:
        """Id → ``passed`` or ``expected``."""
        return dict.fromkeys(self.passed, "passed") | {one: "expected" for each in self.known for one in each.ids}


def all_published(folder: Path = FOLDER) -> list[Published]:
    """All that are stored, those first that know the most."""
    return sorted((Published.read(path) for path in folder.glob("*.json")), key=lambda one: -len(one.results))


def take(name: str, outcome: Outcome, adapter: Adapter) -> Published:
    """What is stored of a run.

    Raises:
        UsageError: it isn't a whole one, or fails where nobody explains it.
    """
    about = outcome.about
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name}: a name has small letters, digits and hyphens")
    if outcome.exit not in {Exit.CONFORMANT, Exit.AS_EXPECTED}:
        odd = sorted({one.id for one in outcome.results if one.status not in {"passed", "expected", "not-applicable"}})
        named = f" ({', '.join(odd[:20])}{', …' if len(odd) > 20 else ''})" if odd else ""
        raise UsageError(f"nothing is published of this run: {outcome.meaning}{named}")
    worst: dict[str, str] = {}
    for one in outcome.results:
        if one.status in _SEVERITY:
            worst[one.id] = max(worst.get(one.id, "passed"), one.status, key=_SEVERITY.index)
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    explained = _explain(adapter, worst)
    for identity in sorted((one for one, status in worst.items() if status == "expected"), key=order):
        if identity not in explained:
            raise UsageError(f"@{identity} failed as expected, and the adapter {adapter.source} doesn't say why")
        groups[explained[identity]].append(identity)
    return Published(
        name=name,
        version=about.version,
        program=about.program,
        suite=about.suite,
        date=about.began[:10],
        claims=tuple(one for one in about.profiles if one in about.claims),
        meaning=outcome.meaning,
        passed=tuple(sorted((one for one, status in worst.items() if status == "passed"), key=order)),
        known=tuple(Known(reason, link, tuple(ids)) for (reason, link), ids in sorted(groups.items())),
    )


def page(published: Sequence[Published] | None = None, scenarios: Sequence[Scenario] | None = None) -> str:
    """The page of the site."""
    found = all_published() if published is None else published
    suite = Suite.installed()
    placed = {one.id: one.place.profile for one in (suite.scenarios() if scenarios is None else scenarios)}
    parts = [
        _HEAD,
        "| | version | run on | passed | known failures |",
        "|---|---|---|---|---|",
    ]
    for one in found:
        known = sum(len(each.ids) for each in one.known)
        parts.append(
            f"| [{one.name}](#{one.name}) | {_cell(one.version)} | {one.date} | {len(one.passed)} | {known or ''} |"
        )
    parts.append("\nNumbers are of ids: the rows of an outline that share one count as one.")
    for one in found:
        parts += [
            "",
            f"## {one.name}",
            "",
            f"By {one.suite}: {one.meaning}.",
            "",
            *_profiles(one, placed, suite.profiles().names),
        ]
        if one.known:
            parts += ["", "| known failure | scenarios |", "|---|---|"]
            parts += [f"| {_cell(each.reason)} ({_link(each.link)}) | {_list_all(each.ids)} |" for each in one.known]
    return "\n".join([*parts, ""])


def order(text: str) -> list[tuple[int, str]]:
    """For sorting: numbers in it by their values."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text) if part]


def _explain(adapter: Adapter, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    if adapter.expected_failures is None:
        return {}
    known = {one.id for one in Suite.installed().scenarios()} | set(ids)
    return {
        name: (entry.reason, entry.link)
        for name, entry in read_expected(adapter.expected_failures, known, date.min).items()
    }


def _profiles(one: Published, placed: Mapping[str, str], names: Mapping[str, str]) -> list[str]:
    counts: Counter[tuple[str, str]] = Counter((placed.get(name, ""), status) for name, status in one.results.items())
    lines = ["| profile | | passed | known failures |", "|---|---|---|---|"]
    for name, description in names.items():
        if name in one.claims:
            passed, known = counts[name, "passed"], counts[name, "expected"]
            lines.append(f"| `{name}` | {_cell(description)} | {passed} | {known or ''} |")
        else:
            lines.append(f"| `{name}` | {_cell(description)} | not claimed | |")
    return lines


def _list_all(ids: Iterable[str]) -> str:
    return ", ".join(f"`@{one}`" for one in ids)


def _link(text: str) -> str:
    shown = text.removeprefix("docs/")
    return f"[{shown.partition('.md')[0]}]({shown})" if shown.partition("#")[0].endswith(".md") else text


def _cell(text: str) -> str:
    return re.sub(r"([|<>*_])", r"\\\1", text)


def main(words: Sequence[str], folder: Path = FOLDER) -> int:
    """``NAME REPORT``: store a run's results."""
    if len(words) != 2:
        for line in (__doc__ or "").splitlines():
            print_line(line)
        return Exit.USAGE
    name, report = words
    try:
        outcome = read_report(Path(report))
        adapter = Adapter.find(outcome.about.adapter) if outcome.about.adapter else Adapter()
        found = take(name, outcome, adapter)
    except (ConformanceError, ValueError) as error:
        print_line(f"Error: {error}")
        return Exit.USAGE
    content = json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n"
    replace_file(folder / f"{name}.json", content.encode())
    print_line(
        f"{folder / name}.json: {len(found.passed)} passed, {len(found.results) - len(found.passed)} known failures"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
