"""Cases, measured with several validators that take turns, as the rows of a table."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Cost, measure, median_cost
from ec_acceptance.testbed.validator.process import Validator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.scenario.world import World

__all__ = ["Case", "print_head", "print_rows", "validate", "validators"]

_OTHERS = {"before": "EC_BEFORE", "oracle": "EC_ORACLE"}


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure: arguments and environment; `cold` empties the caches before each run."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    cold: bool = False


def validators() -> dict[str, Validator]:
    """The validators by name: ours, and those that variables name: an older `ec-ref`, and `ec`."""
    named = {name: os.environ.get(variable, "") for name, variable in _OTHERS.items()}
    return {"ec-ref": Validator()} | {name: Validator(command) for name, command in named.items() if command}


def validate(world: World, images: Sequence[str], repository: str, include: Sequence[str] = ()) -> list[str]:
    """The arguments of a validation with a policy from a git repository, by the key `known`."""
    source: dict[str, Any] = {"policy": [world.text(f"git::https://${{GITHOST}}/git/{repository}")]}
    if include:
        source["config"] = {"include": list(include)}
    policy = json.dumps({"sources": [source]})
    key, log = world.text("${known_PUBLIC_KEY}"), world.text("${REKOR}")
    return [
        *("validate", "image", *images, "--policy", policy, "--public-key", key, "--rekor-url", log),
        *("--output", "json"),
    ]


def print_head(rounds: int) -> None:
    """What the table is about, and its head."""
    print(f"medians of {rounds} rounds; memory is the largest sum of PSS over the process tree")
    print("the last three columns: ec-ref divided by the one in this row\n")
    print("| case | | wall s | CPU s | memory MB | wall | CPU | memory |")
    print("|---|---|---|---|---|---|---|---|")


def print_rows(case: Case, world: World, rounds: int) -> None:
    """Measure a case, and print a row for each validator, with the ratios of ours to the others."""
    costs = _measure(case, world, rounds)
    ours = costs["ec-ref"]
    for name, base in costs.items():
        ratios = " | | "
        if base is not ours:
            ratios = f"{ours.wall / base.wall:.2f} | {ours.cpu / base.cpu:.2f} | {ours.memory / base.memory:.2f}"
        memory = base.memory / 1e6
        print(f"| {case.name} | {name} | {base.wall:.3f} | {base.cpu:.3f} | {memory:.0f} | {ratios} |", flush=True)


def _measure(case: Case, world: World, rounds: int) -> dict[str, Cost]:
    compared = validators()
    costs: dict[str, list[Cost]] = {name: [] for name in compared}
    for _ in range(rounds + 1):
        for name, validator in compared.items():  # alternating, so that a busy machine is busy for both
            home = world.folders.root / f"home-{name}"
            if case.cold:
                shutil.rmtree(home / ".cache", ignore_errors=True)
            environment = {"PATH": os.environ["PATH"], **case.environment, "HOME": str(home)}
            cost = measure([*validator.command, *case.arguments], environment, world.folders.work)
            if cost.status != 0:
                raise RuntimeError(f"{name}: {case.name}: exit status {cost.status}: {cost.stdout[:500]!r}")
            costs[name].append(cost)
        reports = [_report(found[-1].stdout) for found in costs.values()] if "validate" in case.arguments else []
        if any(report != reports[0] for report in reports):
            raise RuntimeError(f"{case.name}: the reports differ, so the costs say nothing")
    return {name: median_cost(found[1:]) for name, found in costs.items()}  # the first round warms the machine's caches


def _report(output: bytes) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(output)
    del report["ec-version"], report["effective-time"]
    return report
