"""``EC_ORACLE=/path/to/ec python -m benchmarks [rounds]``: what `ec-ref` costs, beside another validator in one run."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Cost, measured, typical
from ec_acceptance.testbed.services import Options, Services
from ec_acceptance.testbed.validator import Validator
from ec_acceptance.testbed.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ROOT = Path(__file__).parents[1]
_ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure: arguments and environment; `cold` empties the caches before each run."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    cold: bool = False


def main(rounds: int) -> None:
    """Measure all cases and print a table."""
    oracle = os.environ.get("EC_ORACLE")
    validators = {"ec-ref": Validator()} | ({"oracle": Validator(oracle)} if oracle else {})
    services = Services.start(Options(registry="embedded"), _ROOT / "features")
    try:
        print(f"medians of {rounds} rounds; memory is the largest sum of PSS over the process tree\n")
        print("| case | | wall s | CPU s | memory MB | wall | CPU | memory |")
        print("|---|---|---|---|---|---|---|---|")
        for scene in (_version, _one_image, _five_bundles):
            world = World(services, f"bench-{scene.__name__.strip('_')}", services.snapshots.feature("bench"), "bench")
            try:
                for case in scene(world):
                    _print(case, _measured(case, validators, world, rounds))
            finally:
                world.close()
    finally:
        services.close()


def _measured(case: Case, validators: Mapping[str, Validator], world: World, rounds: int) -> dict[str, Cost]:
    costs: dict[str, list[Cost]] = {name: [] for name in validators}
    for round_ in range(rounds + 1):
        for name, validator in validators.items():  # alternating, so that a busy machine is busy for both
            home = world.folder / f"home-{name}"
            if case.cold:
                shutil.rmtree(home / ".cache", ignore_errors=True)
            environment = {"PATH": os.environ["PATH"], **case.environment, "HOME": str(home)}
            cost = measured([*validator.command, *case.arguments], environment, world.work)
            if cost.status != 0:
                raise RuntimeError(f"{name}: {case.name}: exit status {cost.status}: {cost.stdout[:500]!r}")
            if round_:  # the first round warms the machine's caches
                costs[name].append(cost)
    return {name: typical(found) for name, found in costs.items()}


def _print(case: Case, costs: Mapping[str, Cost]) -> None:
    base = costs.get("oracle")
    for name, cost in costs.items():
        ratios = " | | "
        if base is not None and name != "oracle":
            ratios = f"{cost.wall / base.wall:.2f} | {cost.cpu / base.cpu:.2f} | {cost.memory / base.memory:.2f}"
        memory = cost.memory / 1e6
        print(f"| {case.name} | {name} | {cost.wall:.3f} | {cost.cpu:.3f} | {memory:.0f} | {ratios} |", flush=True)


def _version(world: World) -> list[Case]:
    return [Case("version", ["version"], world.variables_for_programs())]


def _one_image(world: World) -> list[Case]:
    world.stock.add_key("known")
    world.stock.add_image("bench/image")
    world.stock.sign_all("known")
    world.add_policies("policy", {"main.rego": "happy_day.rego"})
    arguments = ["--image", world.text("${REGISTRY}/bench/image")]
    return [Case("one image", _validate(world, arguments, "policy.git"), world.variables_for_programs())]


def _five_bundles(world: World) -> list[Case]:
    world.stock.add_key("known")
    world.stock.add_bundles("bench/bundle-1", 5, 4 << 20)
    world.stock.sign_all("known")
    world.add_policies("policy", {"main.rego": "manifest_files_input.rego"})
    arguments = _validate(world, ["--json-input", world.stock.snapshot()], "policy.git")
    cold = Case("five bundles, cold", arguments, world.variables_for_programs(), cold=True)
    return [cold, replace(cold, name="five bundles, warm", cold=False)]


def _validate(world: World, images: Sequence[str], repository: str) -> list[str]:
    text: Callable[[str], str] = world.text
    policy = text(f'{{"sources": [{{"policy": ["git::https://${{GITHOST}}/git/{repository}"]}}]}}')
    key, log = text("${known_PUBLIC_KEY}"), text("${REKOR}")
    return [
        *("validate", "image", *images, "--policy", policy, "--public-key", key, "--rekor-url", log),
        *("--output", "json"),
    ]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS)
