"""``EC_ORACLE=/path/to/ec python -m benchmarks [rounds]``: what `ec-ref` costs, beside another validator in one run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.comparison import Case, print_head, print_rows, validate
from ec_acceptance.testbed.scenario.services import Options, Services
from ec_acceptance.testbed.scenario.world import World

_ROOT = Path(__file__).parents[1]
_ROUNDS = 7


def main(rounds: int) -> None:
    """Measure all cases and print a table."""
    services = Services.start(Options(registry="embedded"), _ROOT / "features")
    try:
        print_head(rounds)
        for scene in (_version, _one_image, _five_bundles):
            world = World(services, f"bench-{scene.__name__.strip('_')}", services.snapshots.feature("bench"), "bench")
            try:
                for case in scene(world):
                    print_rows(case, world, rounds)
            finally:
                world.close()
    finally:
        services.close()


def _version(world: World) -> list[Case]:
    return [Case("version", ["version"], world.runs.environment_variables())]


def _one_image(world: World) -> list[Case]:
    world.fixtures.add_key("known")
    world.fixtures.add_image("bench/image")
    world.fixtures.sign_all("known")
    world.policies.add_repository("policy", {"main.rego": "happy_day.rego"})
    arguments = ["--image", world.text("${REGISTRY}/bench/image")]
    return [Case("one image", validate(world, arguments, "policy.git"), world.runs.environment_variables())]


def _five_bundles(world: World) -> list[Case]:
    world.fixtures.add_key("known")
    world.fixtures.add_bundles("bench/bundle-1", 5, 4 << 20)
    world.fixtures.sign_all("known")
    world.policies.add_repository("policy", {"main.rego": "manifest_files_input.rego"})
    arguments = validate(world, ["--json-input", world.fixtures.snapshot()], "policy.git")
    cold = Case("five bundles, cold", arguments, world.runs.environment_variables(), cold=True)
    return [cold, replace(cold, name="five bundles, warm", cold=False)]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS)
