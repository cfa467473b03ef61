"""Which scenarios prove a point of the contract, and which mutants each finds: a page of the site."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from ec_acceptance.conformance.suite import Suite  # noqa: E402
from mutants.catalogue import all_mutants  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ec_acceptance.conformance.suite import Scenario
    from mutants.catalogue import Mutant

_HEAD = """# Traceability

Each point of the contract, the scenarios that prove it, and the mutants (validators that are wrong in one way each, see
[mutants](mutants.md)) that these scenarios are named for. This page is made when the site is built.

`ec-ref` passes all of these scenarios; where it differs from `ec` on purpose, [differences](differences.md) says so.
What came of another validator's run is in that run's own report (`ec-conformance --html`), by the same ids.
"""


def page(scenarios: Iterable[Scenario] | None = None, mutants: Mapping[str, Mutant] | None = None) -> str:
    """The page."""
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
    for point in sorted(points, key=_order):
        rows = points[point]
        parts.append(f"\n## {point}\n\n| scenario | | mutants |\n|---|---|---|")
        for identity in sorted(rows, key=_order):
            name = re.sub(r"([|<>*_])", r"\\\1", names[identity])
            parts.append(f"| `@{identity}` | {name} | {', '.join(f'`{one}`' for one in sorted(rows[identity]))} |")
    return "\n".join([*parts, ""])


def mutants_by_tag(mutants: Iterable[Mutant]) -> dict[str, set[str]]:
    """The names of mutants, by the tags of the scenarios that find them."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in mutants:
        for tag in one.scenarios:
            found[tag].add(one.name)
    return found


def _order(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text) if part]
