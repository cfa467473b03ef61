"""Which scenarios prove a point of the contract, and which mutants each finds: a page of the site."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from published import all_published, order  # noqa: E402

from ec_acceptance.conformance.suite import Suite  # noqa: E402
from mutants.catalogue import all_mutants  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from published import Published

    from ec_acceptance.conformance.suite import Scenario
    from mutants.catalogue import Mutant

_HEAD = """# Traceability

Each point of the contract, the scenarios that prove it, and the mutants (validators that are wrong in one way each, see
[mutants](mutants.md)) that these scenarios are named for. This page is made when the site is built.

The last columns have what came of the runs whose [results](results.md) are published: ✓ passed, ✗ failed as it is known
(results says why), and nothing where a validator doesn't claim what the scenario is about, or where its run was before
the scenario. Where `ec-ref` differs from `ec` on purpose, [differences](differences.md) says so.
"""
_MARKS = {"passed": "✓", "expected": "✗"}


def page(
    scenarios: Iterable[Scenario] | None = None,
    mutants: Mapping[str, Mutant] | None = None,
    published: Sequence[Published] | None = None,
) -> str:
    """The page."""
    runs = all_published() if published is None else published
    results = [one.results for one in runs]
    heading = "".join(f" {one.name} |" for one in runs)
    found = Suite.installed().scenarios() if scenarios is None else scenarios
    finders = mutants_by_tag((all_mutants() if mutants is None else mutants).values())
    points: dict[str, dict[str, set[str]]] = defaultdict(dict)
    names: dict[str, str] = {}
    for one in found:
        points[one.place.point or "without a point"][one.id] = {
            name for tag in one.tags for name in finders.get(tag, ())
        }
        names.setdefault(one.id, one.name.partition(" -- @")[0])
    parts = [_HEAD]
    for point in sorted(points, key=order):
        rows = points[point]
        parts.append(f"\n## {point}\n\n| scenario | | mutants |{heading}\n|---|---|---|{'---|' * len(runs)}")
        for identity in sorted(rows, key=order):
            name = re.sub(r"([|<>*_])", r"\\\1", names[identity])
            marks = "".join(f" {_MARKS.get(found.get(identity, ''), '')} |" for found in results)
            named = ", ".join(f"`{one}`" for one in sorted(rows[identity]))
            parts.append(f"| `@{identity}` | {name} | {named} |{marks}")
    return "\n".join([*parts, ""])


def mutants_by_tag(mutants: Iterable[Mutant]) -> dict[str, set[str]]:
    """The names of mutants, by the tags of the scenarios that find them."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in mutants:
        for tag in one.scenarios:
            found[tag].add(one.name)
    return found
